"""Which partitions are ours, and how far each is on its way to work."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from pipeline import metrics
from pipeline.assemble.clock import SYSTEM
from pipeline.assemble.log import Committed, Input, Log
from pipeline.assemble.outputs import WORKER
from pipeline.assemble.partition import Partition
from pipeline.assemble.start import Beginning
from pipeline.errors import UnavailableError
from pipeline.record import Instant, later

KEPT_S: Final = 3600.0
"""How long the state of a revoked partition is of use: of what was forgotten since, Kafka keeps
a tombstone for a day by default, and whoever reads only what changed must meet it."""


@dataclass(slots=True)
class Restoring:
    """A partition whose guests are being read back."""

    partition: Partition
    committed: dict[Input, Committed | None]
    """What was committed for its inputs, asked for before *end*."""
    beginnings: dict[Input, Beginning]
    """Where to go on with those for which something was."""
    end: int
    """How far the guest states must be read."""
    strange: set[bytes] = field(default_factory=set)
    """Keys with a value that can be no guest's."""

    def take(self, key: bytes, value: bytes | None) -> None:
        """Take over one value of the guest states."""
        try:
            self.partition.take(key, value)
        except UnicodeDecodeError:
            # It may be forgotten further on, as `reset` does.
            self.strange.discard(key)
            if value is not None:
                self.strange.add(key)


@dataclass(slots=True)
class Membership:
    """The bookkeeping of rebalances: nothing is read and nothing decided in a callback.

    A partition number is ours once it is assigned in every commerce topic. One
    turn of the loop ends before the next rebalance is heard of, so nothing is in
    hand when a partition goes: there is nothing to finish, and its state is kept
    aside for the next assignment, of what returns.
    """

    log: Log
    now: Callable[[], Instant] = SYSTEM.now
    joined: bool = False
    """Whether we know what is ours, be it nothing."""
    assigned_inputs: set[Input] = field(default_factory=set)
    active: dict[int, Partition] = field(default_factory=dict)
    restoring: dict[int, Restoring] = field(default_factory=dict)
    fresh: set[int] = field(default_factory=set)
    """Ours, and nothing was done for them yet."""
    leaving: bool = False
    """Nothing that goes now will come back to us."""
    kept: dict[int, Partition] = field(default_factory=dict)
    """Revoked, and still known: of those that return only what changed is read."""

    def assigned(self, inputs: Sequence[Input]) -> None:
        """Note what has become ours."""
        self.joined = True
        self.assigned_inputs.update(inputs)
        numbers = {one.partition for one in inputs}
        whole = {number for number in numbers if self._inputs(number) <= self.assigned_inputs}
        self.fresh |= whole - self.active.keys() - self.restoring.keys()
        since = later(self.now(), -KEPT_S)
        self.kept = {
            number: one
            for number, one in self.kept.items()
            if number in self.fresh and one.kept_at is not None and one.kept_at >= since
        }
        metrics.partitions_changed(WORKER, "assigned", tuple(sorted(whole)))

    def revoked(self, inputs: Sequence[Input]) -> None:
        """Keep the state of what goes aside, with how much of the guest states it holds."""
        gone = self._drop(inputs)
        metrics.partitions_changed(WORKER, "revoked", tuple(sorted(gone)))
        if self.leaving or not gone:
            return
        for one in gone.values():
            one.kept_at = self.now()
        self.kept |= gone
        try:
            self._note_ends({number: one for number, one in gone.items() if one.mark})
        except UnavailableError:
            # Then more is read again than must be.
            return

    def lost(self, inputs: Sequence[Input]) -> None:
        """Drop what others may have changed meanwhile."""
        gone = self._drop(inputs)
        metrics.partitions_changed(WORKER, "lost", tuple(sorted(gone)))

    def inputs_of(self, number: int) -> tuple[Input, ...]:
        """The partition of that number in every commerce topic."""
        return tuple(Input(topic, number) for topic in self.log.topics.commerce)

    def settled(self) -> bool:
        """Whether everything that is ours is at work."""
        return self.joined and not self.fresh and not self.restoring

    def _note_ends(self, written: Mapping[int, Partition]) -> None:
        """Note how much of the guest states is known of those to which we have written.

        Asking may take longer than a session: only where our own offsets are still
        the last after the answer, all that lies before that end is known to us.
        """
        if not written:
            return
        ends = self.log.state_ends(written)
        found = self.log.committed([one for number in written for one in self.inputs_of(number)])
        for number, partition in written.items():
            last = [found[one] for one in self.inputs_of(number)]
            if all(one is not None and one.mark == partition.mark for one in last):
                partition.states_read = ends[number]

    def _inputs(self, number: int) -> set[Input]:
        return set(self.inputs_of(number))

    def _drop(self, inputs: Sequence[Input]) -> dict[int, Partition]:
        """Take partitions out of work, and return those that were at work."""
        self.assigned_inputs.difference_update(inputs)
        gone: dict[int, Partition] = {}
        for number in {one.partition for one in inputs}:
            self.fresh.discard(number)
            self.restoring.pop(number, None)
            self.kept.pop(number, None)
            partition = self.active.pop(number, None)
            if partition is not None:
                gone[number] = partition
        return gone
