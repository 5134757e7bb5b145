"""What one transaction is about to change, in all partitions."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from pipeline.assemble.draft import Draft
from pipeline.assemble.log import Input
from pipeline.assemble.outputs import Outputs
from pipeline.assemble.partition import BEGAN_KEY, Partition
from pipeline.assemble.waits import ended
from pipeline.errors import RecordError
from pipeline.kafka.entries import Write
from pipeline.orders.guest import Guest, Step
from pipeline.record import GuestId, Position, Record
from pipeline.sitecore.owed import OwedOrder, kind_of

TIMER: Final = "timer"


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
        self._drafts: dict[int, Draft] = {}
        self._writes: list[Write] = []
        self.outcomes: Counter[tuple[str, str]] = Counter()
        """What became of records and timers: by topic, or "timer"."""
        self.owed: Counter[str] = Counter()
        """How much is owed of each kind."""
        self.orders: list[OwedOrder] = []
        """The orders among them."""
        self.repeats: Counter[str] = Counter()
        """Events that were known already, by the name of their class."""
        self.waits: list[tuple[str, float]] = []
        """Waits that ended: what an order lacked, and for how many seconds."""
        self.refused: list[tuple[str, Position]] = []
        """What was set aside: why, and where it lies."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to be kept."""
        return not any(draft.touched for draft in self._drafts.values())

    @property
    def records(self) -> int:
        """How many records and timers it holds."""
        return self.outcomes.total()

    def draft(self, number: int) -> Draft | None:
        """A partition, as the batch has left it so far; None for one that is not ours."""
        draft = self._drafts.get(number)
        if draft is None and number in self._active:
            draft = self._drafts[number] = Draft(self._active[number])
        return draft

    def draft_for(self, position: Position) -> Draft | None:
        """The partition whose turn this record is.

        None for what has just been taken away, and for what was read twice
        because it was taken away and given back.
        """
        topic, number, offset = position
        draft = self.draft(number)
        return None if draft is None or draft.is_read(topic, offset) else draft

    def take(
        self, draft: Draft, record: Record, guest_id: GuestId, before: Guest | None, step: Step
    ) -> None:
        """Add what an event has made of its guest, who was *before* in that draft."""
        self._settle(draft, guest_id, before, step)
        self._pass(draft, record, step.became.value)

    def wake(self, draft: Draft, guest_id: GuestId, before: Guest, step: Step) -> None:
        """Add what a timer has made of its guest."""
        self._settle(draft, guest_id, before, step)
        draft.touched = True
        self.outcomes[TIMER, step.became.value] += 1

    def refuse(self, draft: Draft, record: Record, error: RecordError) -> None:
        """Add a record that cannot be read."""
        self._writes.append(self._outputs.unreadable(record, error))
        self.refused.append((error.reason.value, record.position))
        self._pass(draft, record, error.reason.value)

    def reach(self, reached: Mapping[Input, int]) -> None:
        """Note that inputs were read to their present ends."""
        for (topic, number), offset in reached.items():
            draft = self.draft(number)
            if draft is not None:
                draft.positions[topic] = max(offset, draft.positions.get(topic, 0))

    def writes(self) -> list[Write]:
        """Everything to be written: what is owed and set aside in order, one state a guest."""
        state, began = self._outputs.state, self._outputs.began
        writes = self._writes.copy()
        for draft in self._touched():
            number = draft.number
            if self._active[number].began != began:
                writes.append(state(number, BEGAN_KEY, began))
            writes += [
                state(number, guest.encode(), value) for guest, value in draft.values.items()
            ]
        return writes

    def offsets(self) -> dict[Input, int]:
        """The next offsets to read, in every topic of each partition that has changed."""
        return {
            Input(topic, draft.number): offset
            for draft in self._touched()
            for topic, offset in draft.positions.items()
        }

    def keep(self, mark: str) -> None:
        """Make it visible: Kafka has it, after `writes` and `offsets`, under that mark."""
        for draft in self._touched():
            self._active[draft.number].began = self._outputs.began
            self._active[draft.number].mark = mark
        self.keep_positions()

    def keep_positions(self) -> None:
        """Make visible how far the inputs were read; enough for an empty batch."""
        for draft in self._drafts.values():
            draft.keep()

    def _touched(self) -> list[Draft]:
        return [draft for _, draft in sorted(self._drafts.items()) if draft.touched]

    def _settle(self, draft: Draft, guest_id: GuestId, before: Guest | None, step: Step) -> None:
        if before is not None and before.waiting:
            self.waits.extend(ended(before, step))
        draft.take(guest_id, before, step)
        for owed in step.owed:
            self._writes.append(self._outputs.owed(draft.number, owed))
            self.owed[kind_of(owed)] += 1
            if isinstance(owed, OwedOrder):
                self.orders.append(owed)
        for one in step.set_aside:
            self._writes.append(self._outputs.set_aside(draft.number, one))
            self.refused.append((one.refusal.rule, one.position))

    def _pass(self, draft: Draft, record: Record, outcome: str) -> None:
        topic, _, offset = record.position
        draft.positions[topic] = offset + 1
        draft.taken_at = record.timestamp
        draft.touched = True
        self.outcomes[topic, outcome] += 1


def undone(active: Mapping[int, Partition], inputs: Iterable[Input]) -> dict[Input, int]:
    """Where to seek back to, for inputs of a batch that was dropped; not for what is not ours."""
    return {
        one: active[one.partition].positions[one.topic]
        for one in inputs
        if one.partition in active and one.topic in active[one.partition].positions
    }
