"""What a record of what is owed says, read no earlier than needed."""

import contextlib

from pipeline.deliver.lanes import Item
from pipeline.errors import RecordError, Unreadable
from pipeline.record import GuestId, Record
from pipeline.sitecore.codec import decode_owed
from pipeline.sitecore.owed import Owed, OwedErasure

NOBODY = GuestId("")
"""Stands for the guest of records without a usable key."""
_HEADER = 10
"""Bytes that name a record's schema in Avro's single-object encoding."""


class Reader:
    """Reads records; knows erasures by their schema, so that only they are decoded at once."""

    def __init__(self) -> None:
        self._erases: dict[bytes, bool] = {}

    def item(self, record: Record) -> Item:
        """Take a record in hand.

        Raises:
            UnknownSchema: A newer release wrote it: the worker must stop.
        """
        item = Item(record, size_of(record))
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
    headers = sum(len(name) + len(value or b"") for name, value in record.headers)
    return len(record.key or b"") + len(record.value or b"") + headers


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
