"""What a record of what is owed says, read no earlier than needed."""

import contextlib
from typing import Final

from pipeline.deliver.lanes import Item
from pipeline.errors import RecordError, Unreadable
from pipeline.kafka.dead_letters import SEQUENCE
from pipeline.record import GuestId, Record
from pipeline.refusal import Refusal
from pipeline.sitecore.codec import decode_owed
from pipeline.sitecore.delivery import Delivery
from pipeline.sitecore.owed import Owed, OwedErasure

OUT_OF_ORDER: Final = "out_of_order"

NOBODY = GuestId("")
"""Stands for the guest of records without a usable key."""
_HEADER = 10
"""Bytes that name a record's schema in Avro's single-object encoding."""


class Reader:
    """Reads records; knows erasures by their schema, so that only they are decoded at once."""

    def __init__(self) -> None:
        self._erases: dict[bytes, bool] = {}

    def item(self, record: Record, now: float = 0.0) -> Item:
        """Take a record in hand; *now* is of a monotonic clock.

        Raises:
            UnknownSchema: A newer release wrote it: the worker must stop.
        """
        item = Item(record, size_of(record), sequence_of(record), came_at=now)
        if self._may_erase(record.value):
            # One that cannot be read, or is under another's key, erases nothing.
            with contextlib.suppress(RecordError):
                item.erases = isinstance(owed_of(item, guest_of(record)), OwedErasure)
        return item

    def _may_erase(self, value: bytes | None) -> bool:
        if value is None:
            return False
        header = value[:_HEADER]
        known = self._erases.get(header)
        if known is None:
            try:
                known = isinstance(decode_owed(value), OwedErasure)
            except RecordError:
                return False
            self._erases[header] = known
        return known


def guest_of(record: Record) -> GuestId:
    """The guest whose lane a record goes into."""
    try:
        return NOBODY if record.key is None else GuestId(record.key.decode())
    except UnicodeDecodeError:
        return NOBODY


def size_of(record: Record) -> int:
    """Bytes that a record holds in memory, roughly."""
    size = len(record.key or b"") + len(record.value or b"")
    for name, value in record.headers:
        size += len(name) + len(value or b"")
    return size


def sequence_of(record: Record) -> int:
    """The sequence that assemble gave a record; 0: it has none."""
    said = next((value for name, value in record.headers if name == SEQUENCE), None)
    return int(said) if said is not None and said.isdigit() else 0


def next_owed(item: Item, delivery: Delivery) -> Owed | Refusal:
    """What the first record of a guest's lane says, or why it goes no further.

    A record that falls back behind one that is finished would tell Sitecore what is over. An
    erasure may come at any time, and of an erased guest nothing is looked at.

    Raises:
        UnknownSchema: A newer release wrote it: the worker must stop.
    """
    try:
        owed = owed_of(item, delivery.guest_id)
    except RecordError as error:
        return Refusal(error.reason, error.field, error.detail[:100])
    falls_back = 0 < item.sequence <= delivery.sequence
    if falls_back and not (delivery.erased or isinstance(owed, OwedErasure)):
        return Refusal(OUT_OF_ORDER, "sequence", f"{item.sequence} after {delivery.sequence}")
    return owed


def owed_of(item: Item, guest: GuestId) -> Owed:
    """What an item says, decoded once.

    Raises:
        UnknownSchema: A newer release wrote it: the worker must stop.
        RecordError: Nobody can read it.
    """
    if item.owed is None:
        if item.record.value is None:
            raise RecordError(Unreadable.TOMBSTONE, "a record without a value")
        owed = decode_owed(item.record.value)
        if owed.guest_id != guest:
            raise RecordError(Unreadable.FOREIGN_KEY, "the key is not the guest's", "guestId")
        item.owed = owed
    return item.owed
