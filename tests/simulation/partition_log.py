"""One partition as brokers keep it: records, markers of transactions, and holes."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from pipeline.kafka.entries import Write
from pipeline.record import Instant

TOMBSTONES_KEPT_MS: Final = 86_400_000
"""How long compaction leaves a tombstone, from when it first met it, for readers on their way.

So who has read a value that was removed since still finds what removed it.
"""


class Slot(NamedTuple):
    """What lies at one offset."""

    write: Write | None
    """None: a marker that ends a transaction; it takes an offset like a record."""
    at: Instant
    txn: int | None
    """The transaction that wrote it; None: it was written outside of any."""


class PartitionLog:
    """Offsets in order; what open transactions wrote ends what may be read."""

    def __init__(self) -> None:
        self._slots: list[Slot | None] = []
        self._open: dict[int, int] = {}
        self._aborted: set[int] = set()
        self._met_at: dict[int, Instant] = {}
        """When compaction first met a tombstone or a marker."""
        self.start = 0
        """The first offset that retention has left."""
        self.visible_at: list[Instant] = []
        """When each offset became safe to read."""

    @property
    def end(self) -> int:
        """One past the last offset."""
        return len(self._slots)

    @property
    def stable_end(self) -> int:
        """One past the last offset that no open transaction can still take back."""
        return min(self._open.values(), default=self.end)

    def append(self, write: Write, at: Instant, txn: int | None = None) -> None:
        """Write a record."""
        if txn is not None:
            self._open.setdefault(txn, self.end)
        self._slots.append(Slot(write, at, txn))
        self._stabilise(at)

    def mark(self, txn: int, at: Instant, *, committed: bool) -> None:
        """Write the marker that ends a transaction here."""
        if txn not in self._open:
            return
        del self._open[txn]
        if not committed:
            self._aborted.add(txn)
        self._slots.append(Slot(None, at, txn))
        self._stabilise(at)

    def committed(self, first: int, end: int) -> Iterator[tuple[int, Slot, Write]]:
        """Records from *first* that a reader of committed ones saw before *end*, deleted or not."""
        for offset in range(first, min(end, self.stable_end)):
            slot = self._slots[offset]
            if slot is None or slot.write is None or slot.txn in self._aborted:
                continue
            yield offset, slot, slot.write

    def first_since(self, since: Instant | None) -> int:
        """The first offset that is not older."""
        if since is None:
            return self.start
        for offset in range(self.start, self.end):
            slot = self._slots[offset]
            if slot is not None and slot.at >= since:
                return offset
        return self.end

    def retain(self, first: int) -> None:
        """Delete what lies before an offset; those who have read it remember it."""
        self.start = max(self.start, first)

    def compact(self, upto: int, now: Instant) -> int:
        """Drop what newer values of a key replace, aborted records, old tombstones and markers.

        The last offset always stays. Returns how many holes it made.
        """
        last: dict[bytes | None, int] = {}
        upto = min(upto, self.stable_end, self.end - 1)
        for offset, _, write in self.committed(0, upto):
            last[write.key] = offset
        holes = 0
        for offset in range(upto):
            slot = self._slots[offset]
            if slot is not None and not self._stays(slot, offset, last, now):
                self._slots[offset] = None
                holes += 1
        return holes

    def _stays(self, slot: Slot, offset: int, last: dict[bytes | None, int], now: Instant) -> bool:
        if slot.write is not None and last.get(slot.write.key) != offset:
            return False
        if slot.write is not None and slot.write.value is not None:
            return True
        return now - self._met_at.setdefault(offset, now) < TOMBSTONES_KEPT_MS

    def _stabilise(self, at: Instant) -> None:
        self.visible_at.extend([at] * (self.stable_end - len(self.visible_at)))
