"""Payments: with their order, after it, before it, or of none."""

from pipeline.orders.guest import Became
from pipeline.sitecore.owed import OwedPayment
from tests.unit.orders.story import (
    CARD,
    PAYPAL,
    POLICY,
    Story,
    at,
    but,
    identified,
    line,
    names,
    paid,
    placed,
    told,
)

UNPAID = placed(1, "1001", line("shoes"), payment=None)


def test_a_payment_completes_the_order_that_waits_for_it() -> None:
    """Both become one thing owed."""
    story = told(identified(0), UNPAID, paid(2))

    assert names(story.owed) == ["OwedIdentity", "OwedOrder"]
    assert story.orders[0].payment == PAYPAL
    assert story.became[-1] is Became.OWED


def test_a_payment_waits_with_an_order_that_still_lacks_an_identity() -> None:
    """It keeps its own record: if the order is set aside, the payment is not lost in it."""
    story = told(UNPAID, paid(2))

    assert story.became == [Became.WAITING, Became.WAITING]

    story.hears(identified(3))

    assert [order.payment for order in story.orders] == [PAYPAL]
    assert story.guest is not None
    assert story.guest.payments == ()


def test_a_payment_after_its_order_was_owed_is_owed_alone() -> None:
    """The order went without it at the deadline."""
    story = told(identified(0), UNPAID).waits_until(61)

    late = story.hears(paid(90))

    (owed,) = late.owed
    assert isinstance(owed, OwedPayment)
    assert (owed.order_id, owed.payment, owed.occurred_at) == ("1001", PAYPAL, at(90))


def test_a_payment_is_owed_once() -> None:
    """Whether it is published twice, or two payments name one order."""
    story = told(identified(0), UNPAID).waits_until(61)
    story.hears(paid(90), paid(90), paid(91, payment=CARD))

    assert names(story.owed).count("OwedPayment") == 1
    assert story.became[-2:] == [Became.REPEAT, Became.REPEAT]


def test_a_payment_of_an_order_that_names_its_own_is_a_repeat() -> None:
    """The order says how it was paid, before it is owed and after."""
    story = told(placed(1, "1001", line("a")), paid(2), identified(3), paid(4))

    assert story.became == [Became.WAITING, Became.REPEAT, Became.OWED, Became.REPEAT]
    assert [order.payment for order in story.orders] == [CARD]


def test_a_payment_of_an_order_that_never_comes_is_set_aside() -> None:
    """Never dropped: its record is kept, by name."""
    story = told(paid(2)).waits_until(2 + POLICY.order_wait_s)

    (aside,) = story.set_aside

    assert (aside.refusal.rule, aside.cause.timer) == ("order_unknown", "order_wait")
    assert aside.record is not None
    assert aside.record.position.offset == 1


def test_a_payment_repeated_while_it_waits_is_kept_once() -> None:
    """One payment, one letter."""
    story = told(paid(2), paid(2)).waits_until(700)

    assert (story.became[:2], len(story.set_aside)) == ([Became.WAITING, Became.REPEAT], 1)


def test_a_payment_outlives_its_own_deadline_with_an_order_that_waits() -> None:
    """It has found its order, so it does not wait for it any more."""
    story = told(paid(0))
    story.hears(but(UNPAID, occurred_at=at(500)), second=500)
    story.waits_until(900).hears(identified(901))

    assert story.rules == []
    assert [order.payment for order in story.orders] == [PAYPAL]


def test_a_payment_stays_with_its_order_when_another_timer_fires() -> None:
    """Its own deadline is over, but the order that it names waits only for an identity."""
    story = told(paid(0), placed(595, "1001", line("shoes"), payment=None)).waits_until(700)
    assert len(story.steps) == 3

    story.hears(identified(701))

    assert story.rules == []
    assert [order.payment for order in story.orders] == [PAYPAL]


def test_the_payment_of_an_order_that_was_set_aside_is_set_aside_after_it() -> None:
    """Two letters, so that a replay of both tells the whole order."""
    story = told(paid(0))
    story.hears(but(UNPAID, occurred_at=at(500)), second=500)
    story.waits_until(5000)

    assert story.rules == ["identity_missing", "order_unknown"]
    assert story.wake_at is not None
    assert story.wake_at > at(86_400)


def test_a_replayed_order_finds_its_payment_still_waiting() -> None:
    """Within its own wait a payment belongs to the order, set aside or not."""
    broken = but(UNPAID, status="COMPLETED")
    story = told(identified(0), broken, paid(2), UNPAID)

    assert story.rules == ["unknown_status"]
    assert [order.payment for order in story.orders] == [PAYPAL]


def test_a_payment_that_names_no_method_is_set_aside() -> None:
    """The Stream API documents the type of a payment as required."""
    story = told(but(paid(2), payment=type(CARD)("")))

    assert [(aside.refusal.rule, aside.refusal.field) for aside in story.set_aside] == [
        ("missing_text", "payment.type")
    ]


def test_a_waiting_payment_goes_with_the_guest_only_when_it_is_settled() -> None:
    """A guest with open business is never forgotten as idle."""
    story = Story()
    story.hears(paid(2))

    assert story.wake_at == at(2 + POLICY.order_wait_s)
