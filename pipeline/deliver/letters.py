"""What deliver sets aside, as dead letters."""

from typing import Final

from pipeline.deliver.lanes import Item
from pipeline.kafka.dead_letters import DELIVERY_ID, REPLAY, REPLAY_OF, DeadLetter
from pipeline.record import Instant, Record
from pipeline.refusal import Refusal

WORKER: Final = "deliver"
ERASED: Final = Refusal("guest_erased", "guestId", "the guest was erased")


def letter_of(item: Item, refusal: Refusal, now: Instant) -> DeadLetter:
    """The dead letter of a record, or of a part of it.

    Of an erased guest only the position may be kept, and which letter was replayed.
    """
    record = item.record
    if refusal.rule == ERASED.rule:
        headers = tuple(one for one in record.headers if one[0] in {REPLAY, REPLAY_OF})
        record = Record(record.position, record.timestamp, key=None, value=None, headers=headers)
    return DeadLetter(
        record=record,
        reason=refusal.rule,
        field=refusal.field,
        found=refusal.found,
        worker=WORKER,
        at=now,
        details={} if item.owed is None else {DELIVERY_ID: item.owed.delivery_id},
    )
