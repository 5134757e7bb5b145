"""What is never sent: again, too late, or of a guest who was erased."""

from dataclasses import replace

import msgspec
import pytest

from pipeline.commerce.events import Contact
from pipeline.record import DAY_S, later
from pipeline.refusal import Refusal
from pipeline.sitecore.delivery import finish
from pipeline.sitecore.next_step import Finished, SetAside
from pipeline.sitecore.outcome import (
    Delivered,
    Retry,
)
from pipeline.sitecore.point_of_sale import Protocol
from tests.unit.sitecore.samples import (
    CRM,
    JEANS,
    SHOES,
    Owes,
    policy_of,
)
from tests.unit.sitecore.talk import Talk, refusing, rule


@pytest.mark.parametrize("protocol", list(Protocol))
def test_case_105_an_accepted_order_is_never_sent_again(protocol: Protocol) -> None:
    """Nothing documents that Sitecore would see the double."""
    talk, owes = Talk(policy_of(protocol)), Owes()

    talk.tell(owes.order(SHOES))
    sent = len(talk.requests)
    talk.delivery = finish(talk.delivery, 7, "topic")
    talk.pass_s(29 * DAY_S)
    end = talk.tell(owes.order(SHOES))

    assert len(talk.requests) == sent
    assert isinstance(end, Finished)
    assert end.skipped == "order_accepted"


@pytest.mark.parametrize("unconfirmed", [True, False])
def test_that_only_the_status_said_so_is_remembered(unconfirmed: bool) -> None:
    """Whoever misses the order at Sitecore finds it in the guest's history."""
    talk, owes = Talk(policy_of(Protocol.SINGLE)), Owes()
    order = owes.order(SHOES)

    talk.one(order, Delivered())
    talk.one(order, Delivered(unconfirmed=unconfirmed))

    assert [one.unconfirmed for one in talk.delivery.orders] == [unconfirmed]
    assert talk.delivery.head is not None
    assert talk.delivery.head.answer == ("unconfirmed" if unconfirmed else "accepted")


def test_case_103_a_historic_order_is_set_aside() -> None:
    """It belongs into the Batch API, and no longer is it known whether it was accepted."""
    talk, owes = Talk(policy_of(Protocol.SINGLE)), Owes()

    talk.tell(owes.order(SHOES))
    talk.pass_s(30 * DAY_S + 1)
    end = talk.tell(owes.order(SHOES))

    assert rule(end) == "historic_order"
    assert talk.types == ["IDENTITY", "ORDER_CHECKOUT"]


@pytest.mark.parametrize("kind", ["VIEW", "MYSHOP_CLICK"])
def test_behaviour_is_sent_once(kind: str) -> None:
    """Nothing but the head would show that it was accepted."""
    talk = Talk()
    owed = Owes().behaviour(kind)

    talk.one(owed, Delivered())
    end = talk.tell(owed)

    assert talk.types == [kind]
    assert isinstance(end, Finished)
    assert end.skipped is None


def test_old_behaviour_and_carts_are_not_sent() -> None:
    """Sitecore takes arrival for the time of the event."""
    talk, owes = Talk(), Owes()

    talk.pass_s(300.001)
    ends = [talk.tell(owes.behaviour()), talk.tell(owes.cart(SHOES))]

    assert talk.types == []
    assert [end.skipped for end in ends if isinstance(end, Finished)] == ["too_old", "too_old"]


def test_behaviour_of_five_minutes_is_sent() -> None:
    """The limit itself is not too old."""
    talk, owes = Talk(), Owes()

    talk.pass_s(300)
    talk.tell(owes.behaviour())

    assert talk.types == ["VIEW"]


def test_case_037_nothing_of_an_erased_guest_is_sent() -> None:
    """Not even by a replay."""
    talk, owes = Talk(policy_of(Protocol.MULTIPLE)), Owes()

    talk.tell(owes.order(SHOES))
    erased = talk.tell(owes.erasure())
    sent = len(talk.requests)
    ends = [talk.tell(owes.cart(SHOES)), talk.tell(owes.identity())]

    assert isinstance(erased, Finished)
    assert len(talk.requests) == sent
    assert [rule(end) for end in ends] == ["guest_erased", "guest_erased"]
    assert talk.delivery.erased
    assert not (talk.delivery.browsers)
    assert not (talk.delivery.orders)
    assert not (talk.delivery.sessions)


