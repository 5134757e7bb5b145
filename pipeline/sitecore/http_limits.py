"""Time limits of what is under way, which closing a client ends at once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Limits:
    """Bounds waits, and ends them all."""

    def __init__(self) -> None:
        self._running: set[asyncio.Timeout] = set()

    @asynccontextmanager
    async def until(self, at: float) -> AsyncIterator[None]:
        """Raise TimeoutError at an instant of the loop's clock, or when all are ended."""
        async with asyncio.timeout_at(at) as limit:
            self._running.add(limit)
            try:
                yield
            finally:
                self._running.discard(limit)

    def end(self) -> None:
        """End every wait."""
        for limit in self._running:
            if not limit.expired():
                limit.reschedule(0)
