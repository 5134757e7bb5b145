"""Which guest may go next: one lane a guest, one step at a time, in the order of the records."""

import heapq
from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum

from pipeline.deliver.waits import Closed
from pipeline.record import GuestId, Instant, Record
from pipeline.sitecore.delivery import Delivery
from pipeline.sitecore.owed import Owed
from pipeline.sitecore.tries import GIVEN_UP


@dataclass(slots=True)
class Item:
    """A record in hand; what it says is read when its turn comes."""

    record: Record
    size: int
    """Bytes, as counted for what is in hand."""
    sequence: int = 0
    """Rises with every record of the guest; 0: it has none, as one that was replayed."""
    erases: bool = False
    came_at: float = 0.0
    """When it came in hand, in seconds of a monotonic clock."""
    owed: Owed | None = None
    """None until its turn, and where it cannot be read."""


class Place(StrEnum):
    """Where a lane is."""

    READY = "ready"
    """In the queue."""
    ASLEEP = "asleep"
    """Waiting for an instant."""
    BUSY = "busy"
    """A step is under way."""
    GONE = "gone"
    """Its partition is no longer ours, or nothing of it is left."""


@dataclass(slots=True, eq=False)
class Lane:
    """A guest with unfinished records."""

    partition: int
    guest: GuestId
    delivery: Delivery
    items: deque[Item] = field(default_factory=deque)
    """Unfinished records, the oldest first."""
    assignment: int = 0
    """Which of our times with the partition it belongs to."""
    place: Place = Place.READY
    suspect: bool = False
    """Whether the first request may repeat one of an owner that did not end well."""
    may_have_left: bool = False
    """Whether the first record was under way then: an order of it may have left in any form."""
    erasures: int = 0
    """Erasures among the items: while there are any, nothing of the guest starts."""
    ticket: int = 0
    """Which of its waits is the last one; earlier ones in the heap are void."""
    waits_since: Closed | None = None
    """What was waited for in all when it began to wait for its turn; None: it did not wait."""

    @property
    def was_refused(self) -> bool:
        """Whether Sitecore refused the first record: no rule that asks nobody, and no silence."""
        head = self.delivery.head
        return head is not None and head.refusal is not None and head.refusal.rule not in GIVEN_UP

    def forget_refusal(self) -> None:
        """Let the first record be asked again as if it had not been refused."""
        if (head := self.delivery.head) is not None:
            self.delivery = self.delivery._replace(head=head._replace(refusal=None))

    def pop(self) -> Item:
        """Take away the first record: it is finished."""
        item = self.items.popleft()
        self.may_have_left = False
        self.erasures -= item.erases
        return item


