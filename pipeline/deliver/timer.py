"""One call in the future, at the earliest instant that anybody asked for."""

import asyncio
from collections.abc import Callable
from typing import Final

LEAST_S: Final = 0.001
"""A shorter wait is rounding, and would be waited for again and again."""


class Timer:
    """Calls back on the loop in which it was made; asked again, it keeps the earlier time."""

    def __init__(self, call: Callable[[], None]) -> None:
        self._call = call
        # To ask for the running loop takes a system call.
        self._loop = asyncio.get_running_loop()
        self._handle: asyncio.Handle | None = None
        self._at = 0.0

    def now(self) -> None:
        """Call in this turn of the loop."""
        if self._handle is None or self._at:
            self._ask(0.0)

    def within(self, wait_s: float) -> None:
        """Call after *wait_s* seconds at the latest."""
        self._ask(max(LEAST_S, wait_s))

    def _ask(self, wait_s: float) -> None:
        loop = self._loop
        at = loop.time() + wait_s if wait_s else 0.0
        if self._handle is not None:
            if self._at <= at:
                return
            self._handle.cancel()
        self._at = at
        self._handle = loop.call_later(wait_s, self._due) if wait_s else loop.call_soon(self._due)

    def _due(self) -> None:
        self._handle = None
        self._call()
