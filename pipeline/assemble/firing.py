"""Fires timers that are due, where nothing that lies unread can speak against them."""

from pipeline.assemble.batch import Batch
from pipeline.assemble.log import Log
from pipeline.assemble.membership import Membership
from pipeline.assemble.partition import Partition
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
        due = {number: p.timers.first_due(now) for number, p in active.items()}
        firsts = {number: first for number, first in due.items() if first is not None}
        self._sample(firsts, now)
        for number in firsts:
            partition = active[number]
            gate = partition.gate
            if gate is not None and gate.is_passed(batch.positions(partition)):
                self._fire_in(partition, gate, batch)

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

    def _fire_in(self, partition: Partition, gate: Gate, batch: Batch) -> None:
        positions = tuple(
            Position(topic, partition.number, offset)
            for topic, offset in sorted(batch.positions(partition).items())
        )
        most = max(1, self._timers_max - batch.records)
        for _, guest_id in partition.timers.due(gate.sampled_at, most):
            # An event of this batch may have moved the timer; one may be followed by another.
            due_at = batch.pending(partition, guest_id).wake_at
            while due_at is not None and gate.covers(due_at):
                step_at = due_at
                due_at = self._wake(partition, guest_id, at=step_at, positions=positions, to=batch)
                if due_at is not None and due_at <= step_at:
                    break

    def _wake(
        self,
        partition: Partition,
        guest_id: GuestId,
        *,
        at: Instant,
        positions: tuple[Position, ...],
        to: Batch,
    ) -> Instant | None:
        pending = to.pending(partition, guest_id)
        if pending.guest is None:
            return None
        step = wake(pending.guest, at, positions, self._policy)
        to.wake(partition, pending, step)
        return step.wake_at
