"""What happens when: one virtual time for brokers, networks and processes."""

import heapq
import math
from collections.abc import Callable
from typing import Final

from pipeline.record import Instant
from tests.fake_log import FakeClock
from tests.unit.orders.story import START


class Thread:
    """One thread of one process: it can stand still, or be gone."""

    __slots__ = ("is_gone", "until")

    def __init__(self) -> None:
        self.is_gone = False
        self.until = -math.inf
        """It stands still until then."""


NETWORK: Final = Thread()
"""Whatever goes on without any process of ours."""


class Schedule:
    """Virtual time, and what is due at which."""

    def __init__(self) -> None:
        self.clock = FakeClock(START)
        self._due: list[tuple[float, int, Thread, Callable[[], object]]] = []
        self._count = 0

    @property
    def now(self) -> float:
        """Seconds since the beginning."""
        return self.clock.elapsed_s

    def after(self, seconds: float, act: Callable[[], object], thread: Thread = NETWORK) -> None:
        """Let *thread* do something later; not at all when it is gone by then."""
        self._count += 1
        heapq.heappush(self._due, (self.now + seconds, self._count, thread, act))

    def next_at(self) -> float:
        """When something is due; infinity: never."""
        return self._due[0][0] if self._due else math.inf

    def run_one(self) -> None:
        """Do what is due first, unless its thread stands still or is gone."""
        _, number, thread, act = heapq.heappop(self._due)
        if thread.is_gone:
            return
        if thread.until > self.now:
            heapq.heappush(self._due, (thread.until, number, thread, act))
            return
        act()

    def moves_to(self, at: float) -> None:
        """Let time pass."""
        self.clock.elapsed_s = at
        self.clock.now = Instant(START + round(at * 1000))
