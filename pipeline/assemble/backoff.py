"""After a batch that was not kept: back to where it began, and a while later on."""

from collections.abc import Mapping
from typing import Final

from pipeline.assemble.clock import Clock
from pipeline.assemble.log import Input, Log

RETRY_FIRST_S: Final = 0.1
RETRY_MAX_S: Final = 5.0
_DOUBLINGS_MAX: Final = 10


class Backoff:
    """Reads nothing for a while, longer after each failure, and stays a member meanwhile."""

    def __init__(self, log: Log, clock: Clock) -> None:
        self._log = log
        self._clock = clock
        self._failures = 0
        self._resume_at: float | None = None

    def failed(self, offsets: Mapping[Input, int]) -> None:
        """Go back to the offsets named, and pause."""
        self._log.seek(offsets)
        backoff_s = min(RETRY_MAX_S, RETRY_FIRST_S * 2 ** min(self._failures, _DOUBLINGS_MAX))
        self._failures += 1
        self._resume_at = self._clock.elapsed_s() + backoff_s
        self._log.pause()

    def kept(self) -> None:
        """Forget the failures."""
        self._failures = 0

    def turned(self) -> None:
        """Read on when it is time."""
        if self._resume_at is not None and self._clock.elapsed_s() >= self._resume_at:
            self._resume_at = None
            self._log.resume()
