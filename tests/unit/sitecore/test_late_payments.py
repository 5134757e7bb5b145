"""Payments that come after their order."""

from collections.abc import Callable

import pytest

from pipeline.commerce.events import Payment
from pipeline.refusal import Refusal
from pipeline.sitecore.next_step import Finished
from pipeline.sitecore.outcome import Delivered, Retry, UnknownBrowser
from pipeline.sitecore.point_of_sale import Protocol
from tests.unit.sitecore.samples import (
    JEANS,
    SHOES,
    Owes,
    policy,
    policy_of,
    shop,
)
from tests.unit.sitecore.talk import (
    Talk,
    refusing,
    rule,
)


def test_a_late_payment_goes_to_its_order_while_the_session_is_open() -> None:
    """PAYMENT names no order: it means the one that the session checked out."""
    talk, owes = Talk(policy_of(Protocol.MULTIPLE)), Owes()

    talk.tell(owes.order(SHOES, payment=None))
    end = talk.tell(owes.payment())

    assert talk.types[-2:] == ["CHECKOUT", "PAYMENT"]
    assert isinstance(end, Finished)


def late(talk: Talk) -> None:
    talk.pass_s(1170)


def nothing(_: Talk) -> None:
    pass


@pytest.mark.parametrize(
    ("protocol", "before"), [(Protocol.MULTIPLE, late), (Protocol.SINGLE, nothing)]
)
def test_a_late_payment_is_set_aside_where_it_cannot_reach_its_order(
    protocol: Protocol, before: Callable[[Talk], None]
) -> None:
    """In a later session it would mean another order, or none."""
    talk, owes = Talk(policy(shop(protocol=protocol, payment_type_default="Other"))), Owes()

    talk.tell(owes.order(SHOES, payment=None))
    before(talk)
    end = talk.tell(owes.payment())

    assert rule(end) == "payment_not_possible"
    assert "PAYMENT" not in talk.types[4:] or protocol is Protocol.MULTIPLE


def test_a_late_payment_is_set_aside_when_another_order_followed_in_its_session() -> None:
    """It would be taken for the payment of that one."""
    talk, owes = Talk(policy_of(Protocol.MULTIPLE)), Owes()

    talk.tell(owes.order(SHOES, payment=None))
    talk.tell(owes.order(JEANS, payment=None, order_id="2"))
    end = talk.tell(owes.payment())

    assert rule(end) == "payment_not_possible"


def test_a_late_payment_is_set_aside_when_another_session_has_begun() -> None:
    """PAYMENT would fall into the new session, which has no order that it could mean."""
    talk, owes = Talk(policy_of(Protocol.MULTIPLE)), Owes()
    talk.tell(owes.order(SHOES, payment=None))
    talk.pass_s(1500)
    talk.tell(owes.behaviour())

    end = talk.tell(owes.payment())

    assert rule(end) == "payment_not_possible"
    assert "PAYMENT" not in talk.types


def test_a_payment_of_an_order_that_never_arrived_is_set_aside() -> None:
    """There is nothing to pay."""
    assert rule(Talk().tell(Owes().payment())) == "payment_not_possible"


def test_a_refused_payment_sets_aside_the_payment_and_not_the_order() -> None:
    """The order has arrived."""
    talk, owes = Talk(policy_of(Protocol.MULTIPLE)), Owes()

    end = talk.tell(owes.order(SHOES), refusing("PAYMENT"))

    assert isinstance(end, Finished)
    assert talk.letters == [Refusal("payment_refused", "payment", "HTTP 400")]


def test_a_refused_late_payment_is_set_aside() -> None:
    """It is a record of its own."""
    talk, owes = Talk(policy_of(Protocol.MULTIPLE)), Owes()

    talk.tell(owes.order(SHOES, payment=None))

    assert rule(talk.tell(owes.payment(), refusing("PAYMENT"))) == "payment_refused"


def test_a_payment_that_the_order_already_has_is_not_sent_again() -> None:
    """The default was right."""
    talk = Talk(policy(shop(protocol=Protocol.SINGLE, payment_type_default="PayPal")))
    owes = Owes()

    talk.tell(owes.order(SHOES, payment=None))
    end = talk.tell(owes.payment(Payment("PayPal")))

    assert isinstance(end, Finished)
    assert end.skipped == "payment_accepted"


def test_a_payment_that_misses_its_session_is_set_aside_and_not_the_order() -> None:
    """The order has arrived and is never sent again; how it was paid cannot be said any more."""
    talk, owes = Talk(policy_of(Protocol.MULTIPLE)), Owes()
    order = owes.order(SHOES)

    for _ in range(4):
        talk.one(order, Delivered())
    talk.one(order, Retry("connect"))
    talk.pass_s(1170)
    end = talk.tell(order)

    assert talk.types[-2:] == ["CHECKOUT", "PAYMENT"]
    assert rule(end) == "payment_not_possible"
    assert [order.order_id for order in talk.delivery.orders] == ["MA-490094"]


def test_a_payment_under_a_forgotten_browser_id_is_set_aside() -> None:
    """Its session is gone with the id."""
    talk, owes = Talk(policy_of(Protocol.MULTIPLE)), Owes()

    end = talk.tell(owes.order(SHOES), refusing("PAYMENT", UnknownBrowser()))

    assert rule(end) == "payment_not_possible"
