"""The connections with a request under way, and how long each may still take."""

import asyncio
import math
from collections.abc import Iterator
from typing import Final

from pipeline.sitecore.http_connection import Connection
from pipeline.sitecore.http_port import Unanswered

_PAUSE_S: Final = 0.01
"""Between two looks at thousands of requests that end one after the other."""


class Busy:
    """Ends what takes too long, by one timer for all: one each would cost a tenth of a request."""

    def __init__(self) -> None:
        self._until: dict[Connection, float] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._look_at = math.inf

    def __iter__(self) -> Iterator[Connection]:
        return iter(tuple(self._until))

    def add(self, connection: Connection, until: float) -> None:
        """A request has begun, which ends then by the loop's clock, at the latest."""
        self._until[connection] = until
        if until < self._look_at:
            self._arm(until)

    def remove(self, connection: Connection) -> None:
        """Its request has ended."""
        del self._until[connection]

    def close(self) -> None:
        """End every request."""
        for connection in self:
            connection.end(Unanswered.CLOSED)
        if self._timer is not None:
            self._timer.cancel()

    def _look(self) -> None:
        self._timer, self._look_at = None, math.inf
        now = asyncio.get_running_loop().time()
        later = math.inf
        for connection, until in self._until.items():
            if until <= now:
                connection.end(Unanswered.TIMEOUT)
            else:
                later = min(later, until)
        if later < math.inf:
            self._arm(max(later, now + _PAUSE_S))

    def _arm(self, at: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._look_at = at
        self._timer = asyncio.get_running_loop().call_at(at, self._look)
