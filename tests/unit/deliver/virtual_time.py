"""An event loop whose time is moved: whenever nothing is left to do, the next timer is due."""

import asyncio
import selectors
from collections.abc import Mapping
from typing import Any

from pipeline.record import Instant

DAWN_MS = 1_760_000_000_000


class _Jump(selectors.BaseSelector):
    """Never waits: it moves the loop's time instead."""

    def __init__(self) -> None:
        self._real = selectors.DefaultSelector()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = self._real.select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None:
            raise RuntimeError("everything waits, and nothing will happen any more")
        self.now += timeout
        return []

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._real.unregister(fileobj)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._real.get_map()

    def close(self) -> None:
        self._real.close()


class VirtualLoop(asyncio.SelectorEventLoop):
    """Runs at once what takes hours."""

    def __init__(self) -> None:
        self._jump = _Jump()
        super().__init__(self._jump)

    def time(self) -> float:
        """Seconds since the loop was made."""
        return self._jump.now


class VirtualClock:
    """The time of a virtual loop; the dice always fall on the middle."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.frozen_s = 0.0
        """Time that passed while the process was frozen: the loop knows nothing of it."""

    def now(self) -> Instant:
        return Instant(DAWN_MS + round(self.elapsed_s() * 1000))

    def elapsed_s(self) -> float:
        return self._loop.time() + self.frozen_s

    def jitter(self) -> float:
        return 0.5
