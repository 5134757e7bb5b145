"""When a guest must be looked at again, and what for."""

from enum import StrEnum
from typing import Final

from pipeline.orders.guest import Guest, WaitingOrder, WaitingPayment
from pipeline.orders.policy import OrderPolicy
from pipeline.record import DAY_S, Instant, later

_FOREVER: Final = Instant(2**62)
"""A deadline after this never comes; only a nonsensical timestamp has one."""

_HOUR_MS = 3_600_000


class Timer(StrEnum):
    """What a guest waits for; in this order when several are due at one instant."""

    LINES = "lines_wait"
    PAYMENT = "payment_wait"
    IDENTITY = "identity_wait"
    ORDER = "order_wait"
    IDLE = "guest_idle"


def next_wake(guest: Guest, policy: OrderPolicy) -> Instant | None:
    """The earliest instant at which time alone changes something; None: never."""
    if guest.erased:
        return None
    waits = guest.waiting or guest.payments
    at = _first_deadline(guest, policy) if waits else idle_at(guest, policy)
    return at if at < _FOREVER else None


def _first_deadline(guest: Guest, policy: OrderPolicy) -> Instant:
    known = guest.identity is not None
    wakes = [at for waiting in guest.waiting for at in _deadlines(waiting, policy, known=known)]
    placed = {waiting.event.order_id for waiting in guest.waiting}
    wakes.extend(
        order_due(payment, policy)
        for payment in guest.payments
        if payment.event.order_id not in placed
    )
    return min(wakes, default=_FOREVER)


def lacks(order: WaitingOrder, guest: Guest) -> Timer:
    """What a waiting order lacks: the timer that would end the wait for it."""
    if guest.identity is None:
        return Timer.IDENTITY
    paid = (
        order.payment_waived
        or order.event.payment is not None
        or any(payment.event.order_id == order.event.order_id for payment in guest.payments)
    )
    return Timer.LINES if paid else Timer.PAYMENT


def idle_at(guest: Guest, policy: OrderPolicy) -> Instant:
    """When a guest without open business is forgotten.

    Whole hours, rounded up: else every event would move a timer.
    """
    at = later(guest.seen_at, policy.guest_idle_days * DAY_S)
    return Instant(-(-at // _HOUR_MS) * _HOUR_MS)


def lines_due(waiting: WaitingOrder, policy: OrderPolicy) -> Instant:
    """When an order without lines goes with what there is."""
    return later(waiting.since, policy.lines_wait_s)


def payment_due(waiting: WaitingOrder, policy: OrderPolicy) -> Instant:
    """When an order goes without its payment."""
    return later(waiting.since, policy.payment_wait_s)


def identity_due(waiting: WaitingOrder, policy: OrderPolicy) -> Instant:
    """When an order of a stranger is set aside."""
    return later(waiting.since, policy.identity_wait_s)


def order_due(payment: WaitingPayment, policy: OrderPolicy) -> Instant:
    """When a payment of an unknown order is set aside."""
    return later(payment.since, policy.order_wait_s)


def _deadlines(waiting: WaitingOrder, policy: OrderPolicy, *, known: bool) -> list[Instant]:
    deadlines = []
    if not waiting.event.lines and not waiting.lines_waived:
        deadlines.append(lines_due(waiting, policy))
    if waiting.event.payment is None and not waiting.payment_waived:
        deadlines.append(payment_due(waiting, policy))
    if not known:
        deadlines.append(identity_due(waiting, policy))
    return deadlines
