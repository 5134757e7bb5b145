"""What one transaction is about to change: nothing of it is visible before it is kept."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from pipeline.assemble import state
from pipeline.assemble.log import Input
from pipeline.assemble.outputs import Outputs
from pipeline.assemble.partition import BEGAN_KEY, Partition
from pipeline.assemble.waits import ended
from pipeline.errors import RecordError
from pipeline.kafka.entries import Write
from pipeline.orders.guest import Step
from pipeline.record import GuestId, Instant, Position, Record

TIMER: Final = "timer"


class Pending:
    """A guest as this batch leaves it."""

    __slots__ = ("_before", "_partition", "_step", "guest", "guest_id", "value")

    def __init__(self, partition: Partition, guest_id: GuestId) -> None:
        self._partition = partition
        self._step: Step | None = None
        self.guest_id = guest_id
        self.guest = self._before = partition.guest(guest_id)
        self.value: bytes | None = None
        """The guest as bytes, once it is written."""

    @property
    def wake_at(self) -> Instant | None:
        """The guest's next timer."""
        return self._step.wake_at if self._step is not None else self._wake_before()

    @property
    def is_same(self) -> bool:
        """Whether there is nothing to write."""
        return self.guest is self._before and self.wake_at == self._wake_before()

    def take(self, step: Step) -> None:
        """Go on from what an event or a timer has made of the guest."""
        self._step = step
        self.guest = step.guest

    def _wake_before(self) -> Instant | None:
        return None if self._before is None else self._partition.wake_at(self.guest_id)


class Batch:
    """Steps of guests, what they owe, and how far the inputs were read.

    To undo a batch is to drop it, and to seek back to the partitions' positions.
    """

    def __init__(self, active: Mapping[int, Partition], outputs: Outputs) -> None:
        """Begin with nothing.

        Args:
            active: The partitions that are ours and restored; of any other, records are dropped.
            outputs: Turns what is owed and set aside into records.
        """
        self._active = active
        self._outputs = outputs
        self._positions: dict[int, dict[str, int]] = {}
        self._pending: dict[int, dict[GuestId, Pending]] = {}
        self._writes: list[Write] = []
        self._touched: set[int] = set()
        self.outcomes: Counter[tuple[str, str]] = Counter()
        """What became of records and timers: by topic, or "timer"."""
        self.owed: Counter[str] = Counter()
        """How much is owed of each kind."""
        self.repeats: Counter[str] = Counter()
        """Events that were known already, by the name of their class."""
        self.waits: list[tuple[str, float]] = []
        """Waits that ended: what an order lacked, and for how many seconds."""
        self.refused: list[tuple[str, Position]] = []
        """What was set aside: why, and where it lies."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to be kept."""
        return not self._touched

    @property
    def records(self) -> int:
        """How many records and timers it holds."""
        return self.outcomes.total()

    def partition_of(self, position: Position) -> Partition | None:
        """The partition whose turn this record is.

        None for what has just been taken away, and for what was read twice
        because it was taken away and given back.
        """
        partition = self._active.get(position.partition)
        if partition is None:
            return None
        reached = self.positions(partition).get(position.topic)
        return None if reached is None or position.offset < reached else partition

    def pending(self, partition: Partition, guest_id: GuestId) -> Pending:
        """A guest, as the batch has left it so far."""
        number = partition.number
        guests = self._pending.get(number)
        if guests is None:
            guests = self._pending[number] = {}
        pending = guests.get(guest_id)
        if pending is None:
            pending = guests[guest_id] = Pending(partition, guest_id)
        return pending

    def positions(self, partition: Partition) -> dict[str, int]:
        """How far a partition was read, by topic, as the batch has left it so far."""
        found = self._positions.get(partition.number)
        if found is None:
            found = self._positions[partition.number] = dict(partition.positions)
        return found

    def take(self, partition: Partition, record: Record, pending: Pending, step: Step) -> None:
        """Add what an event has made of its guest."""
        self._settle(partition.number, pending, step)
        self._pass(partition, record, step.became.value)

    def wake(self, partition: Partition, pending: Pending, step: Step) -> None:
        """Add what a timer has made of its guest."""
        self._settle(partition.number, pending, step)
        self._touched.add(partition.number)
        self.outcomes[TIMER, step.became.value] += 1

    def refuse(self, partition: Partition, record: Record, error: RecordError) -> None:
        """Add a record that cannot be read."""
        self._writes.append(self._outputs.unreadable(record, error))
        self.refused.append((error.reason.value, record.position))
        self._pass(partition, record, error.reason.value)

    def reach(self, reached: Mapping[Input, int]) -> None:
        """Note that inputs were read to their present ends."""
        for (topic, number), offset in reached.items():
            partition = self._active.get(number)
            if partition is not None:
                positions = self.positions(partition)
                positions[topic] = max(offset, positions.get(topic, 0))

    def writes(self) -> list[Write]:
        """Everything to be written: what is owed and set aside in order, one state a guest."""
        now = self._outputs.began
        new = (number for number in sorted(self._touched) if self._active[number].began != now)
        writes = [*self._writes, *(self._outputs.state(number, BEGAN_KEY, now) for number in new)]
        for number, pending in self._changed():
            if pending.guest is not None:
                pending.value = state.encode(pending.guest, pending.wake_at)
            writes.append(self._outputs.state(number, pending.guest_id.encode(), pending.value))
        return writes

    def offsets(self) -> dict[Input, int]:
        """The next offsets to read, in every topic of each partition that has changed."""
        return {
            Input(topic, number): offset
            for number in sorted(self._touched)
            for topic, offset in self._positions[number].items()
        }

    def keep(self, mark: str) -> None:
        """Make it visible: Kafka has it, after `writes` and `offsets`, under that mark."""
        for number, pending in self._changed():
            partition = self._active[number]
            if pending.guest is None:
                partition.forget(pending.guest_id)
            elif pending.value is not None:
                partition.put(pending.guest_id, pending.guest, pending.value)
        for number in self._touched:
            self._active[number].began = self._outputs.began
            self._active[number].mark = mark
        self.keep_positions()

    def keep_positions(self) -> None:
        """Make visible how far the inputs were read; enough for an empty batch."""
        for number, positions in self._positions.items():
            self._active[number].positions = positions

    def _changed(self) -> Iterator[tuple[int, Pending]]:
        for number, guests in self._pending.items():
            for pending in guests.values():
                if not pending.is_same:
                    yield number, pending

    def _settle(self, number: int, pending: Pending, step: Step) -> None:
        if pending.guest is not None and pending.guest.waiting:
            self.waits.extend(ended(pending.guest, step))
        pending.take(step)
        for owed in step.owed:
            self._writes.append(self._outputs.owed(number, owed))
            self.owed[type(owed).__name__] += 1
        for one in step.set_aside:
            self._writes.append(self._outputs.set_aside(number, one))
            self.refused.append((one.refusal.rule, one.position))

    def _pass(self, partition: Partition, record: Record, outcome: str) -> None:
        topic, number, offset = record.position
        self.positions(partition)[topic] = offset + 1
        self._touched.add(number)
        self.outcomes[topic, outcome] += 1


def undone(active: Mapping[int, Partition], inputs: Iterable[Input]) -> dict[Input, int]:
    """Where to seek back to, for inputs of a batch that was dropped; not for what is not ours."""
    return {
        one: active[one.partition].positions[one.topic]
        for one in inputs
        if one.partition in active and one.topic in active[one.partition].positions
    }
