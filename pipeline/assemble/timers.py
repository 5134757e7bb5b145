"""When to look at a guest again, and when it is safe to."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from typing import TypeAlias

from pipeline.record import GuestId, Instant

WakeOf: TypeAlias = Callable[[GuestId], Instant | None]
"""The guest's present timer, by its state; None: it has none, or is forgotten."""


class Timers:
    """Guests of one partition by the time of their next timer.

    The guests' states alone say when a timer is due. Of each guest with a timer
    there is an entry here that is not later than it; entries that turn out to
    be early are moved, those of nobody dropped. So a timer that moves away, as
    the one for idle guests does with every event, costs nothing.
    """

    def __init__(self, wake_of: WakeOf, known: Iterable[tuple[Instant, GuestId]] = ()) -> None:
        self._wake_of = wake_of
        self._heap = list(known)
        heapify(self._heap)

    def __len__(self) -> int:
        return len(self._heap)

    def moved(self, guest: GuestId, before: Instant | None, now: Instant | None) -> None:
        """Note a guest's new timer."""
        if now is not None and (before is None or now < before):
            heappush(self._heap, (now, guest))

    def first_due(self, until: Instant) -> Instant | None:
        """The earliest timer that is due at *until*; None: none is."""
        due = self.due(until, most=1)
        return due[0][0] if due else None

    def due(self, until: Instant, most: int) -> list[tuple[Instant, GuestId]]:
        """The earliest timers that are due at *until*, in order; they stay until they move."""
        found: dict[GuestId, Instant] = {}
        while self._heap and self._heap[0][0] <= until and len(found) < most:
            _, guest = heappop(self._heap)
            wake_at = self._wake_of(guest)
            if wake_at is None or guest in found:
                continue
            if wake_at > until:
                heappush(self._heap, (wake_at, guest))
            else:
                found[guest] = wake_at
        entries = sorted((wake_at, guest) for guest, wake_at in found.items())
        for entry in entries:
            heappush(self._heap, entry)
        return entries


@dataclass(frozen=True, slots=True)
class Gate:
    """How far each source must be read before timers due at *sampled_at* may fire.

    What was published before a timer came due may speak against it, and may lie
    unread: sampling the ends only then, and reading up to them, hears it.
    """

    sampled_at: Instant
    ends: Mapping[str, int]
    """By topic, of this partition number."""

    def covers(self, due_at: Instant) -> bool:
        """Whether the sample was taken when that timer was due already."""
        return due_at <= self.sampled_at

    def is_passed(self, positions: Mapping[str, int]) -> bool:
        """Whether everything up to the sample has been read."""
        return all(positions.get(topic, 0) >= end for topic, end in self.ends.items())
