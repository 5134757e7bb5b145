"""How fast requests may leave: what was configured, or what the destination taught us.

All instants are seconds of one monotonic clock.
"""

import math
from collections import deque

from pipeline.deliver.learned import Learned

BURST_S = 0.05
"""How much unused rate is kept: requests may come in bursts of that much time."""
MARGIN = 0.1
"""Part added to every pause that the destination asks for; clocks differ and so do servers."""
MARGIN_MIN_S = 0.25
LEARN_S = 5.0
"""Time over which accepted requests and 429s are counted."""
FACTOR_MIN = 0.05
RECOVERY_PER_S = 0.02
"""How fast the factor rises again while no 429 comes."""
_TICK_S = 0.25
_ALMOST = 1e-6
"""Of a token: what rounding may cost."""


class _Recent:
    """How often something happened lately."""

    __slots__ = ("_ticks", "count")

    def __init__(self) -> None:
        self._ticks: deque[list[float]] = deque()
        """Begin of each short time, and how often in it."""
        self.count = 0.0

    def add(self, now: float) -> None:
        self.count += 1
        if self._ticks and now < self._ticks[-1][0] + _TICK_S:
            self._ticks[-1][1] += 1
        else:
            self.forget(now - LEARN_S)
            self._ticks.append([now, 1])

    def forget(self, before: float) -> None:
        while self._ticks and self._ticks[0][0] < before:
            self.count -= self._ticks.popleft()[1]

    def per_s(self, now: float) -> float:
        """Its rate since the first time that is remembered."""
        return self.count / max(4 * _TICK_S, now - self._ticks[0][0]) if self._ticks else 0.0


class Pacing:
    """A token bucket for this worker's share of the group's rate, and a pause for all of it."""

    def __init__(self, requests_per_s: float | None) -> None:
        """Begin with an empty bucket; None: no limit until the first 429."""
        self._configured = requests_per_s
        self._learned: Learned | None = None
        self._share = 1.0
        self._factor = 1.0
        self._tokens = 0.0
        self._filled_at = -math.inf
        self._paused_until = -math.inf
        self._slowed_at = -math.inf
        self._accepted = _Recent()
        self._throttled = _Recent()

    @property
    def rate(self) -> float | None:
        """Requests a second that this worker may send now; None: no limit."""
        if self._configured is not None:
            return self._configured * self._share * self._factor
        return None if self._learned is None else self._learned.rate * self._share

    def shared(self, share: float) -> None:
        """Take the part of the group's rate that belongs to our part of the partitions."""
        self._share = share

    def pause_s(self, now: float) -> float:
        """How long the destination wants to be left alone yet; 0: it does not."""
        return max(0.0, self._paused_until - now)

    def wait_s(self, now: float) -> float:
        """How long to wait before the next request may start; 0: it may start now."""
        if now < self._paused_until:
            return self._paused_until - now
        rate = self.rate
        if rate is None:
            return 0.0
        if rate == 0:
            return math.inf
        self._fill(now, rate)
        return 0.0 if self._tokens >= 1 - _ALMOST else (1 - self._tokens) / rate

    def spend(self, now: float) -> None:
        """Count a request that starts."""
        rate = self.rate
        if rate is not None:
            self._fill(now, rate)
            self._tokens -= 1
            if self._learned is not None and self._tokens < 1:
                self._learned.used_up(now)

    def accepted(self, now: float) -> None:
        """Count a request that was answered, whatever the answer, but for 429."""
        self._accepted.add(now)
        if self._slowed_at != -math.inf:
            self._recover(now)

    def throttled(self, now: float, after_s: float) -> None:
        """Pause everything, and go on more slowly, with an empty bucket."""
        self._throttled.add(now)
        until = now + after_s + max(MARGIN_MIN_S, after_s * MARGIN)
        # The answers to requests that left before the pause say nothing new.
        if now >= self._paused_until:
            self._slow_down(now)
        self._paused_until = max(self._paused_until, until)
        self._filled_at = self._paused_until
        self._tokens = 0.0

    def _slow_down(self, now: float) -> None:
        self._accepted.forget(now - LEARN_S)
        self._throttled.forget(now - LEARN_S)
        if self._configured is not None:
            share = self._throttled.count / (self._throttled.count + self._accepted.count)
            self._factor = max(FACTOR_MIN, self._factor * (1 - share / 2))
            self._slowed_at = now
        elif self._learned is None:
            self._learned = Learned(self._accepted.per_s(now) / (self._share or 1.0))
        else:
            self._learned.throttled()

    def _recover(self, now: float) -> None:
        """Rise to the configured rate again."""
        since = now - self._slowed_at
        if since >= 1:
            self._factor = min(1.0, self._factor * (1 + RECOVERY_PER_S * since))
            self._slowed_at = now

    def _fill(self, now: float, rate: float) -> None:
        most = max(1.0, rate * BURST_S)
        since = 0.0 if self._filled_at == -math.inf else max(0.0, now - self._filled_at)
        self._tokens = min(most, self._tokens + since * rate)
        self._filled_at = max(now, self._filled_at)
