"""The assembler's one decision: what an event, or a timer, makes of a guest."""

from pipeline.commerce.events import CommerceEvent
from pipeline.orders.guest import Guest, Step
from pipeline.orders.policy import OrderPolicy
from pipeline.record import Instant, Position, Record


def advance(guest: Guest | None, event: CommerceEvent, record: Record, policy: OrderPolicy) -> Step:
    """Fold one commerce event into a guest.

    Total and deterministic: the time is the record's own timestamp, so replaying
    a partition rebuilds the same guests and owes the same messages.

    Args:
        guest: None for a guest of whom nothing is known.
        event: What *record* says.
        record: Kept whole while the event waits, and when it is set aside.
        policy: Waits, memory, and the points of sale.
    """
    raise NotImplementedError(guest, event, record, policy)


def wake(guest: Guest, now: Instant, positions: tuple[Position, ...], policy: OrderPolicy) -> Step:
    """End every wait of a guest that is over at *now*.

    Args:
        guest: As the last step left it.
        now: The deadline that came due, not the clock.
        positions: How far each input partition had been read when it fired.
        policy: As for `advance`.
    """
    raise NotImplementedError(guest, now, positions, policy)
