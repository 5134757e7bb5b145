"""What the sandbox answers and logs, without a network (cases 1 to 12)."""

import json
from itertools import count
from urllib.parse import quote

import msgspec
import pytest

from pipeline.record import Instant
from pipeline.sandbox import views
from pipeline.sandbox.faults import NO_FAULTS, Faults, Mishap
from pipeline.sandbox.sandbox import Ending, Handled, Sandbox
from pipeline.sandbox.settings import EXAMPLE_BROWSER_ID, SandboxSettings
from pipeline.sandbox.wire import Call
from tests.unit.sandbox.messages import (
    BASE,
    CHECKOUT,
    SETTINGS,
    VIEW,
    Message,
    add,
    confirm,
    identity,
    order_checkout,
    without,
)

START = Instant(1_756_000_000_000)


def sandbox(settings: SandboxSettings = SETTINGS, *, faults: Faults = NO_FAULTS) -> Sandbox:
    """A sandbox whose clock stands still."""
    numbers = count(1)
    return Sandbox(settings, lambda: START, faults=faults, new_ref=lambda: f"ref-{next(numbers)}")


def posted(message: object, **more: object) -> Call:
    """Send as Sitecore's library does."""
    said = {**message, "client_key": "demo", **more} if isinstance(message, dict) else message
    return Call("event/post", body=json.dumps(said).encode(), content_type="application/json")


def gotten(message: object, key: str = "demo") -> Call:
    """Send as the direct HTTP pages say."""
    said = quote(json.dumps(message, separators=(",", ":")))
    return Call("event/get", query=f"client_key={key}&message={said}")


def body_of(handled: Handled) -> Message:
    """Read the answer."""
    said = json.loads(handled.reply.body)
    assert isinstance(said, dict)
    return said


@pytest.mark.parametrize("call", [posted(VIEW), gotten(VIEW)])
def test_an_ingested_event_is_answered_201(call: Call) -> None:
    """Case 9, in both wire forms: status, version, client key and a reference."""
    handled = sandbox().handle(call)

    answer = body_of(handled)
    assert (handled.ending, handled.reply.status) == (Ending.ANSWER, 201)
    assert str(answer.pop("ref")).startswith("ref-")
    assert answer == {"status": "OK", "version": "1.2", "client_key": "demo"}


@pytest.mark.parametrize("send", [posted, gotten])
@pytest.mark.parametrize(
    ("message", "status"),
    [
        (without(VIEW, "browser_id"), 400),
        ({**VIEW, "browser_id": ""}, 400),
        ({**VIEW, "browser_id": 7}, 400),
        (without(VIEW, "type"), 400),
        ({**VIEW, "type": ["VIEW"]}, 400),
        ([VIEW, VIEW], 400),
        ("VIEW", 400),
        ({**VIEW, "browser_id": "11111111-1111-4111-8111-111111111111"}, 404),
        ({**VIEW, "pos": "atlantis"}, 201),
        (without(VIEW, "currency"), 201),
    ],
)
def test_the_wire_tells_only_what_is_documented(send: object, message: object, status: int) -> None:
    """Cases 5 to 8 and 11: all other mistakes are accepted with 201."""
    assert callable(send)
    assert sandbox().handle(send(message)).reply.status == status


@pytest.mark.parametrize(
    "call",
    [
        posted(VIEW, client_key="other"),
        posted(VIEW, client_key=None),
        posted(VIEW, client_key=["demo"]),
        gotten(VIEW, "other"),
        Call("event/get", query="message=%7B%7D"),
        Call("browser/create", query="client_key=other&message={}"),
        Call("browser/show", browser_id=EXAMPLE_BROWSER_ID, query="client_key=other"),
    ],
)
def test_a_wrong_client_key_is_answered_401(call: Call) -> None:
    """Case 4."""
    assert sandbox().handle(call).reply.status == 401


@pytest.mark.parametrize(
    "call",
    [
        Call("event/post", body=b"{", content_type="application/json"),
        Call("event/post", body=b"\xff", content_type="application/json"),
        Call("event/post", body=b"[" * 100_000, content_type="application/json"),
        Call("event/post", body=b'{"client_key":"demo"}', content_type="text/plain"),
        Call("event/get", query="client_key=demo&message=%7"),
        Call("event/get", query="client_key=demo&message=%zz"),
        Call("event/get", query="client_key=demo&message=%ff%fe"),
        Call("event/get", query="client_key=demo&message={}&message={}"),
        Call("event/get", query="client_key=demo"),
        Call("browser/create", query="client_key=demo"),
        Call("browser/create", query="client_key=demo&message=[]"),
    ],
)
def test_what_cannot_be_read_is_answered_400(call: Call) -> None:
    """Not documented; nothing of it can be taken."""
    handled = sandbox().handle(call)

    assert handled.reply.status == 400
    assert body_of(handled)["status"] == 400


