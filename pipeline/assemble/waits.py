"""What orders wait for, and how long they waited."""

from collections.abc import Iterator

from pipeline.orders.guest import Guest, Step
from pipeline.record import seconds_between


def lacks(guest: Guest) -> list[str]:
    """What each waiting order of a guest waits for, first of all."""
    if guest.identity is None:
        return ["identity"] * len(guest.waiting)
    paid = {payment.event.order_id for payment in guest.payments}
    return [
        "lines"
        if order.payment_waived or order.event.payment or order.event.order_id in paid
        else "payment"
        for order in guest.waiting
    ]


def ended(before: Guest, step: Step) -> Iterator[tuple[str, float]]:
    """Say of each order that waits no longer what it lacked, and for how many seconds.

    Args:
        before: The guest before the step.
        step: What an event or a timer made of it.
    """
    causes = [one.cause for one in (*step.owed, *step.set_aside)]
    if not causes:
        return
    waiting = () if step.guest is None else step.guest.waiting
    still = {order.event.order_id for order in waiting}
    for order, what in zip(before.waiting, lacks(before), strict=True):
        if order.event.order_id not in still:
            yield what, seconds_between(order.since, causes[0].timestamp)
