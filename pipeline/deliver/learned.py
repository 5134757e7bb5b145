"""A rate that nobody told us, found out from the destination's 429s.

All instants are seconds of one monotonic clock.
"""

import math
from typing import Final

RATE_MIN: Final = 1.0
"""The group is never slowed below one request a second by what it learns."""
DOUBLING_S: Final = 1.0
"""Time in which the first guess doubles, until the next 429 shows that it is too much."""
FALL_FIRST: Final = 0.7
FALL: Final = 0.9
"""Part of the rate that is left after a 429: the first one after the guess, and any other."""
RETURN_S: Final = 30.0
"""Time until the rate is again what it was at the last 429."""
USED_S: Final = 1.0
"""A rate that was not used up for longer shows nothing by being taken."""


class Learned:
    """Falls with each 429, comes back ever more slowly to where that was, then feels its way up.

    Only time in which all of the rate was used counts, so that it does not rise unproven.

    Source: the growth is that of TCP's CUBIC (RFC 9438), with a time that does not depend on size.
    """

    __slots__ = ("_fall", "_guess", "_top", "_used_at", "_used_s")

    def __init__(self, guess: float) -> None:
        """Begin with a guess, which had better be too small."""
        self._guess = max(RATE_MIN, guess)
        self._fall = FALL_FIRST
        self._top: float | None = None
        """The rate at the last 429; None until there is one."""
        self._used_s = 0.0
        """Time in which the rate was used up since then."""
        self._used_at = -math.inf

    @property
    def rate(self) -> float:
        """Requests a second of the whole group."""
        if self._top is None:
            return float(self._guess * 2 ** (self._used_s / DOUBLING_S))
        way = self._used_s / RETURN_S - 1
        return max(RATE_MIN, self._top * (1 + (1 - self._fall) * way**3))

    def used_up(self, now: float) -> None:
        """Note that there was more to send than the rate allowed."""
        self._used_s += min(USED_S, max(0.0, now - self._used_at))
        self._used_at = now

    def throttled(self) -> None:
        """Fall: the destination did not take this much."""
        rate = self.rate
        self._fall = FALL_FIRST if self._top is None else FALL
        self._top, self._used_s = rate, 0.0
