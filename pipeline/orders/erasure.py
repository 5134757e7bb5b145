"""A guest who asked to be forgotten leaves a mark, and nothing else."""

from pipeline.commerce.events import CommerceEvent, GuestErased
from pipeline.orders.guest import Became
from pipeline.orders.turn import Turn, context_of
from pipeline.record import Record
from pipeline.refusal import Refusal
from pipeline.sitecore.owed import OwedErasure

_ERASED = Refusal("guest_erased", "guestId", "the guest was erased")


def erase(turn: Turn, event: GuestErased) -> Became:
    """Forget a guest: what waits goes, known by its position alone."""
    for order in turn.waiting:
        turn.refuse_by_position(_ERASED, order.record.position)
    for payment in turn.payments:
        turn.refuse_by_position(_ERASED, payment.record.position)
    turn.owed.append(OwedErasure(**turn.owing(context_of(event), event.occurred_at)))
    turn.is_erased = True
    return Became.OWED


def refuse_erased(turn: Turn, event: CommerceEvent, record: Record) -> Became:
    """Refuse all that is still said of an erased guest; to be erased again changes nothing."""
    if isinstance(event, GuestErased):
        return Became.REPEAT
    turn.refuse_by_position(_ERASED, record.position)
    return Became.SET_ASIDE
