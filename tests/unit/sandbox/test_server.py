"""The sandbox over a real loopback connection: both wire forms, each fault, hostile input."""

import json
import socket
import time
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException
from typing import NamedTuple
from urllib.parse import quote

import pytest

from pipeline.sandbox.faults import NO_FAULTS, Faults
from pipeline.sandbox.running import RunningSandbox
from pipeline.sandbox.settings import EXAMPLE_BROWSER_ID, SandboxSettings
from tests.unit.sandbox.messages import (
    ITEM,
    SETTINGS,
    VIEW,
    Message,
    add,
    confirm,
    identity,
    order_checkout,
)


class Got(NamedTuple):
    """An answer."""

    status: int
    headers: dict[str, str]
    json: dict[str, object]


@pytest.fixture(scope="module")
def server() -> Iterator[RunningSandbox]:
    """One server for all tests of this module; each sets its own faults."""
    with RunningSandbox(SETTINGS) as running:
        yield running


@pytest.fixture
def running(server: RunningSandbox) -> RunningSandbox:
    """The server without faults."""
    server.sandbox.set_faults(NO_FAULTS)
    return server


def ask(
    running: RunningSandbox, method: str, path: str, body: bytes | None = None, **headers: str
) -> Got:
    """Send one request on a connection of its own."""
    connection = HTTPConnection("127.0.0.1", running.port, timeout=5)
    try:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, named)
        answer = connection.getresponse()
        said = answer.read()
        return Got(answer.status, dict(answer.headers), json.loads(said))
    finally:
        connection.close()


def post(running: RunningSandbox, message: Message, **headers: str) -> Got:
    """Send an event as Sitecore's library does."""
    body = json.dumps({**message, "client_key": "demo"}).encode()
    return ask(running, "POST", "/v1.2/events", body, Content_Type="application/json", **headers)


def get(running: RunningSandbox, message: Message) -> Got:
    """Send an event as the direct HTTP pages say."""
    said = quote(json.dumps(message, separators=(",", ":")))
    return ask(running, "GET", f"/v1.2/event/create.json?client_key=demo&message={said}")


def raw(running: RunningSandbox, request: bytes) -> bytes:
    """Send bytes, whatever they are, and read until the other side closes."""
    with socket.create_connection(("127.0.0.1", running.port), timeout=5) as connection:
        connection.sendall(request)
        parts = []
        while part := connection.recv(65536):
            parts.append(part)
        return b"".join(parts)


def test_both_wire_forms_take_the_same_order(running: RunningSandbox) -> None:
    """The order arrives with what was said, whichever way it came."""
    for send, reference in ((post, "POST-1"), (get, "GET-1")):
        assert send(running, identity()).status == 201
        got = send(running, order_checkout(ITEM, referenceId=reference))
        assert (got.status, got.json["status"]) == (201, "OK")

    shown = ask(running, "GET", "/sandbox/orders").json["orders"]

    assert isinstance(shown, list)
    found = {order["reference_id"]: order for order in shown}
    assert found["POST-1"]["total"] == found["GET-1"]["total"] == 200
    assert found["GET-1"]["items"][0]["product_id"] == "MOBILE_PHONE_TYPE_X"


def test_a_new_browser_id_can_be_used_and_looked_up(running: RunningSandbox) -> None:
    """The library sends the braces unencoded."""
    created = ask(running, "GET", "/v1.2/browser/create.json?client_key=demo&message={}")
    browser_id = str(created.json["ref"])

    event = post(running, {**VIEW, "browser_id": browser_id})
    path = f"/v1.2/browser/{browser_id}/show.json?client_key=demo&api_token=demo"
    shown = ask(running, "GET", path)

    assert (created.status, event.status, shown.status) == (201, 201, 200)
    assert shown.json["customer"] == {"ref": created.json["customer_ref"]}


def test_a_guest_a_log_and_a_summary_are_json(running: RunningSandbox) -> None:
    """They are the reason why the sandbox exists."""
    post(running, add("A"), X_Delivery_Id="d-7", X_Possible_Repeat="true")
    post(running, confirm("NOWHERE"))

    guest = ask(running, "GET", f"/sandbox/guests/{EXAMPLE_BROWSER_ID}")
    unseen = ask(running, "GET", "/sandbox/unseen")
    log = ask(running, "GET", "/sandbox/requests?texts=1").json["requests"]
    summary = ask(running, "GET", "/sandbox/summary")

    assert guest.json["guest"]
    assert "confirm_without_add" in json.dumps(unseen.json)
    assert isinstance(log, list)
    assert (log[-2]["delivery_id"], log[-2]["possible_repeat"]) == ("d-7", True)
    assert json.loads(log[-1]["text"])["type"] == "CONFIRM"
    assert summary.json["requests"] == running.sandbox.log.total
    assert ask(running, "GET", "/sandbox/guests/nobody").status == 404


def test_faults_and_clock_change_while_it_runs(running: RunningSandbox) -> None:
    """A test or a person switches them without a restart."""
    faults = ask(running, "POST", "/sandbox/faults", b'{"fail_before": 1}')
    failed = post(running, VIEW)
    wrong = ask(running, "POST", "/sandbox/faults", b'{"fail_befor": 1}')
    clock = ask(running, "POST", "/sandbox/clock", b'{"advance_s": 0.5}')

    assert (faults.status, failed.status, wrong.status, clock.status) == (200, 502, 400, 200)
    assert "fail_befor" in str(wrong.json["message"])
    for body in (b"", b"{}", b'{"advance_s": -1}', b'{"advance_s": 1e12}', b"[" * 100_000):
        assert ask(running, "POST", "/sandbox/clock", body).status == 400
        assert ask(running, "POST", "/sandbox/faults", body or b"{").status in {200, 400}


