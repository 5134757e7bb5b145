"""Which partitions of the sources are ours, and how far each was read."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from pipeline import metrics
from pipeline.assemble.log import Input, Log
from pipeline.assemble.start import go_on
from pipeline.metrics import transactions
from pipeline.record import Instant, Position
from pipeline.rekey.outputs import WORKER


@dataclass(slots=True)
class Sources:
    """The bookkeeping of rebalances; one turn of the loop ends before the next is heard of."""

    joined: bool = False
    """Whether we know what is ours, be it nothing."""
    fresh: set[Input] = field(default_factory=set)
    """Ours, and not read yet."""
    positions: dict[Input, int] = field(default_factory=dict)
    """The next offset to read of those that are; all of it is committed."""

    def assigned(self, inputs: Sequence[Input]) -> None:
        """Note what has become ours."""
        self.joined = True
        self.fresh |= set(inputs) - self.positions.keys()
        self._changed("assigned", inputs)

    def revoked(self, inputs: Sequence[Input]) -> None:
        """Drop what goes: everything of it is kept."""
        self._drop(inputs)
        self._changed("revoked", inputs)

    def lost(self, inputs: Sequence[Input]) -> None:
        """Drop what is another's."""
        self._drop(inputs)
        self._changed("lost", inputs)

    def settled(self) -> bool:
        """Whether everything that is ours is read."""
        return self.joined and not self.fresh

    def begin(self, log: Log, start_at: Instant | None) -> None:
        """Read what has become ours from where the group has come to.

        Args:
            log: Kafka.
            start_at: Where a source begins that was never read; None: at its first record.

        Raises:
            UnavailableError: Kafka did not answer; nothing has begun.
            StateError: A source lacks what was read of it already.
        """
        if not self.fresh:
            return
        committed = log.committed(self.fresh)
        known = {one: found.offset for one, found in committed.items() if found is not None}
        new = self.fresh - known.keys()
        begins = log.first_offsets(new, start_at) if new else {}
        if known:
            firsts, ends = log.first_offsets(known, None), log.ends(known)
            for one, offset in known.items():
                name = f"{one.topic}/{one.partition}"
                at = go_on(name, offset, first=firsts[one], end=ends[one])
                if at.expired:
                    metrics.expired(Position(*one, offset), at.expired)
                begins[one] = at.offset
        for one in new:
            transactions.began(one.partition, {one.topic: begins[one]})
        log.start(begins)
        self.positions |= begins
        self.fresh.clear()

    def _drop(self, inputs: Sequence[Input]) -> None:
        self.fresh.difference_update(inputs)
        for one in inputs:
            self.positions.pop(one, None)

    @staticmethod
    def _changed(change: str, inputs: Sequence[Input]) -> None:
        metrics.partitions_changed(WORKER, change, tuple(sorted(one.partition for one in inputs)))
