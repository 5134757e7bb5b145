"""Waits that are over: the order goes with what there is, or is set aside."""

from dataclasses import replace

from pipeline.orders.deadlines import (
    Timer,
    identity_due,
    idle_at,
    lines_due,
    order_due,
    payment_due,
)
from pipeline.orders.guest import Guest, WaitingOrder
from pipeline.orders.line_rules import refuse
from pipeline.orders.policy import OrderPolicy
from pipeline.orders.turn import Turn
from pipeline.orders.waiting import owe_cart_after_order, release
from pipeline.record import Instant

_STRANGER = refuse("identity_missing", "", "nothing said who the guest is while the order waited")
_NO_ORDER = refuse("order_unknown", "orderId", "the order never came, or was set aside")


def expire(turn: Turn) -> None:
    """End every wait that is over, one kind after the other."""
    turn.because(Timer.LINES)
    _waive(turn, tuple(_without_lines(waiting, turn) for waiting in turn.waiting))
    turn.because(Timer.PAYMENT)
    _waive(turn, tuple(_without_payment(waiting, turn) for waiting in turn.waiting))
    turn.because(Timer.IDENTITY)
    _set_strangers_aside(turn)
    turn.because(Timer.ORDER)
    _set_payments_aside(turn)


def is_idle(guest: Guest, now: Instant, policy: OrderPolicy) -> bool:
    """Whether nothing is open, and nothing was heard for as long as a guest is kept."""
    return (
        not guest.erased
        and not guest.waiting
        and not guest.payments
        and idle_at(guest, policy) <= now
    )


def _waive(turn: Turn, waiting: tuple[WaitingOrder, ...]) -> None:
    if waiting != turn.waiting:
        turn.waiting = waiting
        release(turn)


def _without_lines(waiting: WaitingOrder, turn: Turn) -> WaitingOrder:
    if waiting.lines_waived or waiting.event.lines or lines_due(waiting, turn.policy) > turn.now:
        return waiting
    return replace(waiting, lines_waived=True)


def _without_payment(waiting: WaitingOrder, turn: Turn) -> WaitingOrder:
    if waiting.payment_waived or waiting.event.payment is not None:
        return waiting
    if payment_due(waiting, turn.policy) > turn.now:
        return waiting
    return replace(waiting, payment_waived=True)


def _set_strangers_aside(turn: Turn) -> None:
    if turn.identity is not None:
        return
    over = [order for order in turn.waiting if identity_due(order, turn.policy) <= turn.now]
    if not over:
        return
    turn.waiting = tuple(order for order in turn.waiting if order not in over)
    for order in over:
        turn.refuse(_STRANGER, order.record)
    owe_cart_after_order(turn, even_if_empty=True)


def _set_payments_aside(turn: Turn) -> None:
    placed = {order.event.order_id for order in turn.waiting}
    over = [
        payment
        for payment in turn.payments
        if payment.event.order_id not in placed and order_due(payment, turn.policy) <= turn.now
    ]
    if not over:
        return
    # The payment of an order that waits has its order: it waits with it.
    turn.payments = tuple(payment for payment in turn.payments if payment not in over)
    for payment in over:
        turn.refuse(_NO_ORDER, payment.record)
