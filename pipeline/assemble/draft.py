"""One partition as a transaction is about to leave it: nothing is visible before it is kept."""

from pipeline.assemble import state
from pipeline.assemble.partition import Partition
from pipeline.orders.guest import Guest, Step
from pipeline.record import GuestId, Instant


class Draft:
    """What changes in a partition; guests as bytes, as in the partition itself."""

    __slots__ = ("_partition", "_waiting", "number", "positions", "taken_at", "touched", "values")

    def __init__(self, partition: Partition) -> None:
        self._partition = partition
        self._waiting: dict[GuestId, Guest] = {}
        self.number = partition.number
        self.positions = dict(partition.positions)
        """How far it was read, by topic."""
        self.taken_at = partition.taken_at
        self.values: dict[GuestId, bytes | None] = {}
        """The guests that changed; None: one is forgotten."""
        self.touched = False
        """Whether there is something to be kept beside the positions."""

    def is_read(self, topic: str, offset: int) -> bool:
        """Whether a record was read before, or is of a topic that is not ours."""
        reached = self.positions.get(topic)
        return reached is None or offset < reached

    def guest(self, guest_id: GuestId) -> Guest | None:
        """A guest, as it has been left so far.

        Made of its bytes each time: objects that were kept would lie scattered in
        memory, which costs more than making them.
        """
        value = self._value(guest_id)
        return None if value is None else state.decode(value)

    def wake_at(self, guest_id: GuestId) -> Instant | None:
        """The guest's next timer, likewise."""
        value = self._value(guest_id)
        return None if value is None else state.wake_at(value)

    def take(self, guest_id: GuestId, before: Guest | None, step: Step) -> None:
        """Go on from what an event or a timer has made of a guest that was *before*."""
        guest, wake_at = step.guest, step.wake_at
        if guest is before and wake_at == self.wake_at(guest_id):
            return
        self.values[guest_id] = None if guest is None else state.encode(guest, wake_at)
        if guest is not None and guest.waiting:
            self._waiting[guest_id] = guest
        elif self._waiting:
            self._waiting.pop(guest_id, None)

    def keep(self) -> None:
        """Make it visible."""
        partition, waiting = self._partition, self._waiting
        for guest_id, value in self.values.items():
            if value is None:
                partition.forget(guest_id)
            else:
                partition.put(guest_id, value, waiting.get(guest_id))
        partition.positions = self.positions
        partition.taken_at = self.taken_at

    def _value(self, guest_id: GuestId) -> bytes | None:
        values = self.values
        return values[guest_id] if guest_id in values else self._partition.store.get(guest_id)
