"""Fires timers that are due, where nothing that lies unread can speak against them."""

from pipeline.assemble.batch import Batch
from pipeline.assemble.draft import Draft
from pipeline.assemble.log import Log
from pipeline.assemble.membership import Membership
from pipeline.assemble.timers import Gate
from pipeline.orders.advance import wake
from pipeline.orders.policy import OrderPolicy
from pipeline.record import GuestId, Instant, Position


class Firing:
    """Ends the waits of guests, in the batch that has read everything there was to hear."""

    def __init__(
        self, log: Log, members: Membership, *, policy: OrderPolicy, timers_max: int
    ) -> None:
        self._log = log
        self._members = members
        self._policy = policy
        self._timers_max = timers_max

    def fire(self, batch: Batch, now: Instant) -> None:
        """Add to a batch what the timers due at *now* make of their guests.

        Raises:
            UnavailableError: Kafka did not say where its partitions end.
        """
        active = self._members.active
        firsts = {
            number: first
            for number, partition in active.items()
            if (first := partition.timers.first_due(now)) is not None
        }
        self._sample(firsts, now)
        for number in firsts:
            partition, draft = active[number], batch.draft(number)
            gate = partition.gate
            if draft is not None and gate is not None and gate.is_passed(draft.positions):
                most = max(1, self._timers_max - batch.records)
                due = [guest_id for _, guest_id in partition.timers.due(gate.sampled_at, most)]
                self._fire_in(draft, due, gate, batch)

    def _sample(self, firsts: dict[int, Instant], now: Instant) -> None:
        """Ask for the present ends of partitions whose timers came due after the last sample."""
        active, members = self._members.active, self._members
        unknown = [
            number
            for number, first in firsts.items()
            if (gate := active[number].gate) is None or not gate.covers(first)
        ]
        if not unknown:
            return
        ends = self._log.ends([one for number in unknown for one in members.inputs_of(number)])
        for number in unknown:
            sample = {one.topic: ends[one] for one in members.inputs_of(number)}
            active[number].gate = Gate(now, sample)

    def _fire_in(self, draft: Draft, due: list[GuestId], gate: Gate, batch: Batch) -> None:
        """Fire timers of guests: one may be followed by another, or may have moved since."""
        positions = tuple(
            Position(topic, draft.number, offset)
            for topic, offset in sorted(draft.positions.items())
        )
        for guest_id in due:
            guest, due_at = draft.guest(guest_id), draft.wake_at(guest_id)
            while guest is not None and due_at is not None and gate.covers(due_at):
                step = wake(guest, due_at, positions, self._policy)
                batch.wake(draft, guest_id, guest, step)
                if step.wake_at is not None and step.wake_at <= due_at:
                    break
                guest, due_at = step.guest, step.wake_at
