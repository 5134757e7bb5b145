"""What silence and errors make of a message."""

from dataclasses import replace

import pytest

from pipeline.record import later
from pipeline.sitecore.next_step import Finished, Wait, next_step
from pipeline.sitecore.outcome import (
    Delivered,
    Outcome,
    Retry,
    SetUp,
    Throttle,
    UnknownBrowser,
)
from pipeline.sitecore.point_of_sale import Protocol
from pipeline.sitecore.request import Request
from tests.unit.sitecore.samples import (
    JEANS,
    SHOES,
    Owes,
    policy,
    policy_of,
    shop,
)
from tests.unit.sitecore.talk import BAD, GATEWAY, SILENCE, Talk, accept, first, refusing, rule


def test_an_unanswered_message_is_sent_again_with_a_mark() -> None:
    """Sitecore may have it."""
    talk = Talk(policy_of(Protocol.SINGLE))

    talk.tell(Owes().order(SHOES), first("ORDER_CHECKOUT", SILENCE))

    assert talk.types == ["IDENTITY", "ORDER_CHECKOUT", "ORDER_CHECKOUT"]
    assert talk.marked == ["ORDER_CHECKOUT"]


def test_case_099_a_gateways_error_marks_the_next_try() -> None:
    """It proves nothing about what stands behind it."""
    talk = Talk(policy_of(Protocol.MULTIPLE))

    talk.tell(Owes().cart(SHOES, JEANS), first("ADD", GATEWAY))

    assert talk.types == ["ADD", "ADD", "ADD"]
    assert talk.marked == ["ADD"]


@pytest.mark.parametrize("outcome", [Retry("connect"), Retry("http_408"), Throttle(1.0)])
def test_what_did_not_arrive_is_repeated_without_a_mark(outcome: Outcome) -> None:
    """A mark is for what may be there twice."""
    talk = Talk(policy_of(Protocol.SINGLE))

    talk.tell(Owes().order(SHOES), first("ORDER_CHECKOUT", outcome))

    assert talk.types == ["IDENTITY", "ORDER_CHECKOUT", "ORDER_CHECKOUT"]
    assert talk.marked == []


def test_a_throttling_gateway_leaves_a_mark() -> None:
    """A 503 with Retry-After is a gateway's answer like any other."""
    talk = Talk(policy_of(Protocol.SINGLE))

    talk.tell(Owes().order(SHOES), first("ORDER_CHECKOUT", Throttle(1.0, 503)))

    assert talk.marked == ["ORDER_CHECKOUT"]


def test_after_three_silences_the_record_may_have_arrived() -> None:
    """It is set aside as such, for a person to look whether it did."""
    talk = Talk(policy_of(Protocol.SINGLE))

    end = talk.tell(Owes().order(SHOES), refusing("ORDER_CHECKOUT", SILENCE))

    assert talk.types == ["IDENTITY", *["ORDER_CHECKOUT"] * 3]
    assert rule(end) == "may_have_arrived"


def test_silences_of_different_messages_do_not_add_up() -> None:
    """Each is one request whose answer never came."""
    talk = Talk(policy(shop(protocol=Protocol.MULTIPLE), unknown_tries_max=2))
    seen: set[str] = set()

    def once_silent(request: Request) -> Outcome:
        kind = str(getattr(request, "message", {}).get("product", request.type))
        if kind in seen:
            return accept(request)
        seen.add(kind)
        return SILENCE

    end = talk.tell(Owes().order(SHOES, JEANS), once_silent)

    assert isinstance(end, Finished)


def test_an_unanswered_checkout_is_repeated_while_its_session_is_open() -> None:
    """There it means the same order."""
    talk, owes = Talk(policy_of(Protocol.AUTOMATIC)), Owes()

    talk.tell(owes.cart(SHOES))
    talk.tell(owes.order(SHOES, payment=None), first("CHECKOUT", SILENCE))

    assert talk.types == ["ADD", "IDENTITY", "CONFIRM", "CHECKOUT", "CHECKOUT"]
    assert talk.marked == ["CHECKOUT"]


@pytest.mark.parametrize(
    ("protocol", "after"),
    [
        (Protocol.MULTIPLE, ["CLEAR_CART", "ADD", "CONFIRM", "CHECKOUT"]),
        (Protocol.AUTOMATIC, ["ORDER_CHECKOUT"]),
    ],
)
def test_an_unanswered_checkout_leaves_anew_when_its_session_has_closed(
    protocol: Protocol, after: list[str]
) -> None:
    """There it would mean an order without lines; the new one is marked."""
    talk, owes = Talk(policy_of(protocol)), Owes()
    order = owes.order(SHOES, payment=None) if protocol is Protocol.MULTIPLE else owes.order(SHOES)

    talk.tell(owes.cart(SHOES))
    talk.one(order, Delivered())
    talk.one(order, Delivered())
    assert talk.one(order, SILENCE).type == "CHECKOUT"
    talk.pass_s(1170)
    talk.tell(order)

    assert talk.types == ["ADD", "IDENTITY", "CONFIRM", "CHECKOUT", *after]
    assert talk.marked == [after[-1]]


def test_an_order_that_leaves_anew_stays_under_the_same_limit_of_silences() -> None:
    """Or an order without an answer would be sent for ever."""
    talk, owes = Talk(policy_of(Protocol.MULTIPLE)), Owes()
    order = owes.order(SHOES, payment=None)

    talk.tell(owes.identity())
    for _ in range(2):
        while talk.one(order, Delivered() if pending(talk, order) else SILENCE).type != "CHECKOUT":
            pass
        talk.pass_s(1170)
    end = talk.tell(order, refusing("CHECKOUT", SILENCE))

    assert talk.types.count("CHECKOUT") == 3
    assert rule(end) == "may_have_arrived"


