"""Whether a request may start now: slots, lease, breaker and pacing together.

All instants are seconds of one monotonic clock.
"""

import math

from pipeline.deliver.breaker import Breaker, State, Verdict
from pipeline.deliver.lease import Lease
from pipeline.deliver.pacing import Pacing
from pipeline.record import GuestId
from pipeline.sitecore.outcome import Outcome, Retry, Throttle, Unknown


class Gate:
    """Every request passes here before it starts and after it was answered."""

    def __init__(
        self, *, in_flight_max: int, lease: Lease, breaker: Breaker, pacing: Pacing
    ) -> None:
        self._in_flight_max = in_flight_max
        self.lease = lease
        self.breaker = breaker
        self.pacing = pacing
        self.in_flight = 0
        """Steps under way: requests whose answer is not yet kept, and other writes."""

    def wait_s(self, now: float) -> float:
        """How long until a step may start; 0: now; infinity: something must happen first."""
        if self.in_flight >= self._in_flight_max or not self.lease.holds(now):
            return math.inf
        return max(self.breaker.wait_s(now), self.pacing.wait_s(now))

    def cause(self, now: float) -> str | None:
        """Why nothing may start, as a label value; None: something may."""
        if self.in_flight >= self._in_flight_max:
            return "slots"
        if not self.lease.holds(now):
            return "lease"
        if self.breaker.wait_s(now) > 0:
            return self.breaker.state.value
        if self.pacing.pause_s(now) > 0:
            return "throttle"
        return "pacing" if self.pacing.wait_s(now) > 0 else None

    def start(self, now: float) -> bool:
        """Count a request that starts; True when it is a probe."""
        self.pacing.spend(now)
        return self.breaker.start()

    def judged(self, guest: GuestId, outcome: Outcome, *, probe: bool, now: float) -> Verdict:
        """Learn from an outcome, and say what it means for its delivery."""
        if isinstance(outcome, Throttle):
            self._throttled(outcome, now)
        elif not isinstance(outcome, Retry | Unknown):
            self.pacing.accepted(now)
        return self.breaker.judged(guest, outcome, probe=probe, now=now)

    @property
    def state(self) -> State:
        """How requests leave."""
        return self.breaker.state

    def _throttled(self, outcome: Throttle, now: float) -> None:
        # A longer pause than we accept is an outage, which the breaker waits out.
        if outcome.after_s <= self.breaker.retry_after_max_s:
            self.pacing.throttled(now, outcome.after_s)
