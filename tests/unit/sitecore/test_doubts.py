"""What may be there, or may have gone, is neither counted on nor left behind."""

from dataclasses import replace

import pytest

from pipeline.sitecore.next_step import Finished
from pipeline.sitecore.outcome import Delivered, Refused, Retry, UnknownBrowser
from pipeline.sitecore.owed import OwedOrder
from pipeline.sitecore.point_of_sale import Protocol
from tests.unit.sitecore.samples import APP, ISSUED, JEANS, SHOES, Owes, context, policy_of
from tests.unit.sitecore.talk import BAD, GATEWAY, SILENCE, Talk, first, refusing, rule


def test_a_clear_cart_that_went_unanswered_is_repeated_by_the_next_empty_cart() -> None:
    """The lines may still be there, and would count as abandoned."""
    talk, owes = Talk(policy_of(Protocol.MULTIPLE)), Owes()

    talk.tell(owes.cart(SHOES))
    end = talk.tell(owes.cart(), refusing("CLEAR_CART", SILENCE))
    talk.tell(owes.cart())

    assert rule(end) == "may_have_arrived"
    assert talk.types == ["ADD", *["CLEAR_CART"] * 4]


def test_a_clear_cart_that_went_unanswered_may_have_taken_the_lines() -> None:
    """They are cleared for certain, and added again."""
    talk, owes = Talk(policy_of(Protocol.MULTIPLE)), Owes()

    talk.tell(owes.cart(SHOES))
    talk.tell(owes.cart(), refusing("CLEAR_CART", SILENCE))
    talk.tell(owes.cart(SHOES))

    assert talk.types[4:] == ["CLEAR_CART", "ADD"]


def test_a_doubt_stays_until_the_cart_is_cleared() -> None:
    """Two views at the edge of the time-out make nothing certain."""
    talk, owes = Talk(policy_of(Protocol.MULTIPLE)), Owes()

    talk.tell(owes.cart(SHOES))
    for _ in range(2):
        talk.pass_s(1180)
        talk.tell(replace(owes.behaviour(), occurred_at=talk.now))
    talk.tell(replace(owes.cart(JEANS), occurred_at=talk.now))

    assert talk.types == ["ADD", "VIEW", "VIEW", "CLEAR_CART", "ADD"]


def test_a_line_that_may_be_there_stays_in_doubt_when_the_session_goes_on() -> None:
    """A view says nothing about it."""
    talk, owes = Talk(policy_of(Protocol.MULTIPLE)), Owes()

    talk.tell(owes.cart(SHOES), refusing("ADD", SILENCE))
    talk.tell(owes.behaviour())
    talk.tell(owes.cart(JEANS))

    assert talk.types == ["ADD", "ADD", "ADD", "VIEW", "CLEAR_CART", "ADD"]


def test_a_line_that_may_be_there_is_cleared_before_an_order_elsewhere() -> None:
    """It would be counted as abandoned, beside the order."""
    talk = Talk(policy_of(Protocol.AUTOMATIC))

    talk.tell(Owes().cart(SHOES), refusing("ADD", SILENCE))
    talk.tell(Owes(context(APP)).order(SHOES))

    assert talk.types[3:] == ["CLEAR_CART", "IDENTITY", "ORDER_CHECKOUT"]


def test_automatic_does_not_count_on_a_line_that_may_be_there() -> None:
    """The order goes as one event."""
    talk, owes = Talk(policy_of(Protocol.AUTOMATIC)), Owes()

    talk.tell(owes.behaviour())
    talk.tell(owes.cart(SHOES), refusing("ADD", SILENCE))
    talk.tell(owes.order(SHOES))

    assert talk.types[4:] == ["CLEAR_CART", "IDENTITY", "ORDER_CHECKOUT"]


def test_a_checkout_that_is_refused_after_a_silence_may_have_taken_the_lines() -> None:
    """It may be refused because the cart is bought."""
    talk, owes = Talk(policy_of(Protocol.MULTIPLE)), Owes()
    order = owes.order(SHOES)

    for outcome in (Delivered(), Delivered(), Delivered(), SILENCE, BAD):
        talk.one(order, outcome)
    end = talk.tell(order)
    talk.tell(replace(owes.cart(SHOES), occurred_at=talk.now))

    assert rule(end) == "refused"
    assert talk.types[-2:] == ["CLEAR_CART", "ADD"]


def test_an_order_that_left_and_can_leave_no_more_may_have_arrived() -> None:
    """A person must look before it is replayed."""
    talk, owes = Talk(policy_of(Protocol.MULTIPLE)), Owes()
    order = owes.order(SHOES)

    for outcome in (Delivered(), Delivered(), Delivered(), SILENCE):
        talk.one(order, outcome)
    talk.pass_s(1170)
    end = talk.tell(order, refusing("ADD"))

    assert talk.types[4:] == ["CLEAR_CART", "ADD"]
    assert rule(end) == "may_have_arrived"


def _left_and_lost_its_browser() -> tuple[Talk, OwedOrder]:
    """An order's CHECKOUT was not answered, and then its browser id is not known any more."""
    talk, owes = Talk(policy_of(Protocol.AUTOMATIC)), Owes()
    order = owes.order(SHOES)
    talk.tell(owes.cart(SHOES))
    for outcome in (Delivered(), Delivered(), SILENCE, UnknownBrowser()):
        talk.one(order, outcome)
    return talk, order