def pending(talk: Talk, order: object) -> bool:
    step = next_step(talk.delivery, order, talk.now, talk.rules)  # type: ignore[arg-type]
    if isinstance(step, Wait):
        step = next_step(talk.delivery, order, step.until, talk.rules)  # type: ignore[arg-type]
    return "CHECKOUT" not in str(step)


def test_after_a_given_up_checkout_the_cart_starts_from_nothing() -> None:
    """Whether the lines are still there is unknown."""
    talk, owes = Talk(policy_of(Protocol.MULTIPLE)), Owes()

    talk.tell(owes.order(SHOES), refusing("CHECKOUT", SILENCE))
    talk.tell(replace(owes.cart(SHOES), occurred_at=talk.now))

    assert talk.types[-2:] == ["CLEAR_CART", "ADD"]


def test_a_line_that_may_be_there_is_cleared_when_it_is_not_wanted() -> None:
    """An ADD that went unanswered counts as held."""
    talk, owes = Talk(policy_of(Protocol.MULTIPLE)), Owes()

    talk.tell(owes.cart(SHOES), refusing("ADD", SILENCE))
    talk.tell(owes.cart(JEANS))

    assert talk.types == ["ADD", "ADD", "ADD", "CLEAR_CART", "ADD"]


def test_a_line_that_may_be_there_is_added_again_when_it_is_wanted() -> None:
    """A repeated ADD replaces it."""
    talk, owes = Talk(policy_of(Protocol.MULTIPLE)), Owes()

    talk.tell(owes.cart(SHOES), refusing("ADD", SILENCE))
    talk.tell(owes.cart(SHOES, JEANS))

    assert talk.types == ["ADD", "ADD", "ADD", "ADD", "ADD"]


def test_giving_up_on_retries_needs_a_time_and_a_number_of_tries() -> None:
    """Either alone happens in any outage."""
    rules = policy(shop(protocol=Protocol.SINGLE), tries_max=20, give_up_after_s=3600.0)
    talk = Talk(rules)

    end = talk.tell(Owes().order(SHOES), refusing("IDENTITY", Retry("connect")))

    # 0.25 to 30 s at half jitter: 31.75 s in 7 tries, 30 s in each further.
    assert len(talk.requests) == 7 + 119
    assert rule(end) == "retries_exhausted"


def test_few_tries_do_not_give_up_whatever_time_they_took() -> None:
    """Time alone is an outage of ours."""
    rules = policy(shop(protocol=Protocol.SINGLE), tries_max=20, give_up_after_s=0.0)
    talk = Talk(rules)

    talk.tell(Owes().order(SHOES), refusing("IDENTITY", Retry("connect")))

    assert len(talk.requests) == 20


def test_what_was_answered_by_a_gateway_may_have_arrived_when_it_is_given_up() -> None:
    """A person must look before it is replayed."""
    rules = policy(shop(protocol=Protocol.SINGLE), tries_max=2, give_up_after_s=0.0)
    talk = Talk(rules)

    end = talk.tell(Owes().order(SHOES), refusing("ORDER_CHECKOUT", GATEWAY))

    assert rule(end) == "may_have_arrived"


def test_backoff_doubles_up_to_its_limit_and_starts_anew_after_an_acceptance() -> None:
    """Full jitter: the draw says which part of the longest wait is waited."""
    talk = Talk(policy(shop(protocol=Protocol.SINGLE), backoff_first_s=1.0, backoff_max_s=5.0))
    order = Owes().order(SHOES)

    waits = [backoff(talk, order, Retry("connect")) for _ in range(5)]
    backoff(talk, order, Delivered())
    waits.append(backoff(talk, order, Retry("connect")))

    assert waits == [500, 1000, 2000, 2500, 2500, 500]


def backoff(talk: Talk, order: object, outcome: Outcome) -> int:
    talk.one(order, outcome)  # type: ignore[arg-type]
    head = talk.delivery.head
    assert head is not None
    return max(0, head.not_before - talk.now)


@pytest.mark.parametrize("outcome", [SetUp("http_401"), Throttle(5.0)])
def test_time_in_holds_and_throttles_counts_for_nothing(outcome: Outcome) -> None:
    """The event is not to blame."""
    rules = policy(shop(protocol=Protocol.SINGLE), tries_max=1, give_up_after_s=0.0)
    talk = Talk(rules)
    order = Owes().order(SHOES)

    for _ in range(50):
        talk.one(order, outcome)
    end = talk.tell(order)

    assert isinstance(end, Finished)


@pytest.mark.parametrize("outcome", [GATEWAY, SILENCE, BAD, UnknownBrowser()])
def test_a_probe_counts_for_nothing(outcome: Outcome) -> None:
    """It was sent to learn whether the destination is back."""
    rules = policy(shop(protocol=Protocol.SINGLE), tries_max=1, give_up_after_s=0.0)
    talk = Talk(rules)
    order = Owes().order(SHOES)

    for _ in range(5):
        talk.one(order, outcome, excused=True)
    end = talk.tell(order)

    assert isinstance(end, Finished)
    assert talk.marked == (["IDENTITY"] * 5 if outcome in (GATEWAY, SILENCE) else [])


def test_a_backoff_is_waited_for() -> None:
    """And said as such: how many guests wait, and for what, is a metric."""
    talk = Talk(policy_of(Protocol.SINGLE))
    order = Owes().order(SHOES)

    talk.one(order, Retry("connect"))

    step = next_step(talk.delivery, order, talk.now, talk.rules)
    assert step == Wait(later(talk.now, 0.25), "retry")