def test_a_browser_id_is_issued_with_its_guest() -> None:
    """Case 3: the SDK leaves the braces unencoded, and the new id is good for events."""
    box = sandbox()

    answer = body_of(box.handle(Call("browser/create", query="client_key=demo&message={}")))

    assert set(answer) == {"status", "version", "client_key", "ref", "customer_ref"}
    assert box.handle(posted({**VIEW, "browser_id": answer["ref"]})).reply.status == 201


def test_a_browser_id_tells_its_guest() -> None:
    """The library passes the client key twice, and reads the guest's reference."""
    query = "client_key=demo&api_token=demo"
    known = sandbox().handle(Call("browser/show", browser_id=EXAMPLE_BROWSER_ID, query=query))
    unknown = sandbox().handle(Call("browser/show", browser_id="nobody", query=query))

    assert (known.reply.status, body_of(known)["customer"]) == (200, {"ref": "ref-1"})
    assert unknown.reply.status == 404
    assert {"error_msg", "moreInfo"} <= body_of(unknown).keys()


def test_an_encoded_blank_and_a_plus_are_blanks() -> None:
    """A client that forgets to encode a plus sign is found out."""
    box = sandbox()
    box.handle(Call("event/get", query="client_key=demo&message=%7B%22a%22%3A+%22b%20c%2B%22%7D"))

    assert box.log.newest[0].text == '{"a": "b c+"}'


def test_the_log_keeps_arrival_order_and_what_was_said() -> None:
    """Tests of ordering and of repeats read it."""
    box = sandbox()
    box.handle(posted(identity()))
    box.handle(posted(order_checkout())._replace(delivery_id="d-1", possible_repeat=True))
    box.handle(gotten({**VIEW, "pos": "atlantis"}))

    shown = views.requests(box, after=1, limit=10, texts=True)

    requests = shown["requests"]
    assert isinstance(requests, list)
    first, second = requests
    assert (first["seq"], first["type"], first["reference"]) == (2, "ORDER_CHECKOUT", "123456")
    assert (first["delivery_id"], first["possible_repeat"]) == ("d-1", True)
    assert (first["status"], first["taken"], first["reason"]) == (201, True, None)
    assert json.loads(first["text"])["order"]["price"] == 200
    assert (second["endpoint"], second["reason"]) == ("event/get", "unknown_point_of_sale")
    assert (second["field"], second["found"]) == ("pos", "atlantis")


def test_the_log_forgets_the_oldest() -> None:
    """Memory is bounded by number and by bytes; counts go on."""
    few = sandbox(SandboxSettings(requests_kept=2))
    small = sandbox(SandboxSettings(request_bytes_kept=400))
    for box in (few, small):
        for _ in range(5):
            box.handle(posted(VIEW))

    assert [entry.seq for entry in few.log.newest] == [4, 5]
    assert 0 < sum(len(entry.text) for entry in small.log.newest) <= 400
    assert (few.log.total, small.log.total) == (5, 5)


def test_invented_types_do_not_fill_the_memory() -> None:
    """Whoever sends them chooses the names."""
    box = sandbox()
    for number in range(300):
        box.handle(posted({**VIEW, "type": f"INVENTED_{number}"}))

    assert len(box.log.answers) == 201


def test_a_guest_is_shown_with_everything() -> None:
    """Carts, orders, and what was accepted and will never be seen."""
    box = sandbox()
    for message in (identity(), add("A"), confirm("A"), CHECKOUT, add("B"), confirm("C")):
        box.handle(posted(message))

    shown = views.guest(box, EXAMPLE_BROWSER_ID)

    assert shown is not None
    plain = json.loads(msgspec.json.Encoder(decimal_format="number").encode(shown))
    assert plain["type"] == "customer"
    assert plain["identifiers"] == [{"provider": "CRM", "id": "B7524AE6"}]
    assert [line["item_id"] for line in plain["sessions"][0]["lines"]] == ["B"]
    assert [order["reference_id"] for order in plain["orders"]] == ["MA-490094"]
    assert [one["reason"] for one in plain["unseen"]] == ["confirm_without_add"]
    assert plain["assumptions"]
    assert views.guest(box, "nobody") is None


