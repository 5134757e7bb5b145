"""How far a partition is done, and how much of it is in hand."""

from bisect import bisect_left

from pipeline.record import Instant


class Progress:
    """The contiguous prefix of finished records of one partition, and what lies beyond it.

    Offsets that never held a record for us (transaction markers, aborted and compacted records)
    count as finished as soon as something later was read.
    """

    __slots__ = ("_ends", "_pending", "_starts", "done", "position")

    def __init__(self, start: int) -> None:
        """Begin at the first offset that is not known to be finished."""
        self.done = start
        """Every record below it is finished: what may be committed."""
        self.position = start
        """One past the last offset that was read."""
        # Finished ranges beyond the prefix: sorted, apart from each other, ends not included.
        self._starts: list[int] = []
        self._ends: list[int] = []
        # Unfinished records only: behind one that is stuck for a day pass millions of others.
        self._pending: dict[int, Instant] = {}

    def read(self, offset: int, timestamp: Instant) -> None:
        """Note that a record came.

        Raises:
            ValueError: It does not lie beyond what was read before.
        """
        if offset < self.position:
            raise ValueError(f"offset {offset} was read after {self.position - 1}")
        self.reached(offset)
        self.position = offset + 1
        self._pending[offset] = timestamp

    def reached(self, offset: int) -> None:
        """Note that nothing of ours lies between what was read and *offset*."""
        if offset > self.position:
            self._finish(self.position, offset)
            self.position = offset

    def finish(self, offset: int) -> None:
        """Note that the record at *offset* is finished.

        Raises:
            ValueError: It was never read, or is finished already.
        """
        at = bisect_left(self._ends, offset + 1)
        within = at < len(self._starts) and self._starts[at] <= offset
        if not self.done <= offset < self.position or within:
            raise ValueError(f"offset {offset} is not in hand")
        del self._pending[offset]
        self._finish(offset, offset + 1)

    @property
    def beyond(self) -> tuple[tuple[int, int], ...]:
        """Finished ranges beyond the prefix, ends not included."""
        return tuple(zip(self._starts, self._ends, strict=True))

    @property
    def oldest(self) -> Instant | None:
        """The Kafka timestamp of the first unfinished record; None: there is none."""
        return next(iter(self._pending.values()), None)

    def _finish(self, start: int, end: int) -> None:
        at = bisect_left(self._ends, start)
        if at < len(self._starts) and self._ends[at] == start:
            start = self._starts[at]
            del self._starts[at], self._ends[at]
        if at < len(self._starts) and self._starts[at] == end:
            end = self._ends[at]
            del self._starts[at], self._ends[at]
        if start == self.done:
            self.done = end
        else:
            self._starts.insert(at, start)
            self._ends.insert(at, end)


class InHand:
    """Records read and not yet finished: how many, how large, and whether to read on.

    Reading stops at either limit and goes on at half of both, so that it does not flutter.
    """

    __slots__ = ("_bytes_max", "_records_max", "full", "records", "size")

    def __init__(self, records_max: int, bytes_max: int) -> None:
        self._records_max = records_max
        self._bytes_max = bytes_max
        self.full = False
        """Whether reading is paused."""
        self.records = 0
        self.size = 0
        """Bytes."""

    def taken(self, size: int) -> None:
        """Count one record of *size* bytes."""
        self.records += 1
        self.size += size

    def finished(self, size: int) -> None:
        """Count it no more."""
        self.records -= 1
        self.size -= size

    def turn(self) -> bool | None:
        """Say what to change now: True to pause, False to resume, None for nothing."""
        if not self.full and (self.records >= self._records_max or self.size >= self._bytes_max):
            self.full = True
            return True
        if (
            self.full
            and self.records <= self._records_max // 2
            and self.size <= (self._bytes_max // 2)
        ):
            self.full = False
            return False
        return None
