"""Whether the destination is there and takes what we say: outages, holds, and how they end.

All instants are seconds of one monotonic clock.
"""

import math
from enum import StrEnum

from pipeline.record import GuestId
from pipeline.sitecore.outcome import (
    Delivered,
    Issued,
    Outcome,
    Refused,
    Retry,
    SetUp,
    Throttle,
    Unknown,
)

PROBE_FIRST_S = 1.0
PROBE_MAX_S = 60.0
"""Time between probes: it doubles from the first to the latter."""
REFUSED_GUESTS_MAX = 20
"""Refusals of so many different guests without one acceptance are no fault of the messages."""


class State(StrEnum):
    """How requests may leave."""

    CLOSED = "closed"
    """Freely."""
    OUTAGE = "outage"
    """One at a time: nobody answers."""
    HELD = "held"
    """One at a time: somebody answers, and takes nothing. A person must look."""


class Hold(StrEnum):
    """Why everything is held."""

    SET_UP = "set_up"
    """The destination does not know us: key, address or rights."""
    REFUSALS = "refusals"
    """It refuses every guest."""


class Verdict(StrEnum):
    """What an outcome means for the delivery that was tried."""

    COUNTS = "counts"
    EXCUSED = "excused"
    """The failure is the destination's: it counts for nothing in giving up."""
    VOID = "void"
    """As if it had not been tried: nothing is set aside now."""


class Breaker:
    """Opens on failures without a success; then one real message at a time finds out.

    While it is open nothing is set aside and no failed try counts.
    """

    def __init__(self, failures_max: int, retry_after_max_s: float) -> None:
        """Set when it opens.

        Args:
            failures_max: Consecutive failures. Must not exceed the tries after which a message of
                unknown outcome is given up, or an outage would set messages aside.
            retry_after_max_s: A destination that asks for a longer pause has an outage.
        """
        self._failures_max = failures_max
        self.retry_after_max_s = retry_after_max_s
        self._failures = 0
        self._refused: set[GuestId] = set()
        self._probing = False
        self._probe_at = -math.inf
        self._probe_wait_s = PROBE_FIRST_S
        self._outage = False
        self.held: Hold | None = None
        """Why everything is held; None: it is not."""

    @property
    def state(self) -> State:
        """How requests may leave now."""
        if self.held is not None:
            return State.HELD
        return State.OUTAGE if self._outage else State.CLOSED

    def wait_s(self, now: float) -> float:
        """How long to wait before the next request may start; infinity while one is probing."""
        if not self._outage and self.held is None:
            return 0.0
        return math.inf if self._probing else max(0.0, self._probe_at - now)

    def start(self) -> bool:
        """Count a request that starts; True when it is a probe."""
        self._probing = self.state is not State.CLOSED
        return self._probing

    def hold(self, why: Hold, now: float) -> None:
        """Hold everything; a probe may go at once when this was read from an earlier life."""
        if self.held is None:
            self._probe_wait_s, self._probe_at = PROBE_FIRST_S, now
        self.held = why

    def dropped(self, *, probe: bool) -> None:
        """Learn that a request was cut: it has no outcome."""
        if probe:
            self._probing = False

    def judged(self, guest: GuestId, outcome: Outcome, *, probe: bool, now: float) -> Verdict:
        """Learn from an outcome, and say what it means for its delivery."""
        if probe:
            self._probing = False
        match outcome:
            case Retry() | Unknown():
                return self._failed(now, probe=probe)
            case SetUp():
                self._hold(Hold.SET_UP, now, probe=probe)
                return Verdict.VOID
            case Refused():
                return self._refusal(guest, now, probe=probe)
        before = self.state
        self._heard(outcome, now)
        if probe and self.state is before:
            self._probe_later(now)
        return Verdict.COUNTS

    def _heard(self, outcome: Outcome, now: float) -> None:
        match outcome:
            case Delivered():
                self._recovered()
            case Throttle(after_s=after_s) if after_s > self.retry_after_max_s:
                self._open(now, after_s)
            case _:
                self._answered(issued=isinstance(outcome, Issued))

    def _recovered(self) -> None:
        self._failures, self._outage, self.held = 0, False, None
        self._refused.clear()

    def _answered(self, *, issued: bool) -> None:
        # A browser id says that we are known, not that our messages are right.
        if issued and self.held is Hold.SET_UP:
            self.held = None
        self._failures, self._outage = 0, False

    def _failed(self, now: float, *, probe: bool) -> Verdict:
        if self.state is State.CLOSED:
            self._failures += 1
            if self._failures < self._failures_max:
                return Verdict.COUNTS
            self._open(now, PROBE_FIRST_S)
        elif probe:
            self._probe_later(now)
        return Verdict.EXCUSED

    def _refusal(self, guest: GuestId, now: float, *, probe: bool) -> Verdict:
        self._answered(issued=False)
        self._refused.add(guest)
        if self.held is None and len(self._refused) < REFUSED_GUESTS_MAX:
            return Verdict.COUNTS
        self._hold(self.held or Hold.REFUSALS, now, probe=probe)
        return Verdict.VOID

    def _hold(self, why: Hold, now: float, *, probe: bool) -> None:
        fresh = self.held is None
        self.held, self._outage, self._failures = why, False, 0
        if fresh:
            self._probe_wait_s = PROBE_FIRST_S
            self._probe_at = now + PROBE_FIRST_S
        elif probe:
            self._probe_later(now)

    def _open(self, now: float, wait_s: float) -> None:
        self._outage = True
        self._probe_wait_s = PROBE_FIRST_S
        self._probe_at = max(self._probe_at, now + wait_s)

    def _probe_later(self, now: float) -> None:
        self._probe_wait_s = min(PROBE_MAX_S, 2 * self._probe_wait_s)
        self._probe_at = max(self._probe_at, now + self._probe_wait_s)