def test_an_answer_that_comes_after_the_erasure_brings_nothing_back() -> None:
    """The request in flight ends; what it said is not remembered."""
    talk, owes = Talk(), Owes()
    order = owes.order(SHOES)
    request = talk.one(order, Retry("connect"))

    talk.tell(owes.erasure())
    talk._send(order, request, Delivered())

    assert talk.delivery.erased
    assert talk.delivery.sessions == ()


def test_case_008_an_unknown_point_of_sale_is_set_aside() -> None:
    """Sitecore would take it, and never show it."""
    owed = Owes().cart(SHOES)
    elsewhere = replace(owed, context=owed.context._replace(point_of_sale="atlantis"))

    end = Talk().tell(elsewhere)

    assert isinstance(end, SetAside)
    assert end.refusal == Refusal("unknown_point_of_sale", "pointOfSale", "atlantis")


@pytest.mark.parametrize("kind", ["CONFIRM", "CHECKOUT", "CLEAR_CART"])
def test_any_other_refusal_sets_aside_the_record(kind: str) -> None:
    """Sending it again changes nothing."""
    talk, owes = Talk(policy_of(Protocol.MULTIPLE)), Owes()

    talk.tell(owes.cart(JEANS))
    end = talk.tell(owes.order(SHOES), refusing(kind))

    assert isinstance(end, SetAside)
    assert end.refusal == Refusal("refused", "", f"{kind}: HTTP 400")
    assert end.delivery.head is None


def test_an_order_of_tomorrow_is_remembered_until_it_is_historic() -> None:
    """A shop's clock may run ahead."""
    talk, owes = Talk(policy_of(Protocol.SINGLE)), Owes()
    order = replace(owes.order(SHOES), ordered_at=later(talk.now, 10 * DAY_S))

    talk.tell(order)
    talk.delivery = finish(talk.delivery, 7, "topic")
    talk.pass_s(35 * DAY_S)
    talk.tell(owes.behaviour())
    end = talk.tell(order)

    assert isinstance(end, Finished)
    assert end.skipped == "order_accepted"


def test_an_order_is_remembered_from_when_it_was_accepted() -> None:
    """It may come again under a later date."""
    talk, owes = Talk(policy_of(Protocol.SINGLE)), Owes()
    order = owes.order(SHOES)

    talk.pass_s(29 * DAY_S)
    talk.tell(order)
    talk.delivery = finish(talk.delivery, 7, "topic")
    talk.pass_s(11 * DAY_S)
    end = talk.tell(replace(order, ordered_at=later(talk.now, -DAY_S)))

    assert isinstance(end, Finished)
    assert end.skipped == "order_accepted"


def test_finishing_frees_the_head_and_never_goes_back() -> None:
    """A record that comes again after a restart finishes below what is known."""
    talk = Talk()
    talk.one(Owes().behaviour(), Delivered())

    finished = finish(finish(talk.delivery, 7, "topic"), 3, "topic")

    assert finished.head is None
    assert (finished.finished, finished.topic_id) == (8, "topic")


def test_what_is_remembered_is_small_and_holds_no_personal_data() -> None:
    """It is rewritten at every answer, and kept longer than any message."""
    contact = Contact(title="Ms", first_name="Ada", last_name="Byron", email="ada@example.com")
    talk, owes = Talk(policy_of(Protocol.MULTIPLE)), Owes()
    who = CRM._replace(contact=contact)

    talk.tell(replace(owes.order(SHOES, JEANS), identity=who))
    talk.tell(owes.cart(SHOES, JEANS))
    kept = msgspec.msgpack.encode(talk.delivery)

    assert len(kept) < 1000
    for personal in (b"Ada", b"Byron", b"ada@", b"B7524AE6"):
        assert personal not in kept
