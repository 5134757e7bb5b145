"""What must hold of every conversation, whatever Sitecore answers and whenever we restart."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.commerce.events import BrowserId, Payment
from pipeline.sitecore import digest
from pipeline.sitecore.delivery import finish
from pipeline.sitecore.next_step import Finished, SetAside
from pipeline.sitecore.outcome import (
    Delivered,
    Issued,
    Outcome,
    Refused,
    Retry,
    SetUp,
    Throttle,
    Unknown,
    UnknownBrowser,
)
from pipeline.sitecore.owed import Owed, OwedOrder
from pipeline.sitecore.point_of_sale import Protocol
from pipeline.sitecore.request import CreateBrowser, Request, SendEvent
from tests.unit.sitecore.samples import APP, BROWSER, JEANS, SHOES, Owes, context, policy, shop
from tests.unit.sitecore.second_opinion import MARGIN_S, TIMEOUT_S, Sitecore
from tests.unit.sitecore.talk import Answerer, Talk

TRIES = 4

FLIGHT = replace(JEANS, type="FLIGHT", attributes={"origin": "DUB", "destination": "LHR"})
lines = st.lists(
    st.sampled_from([SHOES, JEANS, replace(SHOES, quantity=2), FLIGHT]),
    max_size=3,
).map(tuple)
places = st.sampled_from([context(), context(APP), context(BROWSER, "MOBILE_APP"), context(None)])
kinds = st.sampled_from(["cart", "cart", "order", "order", "payment", "identity", "view"])
payments = st.sampled_from([None, Payment("Card", "Visa"), Payment("Card"), Payment("PayPal")])
order_ids = st.sampled_from(["1", "2"])
pauses = st.sampled_from([0.0, 0.0, 5.0, 89.0, 90.0, 95.0, 150.0, 250.0])


@dataclass(frozen=True)
class Told:
    """Something owed, and how long after the one before it."""

    owed: Owed
    pause_s: float


@st.composite
def stories(draw: st.DrawFn) -> list[Told]:
    """What one guest is owed, in order."""
    told, owes = [], Owes()
    for _ in range(draw(st.integers(1, 6))):
        owes._where = draw(places)
        told.append(Told(_owed(draw, owes), draw(pauses)))
    return told


def _owed(draw: st.DrawFn, owes: Owes) -> Owed:
    match draw(kinds):
        case "cart":
            return owes.cart(*draw(lines))
        case "order":
            order = owes.order(*draw(lines), order_id=draw(order_ids), payment=draw(payments))
            extra = draw(st.sampled_from([{}, {}, {"gift": True}]))
            return replace(order, attributes=extra)
        case "payment":
            return owes.payment(order_id=draw(order_ids))
        case "identity":
            return owes.identity()
        case _:
            return owes.behaviour()


event_outcomes: st.SearchStrategy[Outcome] = st.sampled_from(
    [
        *[Delivered()] * 8,
        Delivered(unconfirmed=True),
        Retry("connect"),
        Retry("http_502", possible_repeat=True),
        Unknown("timeout"),
        Throttle(1.0),
        Throttle(1.0, 503),
        SetUp("http_401"),
        Refused("HTTP 400"),
        UnknownBrowser(),
    ]
)
SILENT = st.sampled_from([Unknown("timeout"), Retry("http_502", possible_repeat=True)])


def answers(outcomes: Sequence[Outcome], default: Outcome | None = None) -> Answerer:
    """Answer by a script, then by a default; browser ids are issued one after the other."""
    script: Iterator[Outcome] = iter(outcomes)
    count = [0]

    def answer(request: Request) -> Outcome:
        outcome = next(script, default or Delivered())
        if not isinstance(request, CreateBrowser):
            return outcome
        if isinstance(outcome, Retry | Unknown | Throttle | SetUp):
            return outcome
        count[0] += 1
        return Issued(BrowserId(f"issued-{count[0]}"), "")

    return answer


def rules_of(protocol: Protocol) -> Any:
    where = shop(protocol=protocol, session_timeout_s=TIMEOUT_S, session_margin_s=MARGIN_S)
    return policy(where, tries_max=TRIES, give_up_after_s=20.0, backoff_first_s=8.0)


def converse(told: list[Told], answer: Answerer, talk: Talk) -> list[Finished | SetAside]:
    ends = []
    for offset, one in enumerate(told):
        talk.pass_s(one.pause_s)
        owed = replace(one.owed, occurred_at=talk.now)
        if isinstance(owed, OwedOrder):
            owed = replace(owed, ordered_at=talk.now)
        ends.append(talk.tell(owed, answer))
        talk.delivery = finish(talk.delivery, offset, "topic")
    return ends


given_world = given(
    stories(), st.lists(event_outcomes, max_size=60), st.sampled_from(list(Protocol))
)


@given_world
@settings(max_examples=300, deadline=None)
def test_a_restart_after_every_answer_changes_nothing(
    told: list[Told], outcomes: list[Outcome], protocol: Protocol
) -> None:
    """Everything follows from what was accepted; there is no other memory."""
    kept, reborn = Talk(rules_of(protocol)), Talk(rules_of(protocol), restarts=True)

    ends = converse(told, answers(outcomes), kept)
    again = converse(told, answers(outcomes), reborn)

    assert reborn.requests == kept.requests
    assert again == ends
    assert reborn.letters == kept.letters


@given_world
@settings(max_examples=500, deadline=None)
def test_every_conversation_ends(
    told: list[Told], outcomes: list[Outcome], protocol: Protocol
) -> None:
    """In delivery, or set aside; never in a circle."""
    talk = Talk(rules_of(protocol))

    ends = converse(told, answers(outcomes), talk)

    assert len(ends) == len(told)
    assert talk.delivery.head is None
    assert talk.delivery.finished == len(told)


@given(stories(), st.sampled_from(list(Protocol)), SILENT, st.floats(0.05, 0.99))
@settings(max_examples=100, deadline=None)
def test_a_destination_that_stays_silent_is_given_up(
    told: list[Told], protocol: Protocol, outcome: Outcome, jitter: float
) -> None:
    """Within a bound of tries: a time spent waiting, and a number of them."""
    talk = Talk(rules_of(protocol), jitter=jitter)

    converse(told, answers([], outcome), talk)

    longest = max(TRIES, int(20.0 / (jitter * 8.0)) + 2)
    assert len(talk.requests) <= longest * len(told)


@given_world
@settings(max_examples=500, deadline=None)
def test_an_accepted_order_is_never_sent_again(
    told: list[Told], outcomes: list[Outcome], protocol: Protocol
) -> None:
    """Nothing documents that Sitecore would see the double."""
    talk = Talk(rules_of(protocol))

    converse(told, answers(outcomes), talk)

    accepted: set[object] = set()
    for message, outcome in events(talk):
        order_id = message.get("reference_id") or message.get("order", {}).get("referenceId")
        if order_id is not None:
            assert order_id not in accepted
            if isinstance(outcome, Delivered):
                accepted.add(order_id)


@given_world
@settings(max_examples=500, deadline=None)
def test_an_order_of_the_cart_form_consists_of_what_its_session_holds(
    told: list[Told], outcomes: list[Outcome], protocol: Protocol
) -> None:
    """CONFIRM lists all that was added since the last CLEAR_CART or CHECKOUT, in time."""
    talk = Talk(rules_of(protocol))
    sitecore = Sitecore(single=protocol is Protocol.SINGLE)

    converse(told, sitecore.watching(answers(outcomes), talk), talk)


@given_world
@settings(max_examples=300, deadline=None)
def test_what_may_be_there_is_marked_when_it_is_sent_again(
    told: list[Told], outcomes: list[Outcome], protocol: Protocol
) -> None:
    """And nothing else is."""
    talk = Talk(rules_of(protocol))

    converse(told, answers(outcomes), talk)

    doubts: set[tuple[object, ...]] = set()
    for request, outcome in zip(talk.requests, talk.outcomes, strict=True):
        if isinstance(request, SendEvent):
            if request.possible_repeat:
                assert about(request) in doubts
            if isinstance(outcome, Unknown) or getattr(outcome, "possible_repeat", False):
                doubts.add(about(request))


def about(request: SendEvent) -> tuple[object, ...]:
    """What makes two requests the same event; an order is one in any form."""
    product: Any = request.message.get("product")
    item = product.get("item_id") if isinstance(product, Mapping) else None
    closing = request.type in ("CHECKOUT", "ORDER_CHECKOUT")
    return (request.delivery_id, "order" if closing else request.type, item)


def events(talk: Talk) -> Iterator[tuple[dict[str, Any], Outcome]]:
    for request, outcome in zip(talk.requests, talk.outcomes, strict=True):
        if isinstance(request, SendEvent):
            yield dict(request.message), outcome


def test_no_two_guests_share_a_digest_of_the_same_identity() -> None:
    """Digests outlive an erasure in backups; they must not tell that two people are one."""
    who = Owes().identity().identity

    digests = {digest.of_identity(who, guest, shop()) for guest in ("a", "b")}  # type: ignore[arg-type]

    assert len(digests) == 2