def test_the_summary_counts_everything() -> None:
    """The demo's table rests on it."""
    box = sandbox()
    for message in (identity(), order_checkout(), order_checkout(), add(), VIEW):
        box.handle(posted(message))
    box.handle(posted({**VIEW, "browser_id": "nobody"}))
    box.handle(posted(confirm("HAT")))
    box.advance(1200)

    shown = views.summary(box)

    assert shown["requests"] == 7
    assert shown["answers"] == {"201": 6, "404": 1}
    assert shown["by_type"]["VIEW"] == {"201": 1, "404": 1}  # type: ignore[index]
    assert shown["unseen"] == {"confirm_without_add": 1}
    assert shown["orders"] == {
        "total": 2, "cart": 0, "single": 2, "duplicates": 1, "flagged": 0,
    }  # fmt: skip
    assert (shown["guests"], shown["customers"]) == (2, 1)


def test_an_abandoned_cart_is_counted_with_its_revenue() -> None:
    """Time passes by the sandbox's clock; nobody waits twenty minutes in a test."""
    box = sandbox()
    box.handle(posted(add()))
    box.advance(1200)

    abandoned = views.summary(box)["abandoned_carts"]

    assert msgspec.json.encode(abandoned) == b'{"total":1,"revenue":"23.97"}'


def test_the_clock_goes_forward_only() -> None:
    """A session cannot be reopened."""
    box = sandbox()
    for by_s in (-1.0, 1e12):
        with pytest.raises(ValueError, match="forward"):
            box.advance(by_s)


@pytest.mark.parametrize(
    ("faults", "ending", "status", "taken"),
    [
        (Faults(fail_before=1), Ending.ANSWER, 502, False),
        (Faults(fail_after=1, fail_status=503), Ending.ANSWER, 503, True),
        (Faults(cut=1), Ending.ABORT, None, True),
        (Faults(hang=1), Ending.HANG, None, False),
        (Faults(unauthorized_for_s=5), Ending.ANSWER, 401, False),
    ],
)
def test_a_mishap_decides_answer_and_taking(
    faults: Faults, ending: Ending, status: int | None, *, taken: bool
) -> None:
    """Whether it was taken is what no sender can know; the log does."""
    box = sandbox(faults=faults)
    box.handle(posted(VIEW))

    handled = box.handle(posted(order_checkout()))

    entry = box.log.newest[-1]
    assert handled.ending is ending
    assert (entry.status, entry.taken, entry.type) == (status, taken, "ORDER_CHECKOUT")
    assert entry.reference == "123456"


def test_forced_401_ends() -> None:
    """A key that was wrong for a while is right again."""
    box = sandbox(faults=Faults(unauthorized_for_s=5))
    before = box.handle(posted(VIEW)).reply.status
    box.advance(5)

    assert (before, box.handle(posted(VIEW)).reply.status) == (401, 201)


def test_a_limit_throttles_what_is_above_it() -> None:
    """A bucket of one second's worth; Retry-After says when to come again."""
    box = sandbox(faults=Faults(limit_per_s=2, retry_after_s=3))
    replies = [box.handle(posted(VIEW)).reply for _ in range(3)]
    box.advance(0.5)
    later = [box.handle(posted(VIEW)).reply.status for _ in range(2)]

    assert [reply.status for reply in replies] == [201, 201, 429]
    assert [reply.retry_after_s for reply in replies] == [None, None, 3]
    assert later == [201, 429]


def test_a_refused_item_type_is_answered_400() -> None:
    """An injected refusal, as ADD and inside an order; others pass."""
    box = sandbox(faults=Faults(refuse_item_types=("GIFT_CARD",)))
    box.handle(posted(identity()))
    order = order_checkout({"type": "GIFT_CARD"})
    calls = [add(type="GIFT_CARD"), order, add(type="SHIRT"), {**BASE, "type": "CONFIRM"}]

    assert [box.handle(posted(call)).reply.status for call in calls] == [400, 400, 201, 201]
    assert len(box.tenant.orders) == 0


def test_faults_repeat_with_their_seed() -> None:
    """A failure that chance brought can be brought again."""
    faults = Faults(fail_before=0.2, fail_after=0.2, cut=0.2, latency_ms=10, jitter_ms=20)
    runs = []
    for _ in range(2):
        box = sandbox(faults=faults)
        handled = [box.handle(posted(VIEW)) for _ in range(200)]
        runs.append([(one.ending, one.reply.status, one.delay_s) for one in handled])

    assert runs[0] == runs[1]
    assert {entry.mishap for entry in box.log.newest} == {
        Mishap.NONE, Mishap.FAIL_BEFORE, Mishap.FAIL_AFTER, Mishap.CUT,
    }  # fmt: skip
    assert all(0 <= delay_s <= 0.03 for _, _, delay_s in runs[0])