def test_an_order_that_left_in_a_session_that_is_gone_takes_the_form_that_is_left() -> None:
    """The browser id was forgotten between two tries; the order is marked in its new form."""
    talk, order = _left_and_lost_its_browser()
    talk.tell(order)

    assert talk.types[3:] == ["CHECKOUT", "CHECKOUT", "BROWSER", "IDENTITY", "ORDER_CHECKOUT"]
    assert talk.marked == ["CHECKOUT", "ORDER_CHECKOUT"]


def test_an_order_that_left_is_set_aside_when_no_browser_id_can_be_had() -> None:
    """Its session went with the old id: there are no lines to doubt, and the worker goes on."""
    talk, order = _left_and_lost_its_browser()
    talk.rules = replace(talk.rules, tries_max=2, give_up_after_s=0.0)
    end = talk.tell(order, refusing("BROWSER", GATEWAY))

    assert rule(end) == "browser_id_missing"
    assert talk.delivery.sessions == ()


def test_a_form_that_has_left_stays_when_the_settings_change() -> None:
    """In another form the order would surely be there twice, if it arrived."""
    talk, owes = Talk(policy_of(Protocol.MULTIPLE)), Owes()
    order = owes.order(SHOES)
    order = replace(order, total=replace(order.total, amount=order.total.amount + 5))

    for outcome in (Delivered(), Delivered(), Delivered(), SILENCE):
        talk.one(order, outcome)
    talk.rules = policy_of(Protocol.AUTOMATIC)
    talk.tell(order)

    assert talk.types[3:] == ["CHECKOUT", "CHECKOUT", "PAYMENT"]


def test_a_confirm_counts_for_one_order_only() -> None:
    """Another order of the same lines confirms them again."""
    talk, owes = Talk(policy_of(Protocol.MULTIPLE)), Owes()

    talk.tell(owes.order(SHOES), refusing("CHECKOUT"))
    talk.tell(owes.order(SHOES, order_id="2", payment=None))

    assert talk.types[-2:] == ["CONFIRM", "CHECKOUT"]


def test_a_line_that_changes_wants_a_confirm_again() -> None:
    """What was confirmed was another line."""
    talk, owes = Talk(policy_of(Protocol.MULTIPLE)), Owes()
    order = owes.order(SHOES, payment=None)

    talk.tell(order, refusing("CHECKOUT"))
    talk.tell(owes.cart(replace(SHOES, quantity=2)))
    talk.tell(order)

    assert talk.types[-4:] == ["ADD", "ADD", "CONFIRM", "CHECKOUT"]


def test_a_repeat_is_marked_though_other_messages_came_between() -> None:
    """The CONFIRM may be there, whatever was sent since."""
    talk, owes = Talk(policy_of(Protocol.MULTIPLE)), Owes()
    order = owes.order(SHOES, payment=None)

    for outcome in (Delivered(), Delivered(), SILENCE):
        talk.one(order, outcome)
    talk.pass_s(1170)
    talk.tell(order)

    assert talk.types[2:] == ["CONFIRM", "CLEAR_CART", "ADD", "CONFIRM", "CHECKOUT"]
    assert talk.marked == ["CONFIRM"]


def test_what_was_answered_is_not_marked_when_it_is_sent_anew() -> None:
    """The doubt is resolved; the new session is what asks for it."""
    talk, owes = Talk(policy_of(Protocol.MULTIPLE)), Owes()
    order = owes.order(SHOES, payment=None)

    for outcome in (Delivered(), SILENCE, Delivered(), Retry("connect")):
        talk.one(order, outcome)
    talk.pass_s(1170)
    talk.tell(order)

    assert talk.types[1:] == [
        *("ADD", "ADD", "CONFIRM", "CLEAR_CART", "ADD", "CONFIRM", "CHECKOUT")
    ]
    assert talk.marked == ["ADD"]


def test_a_cart_that_closed_by_time_is_not_cleared() -> None:
    """A message there would only begin another session."""
    talk, owes = Talk(policy_of(Protocol.MULTIPLE)), Owes()

    talk.tell(owes.cart(SHOES))
    talk.pass_s(1170)
    end = talk.tell(replace(owes.cart(), occurred_at=talk.now))

    assert talk.types == ["ADD"]
    assert isinstance(end, Finished)


def test_an_issued_browser_id_of_another_session_may_be_forgotten_too() -> None:
    """There is nothing left to be cleared, and no record is set aside for that."""
    talk = Talk(policy_of(Protocol.MULTIPLE))

    talk.tell(Owes(context(None)).cart(SHOES))
    end = talk.tell(Owes(context(APP)).cart(SHOES), first("CLEAR_CART", UnknownBrowser()))

    assert talk.messages[1]["browser_id"] == ISSUED
    assert talk.types == ["BROWSER", "ADD", "CLEAR_CART", "ADD"]
    assert isinstance(end, Finished)


@pytest.mark.parametrize(("outcome", "name"), [(GATEWAY, "may_have_arrived"), (BAD, "refused")])
def test_what_a_gateway_answered_may_be_there_whatever_it_was(outcome: object, name: str) -> None:
    """Not an order alone."""
    rules = replace(policy_of(Protocol.MULTIPLE), tries_max=2, give_up_after_s=0.0)
    talk = Talk(rules)
    kind = "ADD" if outcome is GATEWAY else "VIEW"
    owed = Owes().cart(SHOES) if outcome is GATEWAY else Owes().behaviour()

    end = talk.tell(owed, refusing(kind, outcome if isinstance(outcome, Refused) else GATEWAY))

    assert rule(end) == name
