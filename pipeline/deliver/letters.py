"""What deliver sets aside, as dead letters."""

from typing import Final

from pipeline.deliver.lanes import Item
from pipeline.kafka.dead_letters import DeadLetter
from pipeline.record import Instant, Record
from pipeline.refusal import Refusal

WORKER: Final = "deliver"
ERASED: Final = Refusal("guest_erased", "guestId", "the guest was erased")


def letter_of(item: Item, refusal: Refusal, now: Instant) -> DeadLetter:
    """The dead letter of a record, or of a part of it.

    Of an erased guest only the position may be kept.
    """
    record = item.record
    if refusal.rule == ERASED.rule:
        record = Record(record.position, record.timestamp, key=None, value=None)
    return DeadLetter(
        record=record,
        reason=refusal.rule,
        field=refusal.field,
        found=refusal.found,
        worker=WORKER,
        at=now,
        details={} if item.owed is None else {"delivery-id": item.owed.delivery_id},
    )
