"""Workers that pace themselves at a destination with a bucket of tokens, in virtual time."""

import heapq
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Final

from pipeline.deliver.pacing import Pacing

LIMIT: Final = 100.0
"""Requests a second that the destination takes."""
BURST: Final = 10.0
IN_FLIGHT_MAX: Final = 16
SECONDS: Final = 60.0
WARM_S: Final = 10.0
_ANSWER_S, _KEEP_S, _TICK_S = 0.05, 0.01, 0.001


def played(workers: int, *, told: float | None) -> tuple[float, float]:
    """The part of the limit that was used, and the part of the answers that were 429."""
    bucket, play = Bucket(), Play()
    for number in range(workers):
        pacing = Pacing(told)
        pacing.shared(1 / workers)
        play.at(0.3 * number, Paced(pacing, bucket, play).turn)
    play.run(SECONDS)
    return bucket.taken / (LIMIT * (SECONDS - WARM_S)), bucket.refused / bucket.taken


class Play:
    """Calls what is due, in order."""

    def __init__(self) -> None:
        self.now = 0.0
        self.dice = Random(1)
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0

    def at(self, instant: float, call: Callable[[], None]) -> None:
        """Call at an instant."""
        self._count += 1
        heapq.heappush(self._due, (instant, self._count, call))

    def run(self, until: float) -> None:
        """Play so long."""
        while self._due and self._due[0][0] <= until:
            self.now, _, call = heapq.heappop(self._due)
            call()


@dataclass
class Bucket:
    """The destination; it counts when all have warmed up."""

    tokens: float = BURST
    filled_at: float = 0.0
    taken: int = 0
    refused: int = 0

    def takes(self, now: float) -> bool:
        """Whether there is a token left for a request."""
        self.tokens = min(BURST, self.tokens + (now - self.filled_at) * LIMIT)
        self.filled_at = now
        taken = self.tokens >= 1
        self.tokens -= taken
        if now >= WARM_S:
            self.taken += taken
            self.refused += not taken
        return taken


@dataclass
class Paced:
    """A worker that always has something to send."""

    pacing: Pacing
    bucket: Bucket
    play: Play
    in_flight: int = 0
    turn_at: float = field(default=-math.inf)

    def turn(self) -> None:
        """Send what may leave, and come back when more may."""
        now = self.play.now
        while self.in_flight < IN_FLIGHT_MAX and self.pacing.wait_s(now) == 0:
            self.pacing.spend(now)
            self.in_flight += 1
            self.play.at(now + self.play.dice.uniform(0.0003, 0.002), self._arrive)
        if self.in_flight < IN_FLIGHT_MAX and self.turn_at <= now:
            self.turn_at = now + max(_TICK_S, self.pacing.wait_s(now))
            self.play.at(self.turn_at, self.turn)

    def _arrive(self) -> None:
        taken = self.bucket.takes(self.play.now)
        self.play.at(self.play.now + _ANSWER_S, partial(self._answered, taken))

    def _answered(self, taken: bool) -> None:
        if taken:
            self.pacing.accepted(self.play.now)
            self.play.at(self.play.now + _KEEP_S, self._kept)
        else:
            self.pacing.throttled(self.play.now, 1)
            self._kept()

    def _kept(self) -> None:
        self.in_flight -= 1
        self.turn()