class Lanes:
    """All lanes of this worker; fair between partitions, and within one between guests.

    Thousands of lanes that wait cost memory only: each wait is one heap entry.
    """

    def __init__(self) -> None:
        self._lanes: dict[int, dict[GuestId, Lane]] = {}
        self._ready: dict[int, deque[Lane]] = {}
        self._rotation: deque[int] = deque()
        self._admitted: set[int] = set()
        self._wakes: list[tuple[Instant, int, Lane]] = []
        self._tickets = 0
        self._queued: list[Lane] = []
        """Those queued since it was last said that they wait."""
        self.asleep = 0
        """Lanes that wait for an instant."""

    def at(self, partition: int, guest: GuestId) -> Lane | None:
        """The guest's lane; None when nothing of it is in hand."""
        return self._lanes.get(partition, {}).get(guest)

    def open(self, partition: int, guest: GuestId, delivery: Delivery) -> Lane:
        """Begin a lane, without records yet; it is queued when the first one comes."""
        lane = Lane(partition, guest, delivery)
        self._lanes.setdefault(partition, {})[guest] = lane
        return lane

    def occupy(self, partition: int, guest: GuestId, delivery: Delivery) -> Lane:
        """Begin a lane that is busy, though nothing of the guest is in hand."""
        lane = self.open(partition, guest, delivery)
        lane.place = Place.BUSY
        return lane

    def add(self, lane: Lane, item: Item) -> None:
        """Put a record behind the others of its guest."""
        lane.items.append(item)
        lane.erasures += item.erases
        if len(lane.items) == 1 and lane.place is Place.READY:
            self._queue(lane)

    def admit(self, partition: int) -> None:
        """Let lanes of a partition go from now on."""
        if partition not in self._admitted:
            self._admitted.add(partition)
            if self._ready.get(partition):
                self._rotation.append(partition)

    def close(self, partition: int) -> None:
        """Let no lane of a partition start anything any more; forget those that do nothing."""
        self._admitted.discard(partition)
        if partition in self._rotation:
            self._rotation.remove(partition)
        self._ready.pop(partition, None)
        for lane in self._lanes.pop(partition, {}).values():
            self._rouse(lane)
            lane.place = Place.GONE

    def take(self) -> Lane | None:
        """The next lane whose turn it is, now busy; None when there is none."""
        if not self._rotation:
            return None
        partition = self._rotation.popleft()
        ready = self._ready[partition]
        lane = ready.popleft()
        if ready:
            self._rotation.append(partition)
        lane.place = Place.BUSY
        return lane

    def claim(self, lane: Lane) -> bool:
        """Make a lane busy out of turn; False when it is busy, or may not start anything."""
        if lane.partition not in self._admitted or lane.place in {Place.BUSY, Place.GONE}:
            return False
        self.rouse(lane)
        self._unqueue(lane)
        lane.place = Place.BUSY
        return True

    def back(self, lane: Lane) -> None:
        """End the step of a busy lane: it queues behind all others, or is gone when empty."""
        if lane.place is not Place.BUSY:
            return
        if lane.items:
            lane.place = Place.READY
            self._queue(lane)
        else:
            lane.place = Place.GONE
            del self._lanes[lane.partition][lane.guest]

    def sleep(self, lane: Lane, until: Instant) -> None:
        """End the step of a busy lane: it queues again at an instant."""
        if lane.place is not Place.BUSY:
            return
        lane.place = Place.ASLEEP
        self.asleep += 1
        self._tickets += 1
        lane.ticket = self._tickets
        heapq.heappush(self._wakes, (until, self._tickets, lane))

    def rouse(self, lane: Lane) -> None:
        """Queue a lane that sleeps, whatever it waits for."""
        if lane.place is Place.ASLEEP:
            self._rouse(lane)
            lane.place = Place.READY
            self._queue(lane)

    def wake(self, now: Instant) -> None:
        """Queue every lane whose instant has come."""
        while self._wakes and self._wakes[0][0] <= now:
            _, ticket, lane = heapq.heappop(self._wakes)
            if lane.ticket == ticket:
                self.rouse(lane)

    def next_wake(self) -> Instant | None:
        """When the next lane wakes; None: none sleeps."""
        while self._wakes and self._wakes[0][2].ticket != self._wakes[0][1]:
            heapq.heappop(self._wakes)
        return self._wakes[0][0] if self._wakes else None

    def ready(self) -> bool:
        """Whether any lane could take a step now."""
        return bool(self._rotation)

    def wait(self, closed: Closed) -> None:
        """Note that lanes queued since the last time have not had their turn, and wait for it."""
        for lane in self._queued:
            if lane.place is Place.READY:
                lane.waits_since = closed
        self._queued.clear()

    def __len__(self) -> int:
        return sum(len(lanes) for lanes in self._lanes.values())

    def _queue(self, lane: Lane) -> None:
        ready = self._ready.setdefault(lane.partition, deque())
        ready.append(lane)
        lane.waits_since = None
        self._queued.append(lane)
        if len(ready) == 1 and lane.partition in self._admitted:
            self._rotation.append(lane.partition)

    def _unqueue(self, lane: Lane) -> None:
        ready = self._ready[lane.partition]
        ready.remove(lane)
        if not ready:
            self._rotation.remove(lane.partition)

    def _rouse(self, lane: Lane) -> None:
        if lane.place is Place.ASLEEP:
            self.asleep -= 1
            lane.ticket = 0