def test_a_throttled_request_is_told_when_to_come_again(running: RunningSandbox) -> None:
    """Retry-After is a header in whole seconds."""
    running.sandbox.set_faults(Faults(limit_per_s=1, retry_after_s=7))

    statuses = [post(running, VIEW) for _ in range(2)]

    assert [got.status for got in statuses] == [201, 429]
    assert statuses[1].headers["Retry-After"] == "7"


def test_a_cut_answer_never_comes_although_the_event_was_taken(running: RunningSandbox) -> None:
    """The sender sees a closed connection and cannot know."""
    running.sandbox.set_faults(Faults(cut=1))

    with pytest.raises((HTTPException, ConnectionError)):
        post(running, identity())

    entry = running.sandbox.log.newest[-1]
    assert (entry.taken, entry.status) == (True, None)


def test_a_hanging_request_ends_without_an_answer(running: RunningSandbox) -> None:
    """Its connection closes in the end; nothing was taken."""
    running.sandbox.set_faults(Faults(hang=1, hang_s=0.05))

    with pytest.raises((HTTPException, ConnectionError)):
        post(running, VIEW)

    assert running.sandbox.log.newest[-1].taken is False


def test_a_slow_answer_comes_after_the_event_was_taken(running: RunningSandbox) -> None:
    """Arrival order is the order of taking, however long answers take."""
    running.sandbox.set_faults(Faults(latency_ms=100))
    began = time.monotonic()

    assert post(running, VIEW).status == 201

    assert time.monotonic() - began >= 0.1


def test_closing_cuts_what_hangs() -> None:
    """A test or the demo ends in time, whatever is under way."""
    running = RunningSandbox(faults=Faults(hang=1, hang_s=600))
    with socket.create_connection(("127.0.0.1", running.port), timeout=10) as connection:
        connection.sendall(b"GET /v1.2/browser/create.json HTTP/1.1\r\nHost: x\r\n\r\n")
        while not running.sandbox.log.total:
            time.sleep(0.001)
        began = time.monotonic()

        running.close()

        assert time.monotonic() - began < 10
        assert connection.recv(1) == b""


def test_a_taken_port_is_an_error_that_leaves_nothing_behind(running: RunningSandbox) -> None:
    """The thread and its loop are gone again."""
    with pytest.raises(OSError, match="in use"):
        RunningSandbox(port=running.port)


def test_a_body_above_the_sandbox_s_own_limit_is_refused() -> None:
    """Memory is protected; a limit of the Stream API is not documented."""
    with RunningSandbox(SandboxSettings(body_bytes_max=1000)) as small:
        got = raw(
            small,
            b"POST /v1.2/events HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n"
            b"Connection: close\r\n\r\n" + b"x" * 5000,
        )
        assert got.startswith(b"HTTP/1.1 413")
        assert post(small, VIEW).status == 201


def test_an_order_of_many_lines_fits_into_the_direct_form(running: RunningSandbox) -> None:
    """The real limit of an address is not documented; the sandbox's is far away."""
    get(running, identity())

    assert get(running, order_checkout(*[ITEM] * 100, referenceId="BIG")).status == 201


@pytest.mark.parametrize(
    "request_line",
    [
        b"GET /v1.2/event/create.json?client_key=demo&message=%ff HTTP/1.1",
        b"GET /v1.2/event/create.json?client_key=demo&message=%7 HTTP/1.1",
        b"GET /v1.2/event/create.json?&&&=&=%00 HTTP/1.1",
        b"GET /v1.2/event/create.json?client_key=demo&message=\xff\xfe HTTP/1.1",
        b"GET /v1.2/browser/%ff%fe/show.json?client_key=demo HTTP/1.1",
        b"GET /v1.2/browser/%00/show.json?client_key=demo HTTP/1.1",
        b"GET /v1.2/browser/..%2f..%2f/show.json?client_key=demo HTTP/1.1",
        b"HEAD /v1.2/event/create.json HTTP/1.1",
        b"DELETE /v1.2/events HTTP/1.1",
        b"POST //v1.2/events HTTP/1.1",
        b"GET / HTTP/1.1",
        b"GET /sandbox/requests?after=x HTTP/1.1",
        b"GET /sandbox/requests?limit=-5 HTTP/1.1",
        b"GET /sandbox/guests/%ff HTTP/1.1",
        b"NONSENSE",
        b"GET http://[ HTTP/1.1",
    ],
)
def test_hostile_requests_get_no_server_error(running: RunningSandbox, request_line: bytes) -> None:
    """The sandbox's own errors would be mistaken for Sitecore's."""
    headers = b"\r\nHost: x\r\nX-Delivery-Id: \xff\xfe\r\nConnection: close\r\n\r\n"
    answer = raw(running, request_line + headers)

    assert answer.startswith(b"HTTP/1.")
    assert not answer.split(b" ")[1].startswith(b"5")
    assert ask(running, "GET", "/sandbox/requests").status == 200


def test_an_address_with_two_slashes_is_not_found(running: RunningSandbox) -> None:
    """That is what a base address with a trailing slash leads to (case 10)."""
    got = ask(running, "POST", "//v1.2/events", b"{}")

    assert got.status == 404
    assert "endpoints" in got.json
