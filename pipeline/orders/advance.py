"""The assembler's one decision: what an event, or a timer, makes of a guest."""

from typing import TypeAlias, assert_never

from pipeline.commerce.events import (
    Behaviour,
    CartCleared,
    CartEvent,
    CommerceEvent,
    CustomEventRaised,
    GuestErased,
    GuestIdentified,
    LineAdded,
    LineChanged,
    LineRemoved,
    OrderCancelled,
    OrderChanged,
    OrderPlaced,
    OrderRefunded,
    PageViewed,
    PaymentReceived,
    ProductsSearched,
)
from pipeline.orders.changes import take_behaviour, take_cart_event, take_identity
from pipeline.orders.deadlines import Timer
from pipeline.orders.erasure import erase, refuse_erased
from pipeline.orders.expire import expire, is_idle
from pipeline.orders.guest import Became, Guest, Step
from pipeline.orders.placed import take_order, take_payment
from pipeline.orders.policy import OrderPolicy
from pipeline.orders.turn import Turn
from pipeline.orders.validate import refuse_after_order, refuse_circumstances
from pipeline.record import Instant, Position, Record
from pipeline.sitecore.owed import Cause

_Living: TypeAlias = CartEvent | Behaviour | GuestIdentified | OrderPlaced | PaymentReceived
"""What can be told of a guest who was not erased."""


def advance(guest: Guest | None, event: CommerceEvent, record: Record, policy: OrderPolicy) -> Step:
    """Fold one commerce event into a guest.

    Total and deterministic: the time is the record's own timestamp, so replaying
    a partition rebuilds the same guests and owes the same messages. Waits end by
    `wake` only, however late the record is: what lies unread may still be in time.

    Args:
        guest: None for a guest of whom nothing is known.
        event: What *record* says.
        record: Kept whole while the event waits, and when it is set aside.
        policy: Waits, memory, and the points of sale.
    """
    turn = Turn(
        guest or Guest.new(event.guest_id, record.timestamp),
        policy,
        Cause(event.event_id, None, (record.position,), record.timestamp),
        happened_at=event.occurred_at,
        is_new=guest is None,
    )
    return turn.step(_take(turn, event, record))


def wake(guest: Guest, now: Instant, positions: tuple[Position, ...], policy: OrderPolicy) -> Step:
    """End every wait of a guest that is over at *now*; none may be.

    Args:
        guest: As the last step left it.
        now: The deadline that came due, not the clock.
        positions: How far each input partition had been read when it fired.
        policy: As for `advance`.

    Returns:
        The step; its guest is None when the guest was idle and is to be forgotten.
    """
    cause = Cause(None, Timer.LINES, positions, now)
    turn = Turn(guest, policy, cause)
    if not guest.erased:
        expire(turn)
    step = turn.step(_came_of(turn))
    if step.guest is not None and is_idle(step.guest, now, policy):
        return step._replace(guest=None, wake_at=None)
    return step


def _came_of(turn: Turn) -> Became:
    if turn.owed:
        return Became.OWED
    return Became.SET_ASIDE if turn.set_aside else Became.NOTED


def _take(turn: Turn, event: CommerceEvent, record: Record) -> Became:
    if turn.is_erased:
        return refuse_erased(turn, event, record)
    match event:
        case GuestErased():
            return erase(turn, event)
        case OrderCancelled() | OrderRefunded() | OrderChanged():
            turn.refuse(refuse_after_order(event), record)
            return Became.SET_ASIDE
    refusal = refuse_circumstances(event, turn.now, turn.policy)
    if refusal is not None:
        turn.refuse(refusal, record)
        return Became.SET_ASIDE
    return _take_living(turn, event, record)


def _take_living(turn: Turn, event: _Living, record: Record) -> Became:
    pos = turn.policy.points_of_sale[event.point_of_sale]
    match event:
        case LineAdded() | LineChanged() | LineRemoved() | CartCleared():
            return take_cart_event(turn, event, record, pos)
        case PageViewed() | ProductsSearched() | CustomEventRaised():
            return take_behaviour(turn, event, record, pos)
        case GuestIdentified():
            return take_identity(turn, event, record, pos)
        case OrderPlaced():
            return take_order(turn, event, record, pos)
        case PaymentReceived():
            return take_payment(turn, event, record)
        case _:
            assert_never(event)
