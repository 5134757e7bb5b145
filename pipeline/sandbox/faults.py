"""Injected faults: what the sandbox does beside, or instead of, what is documented.

Everything that the Stream API does not document (429, 5xx, an unanswered request) happens here
only, when asked for.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from random import Random
from typing import Annotated, NamedTuple

import msgspec

from pipeline.record import Instant, later


class Mishap(StrEnum):
    """What goes wrong with one request."""

    NONE = "none"
    UNAUTHORIZED = "unauthorized"
    """Answered 401, not taken."""
    THROTTLED = "throttled"
    """Answered 429 with Retry-After, not taken."""
    FAIL_BEFORE = "fail_before"
    """Answered 5xx, not taken."""
    FAIL_AFTER = "fail_after"
    """Answered 5xx although it was taken."""
    CUT = "cut"
    """Taken; the connection is aborted instead of an answer."""
    HANG = "hang"
    """Not taken, and no answer until *hang_s* have passed."""


_Chance = Annotated[float, msgspec.Meta(ge=0, le=1)]
_Duration = Annotated[float, msgspec.Meta(ge=0, le=1e6)]


@dataclass(frozen=True, slots=True)
class Faults:
    """How often and how badly things go wrong. Chances exclude each other."""

    latency_ms: _Duration = 0.0
    """Mean delay of an answer; the message was taken before it."""
    jitter_ms: _Duration = 0.0
    """Most that a delay differs from the mean, either way."""
    fail_before: _Chance = 0.0
    """Chance of a 5xx before the message is taken."""
    fail_after: _Chance = 0.0
    """Chance of a 5xx after the message was taken."""
    fail_status: Annotated[int, msgspec.Meta(ge=500, le=599)] = 502
    """The status of both."""
    cut: _Chance = 0.0
    """Chance that the message is taken and the connection aborted."""
    hang: _Chance = 0.0
    """Chance that the message is not taken and nothing is answered."""
    hang_s: _Duration = 60.0
    """How long such a connection stays open."""
    limit_per_s: Annotated[float, msgspec.Meta(ge=1)] | None = None
    """Requests above this rate are answered 429; None: no limit."""
    retry_after_s: Annotated[int, msgspec.Meta(ge=0)] = 1
    """What those answers say in Retry-After."""
    refuse_item_types: tuple[str, ...] = ()
    """Item types whose ADD or ORDER_CHECKOUT is answered 400."""
    unauthorized_for_s: _Duration = 0.0
    """How long, from the moment when it is set, every client key counts as wrong."""


NO_FAULTS = Faults()

_CHANCES = ("fail_before", "fail_after", "cut", "hang")


def changed(faults: Faults, said: object) -> Faults:
    """Change the named faults and leave the others.

    Args:
        said: A parsed JSON object with the names of `Faults`; anything else is refused.

    Raises:
        ValueError: A name is unknown, or a value is not what it may be. The message says which.
    """
    names = {one.name for one in fields(Faults)}
    unknown = said.keys() - names if isinstance(said, dict) else {"not an object"}
    if not isinstance(said, dict) or unknown:
        known = ", ".join(sorted(names))
        raise ValueError(f"not faults: {sorted(map(str, unknown))}; known are {known}")
    return checked({**asdict(faults), **said})


def checked(values: Mapping[str, object]) -> Faults:
    """Build faults that make sense.

    Raises:
        ValueError: They do not; the message says which and why.
    """
    faults = msgspec.convert(values, Faults)
    if sum(getattr(faults, name) for name in _CHANCES) > 1 + 1e-9:
        raise ValueError(f"the chances {', '.join(_CHANCES)} exclude each other: at most 1 in all")
    return faults


class Fate(NamedTuple):
    """What will happen to one request."""

    mishap: Mishap = Mishap.NONE
    delay_s: float = 0.0


class Dice:
    """Draws the fate of each request, reproducibly."""

    def __init__(self, random: Random, faults: Faults, now: Instant) -> None:
        self._random = random
        self.change(faults, now)

    def change(self, faults: Faults, now: Instant) -> None:
        """Have other faults from now on; the rate limit starts with a full bucket."""
        self.faults = faults
        self._set_at = now
        self._tokens = faults.limit_per_s or 0.0
        self._filled_at = now

    def roll(self, now: Instant) -> Fate:
        """Draw the fate of a request that arrives now."""
        if now < later(self._set_at, self.faults.unauthorized_for_s):
            return Fate(Mishap.UNAUTHORIZED, self._delay_s())
        if not self._token(now):
            return Fate(Mishap.THROTTLED, self._delay_s())
        return Fate(self._mishap(), self._delay_s())

    def _mishap(self) -> Mishap:
        chance = self._random.random()
        for name in _CHANCES:
            chance -= getattr(self.faults, name)
            if chance < 0:
                return Mishap(name)
        return Mishap.NONE

    def _delay_s(self) -> float:
        jitter_ms = self.faults.jitter_ms
        if not (self.faults.latency_ms or jitter_ms):
            return 0.0
        drawn = self.faults.latency_ms + self._random.uniform(-jitter_ms, jitter_ms)
        return max(0.0, drawn / 1000)

    def _token(self, now: Instant) -> bool:
        """Take a token from the bucket, which holds one second's worth, if there is one."""
        rate = self.faults.limit_per_s
        if rate is None:
            return True
        self._tokens = min(rate, self._tokens + (now - self._filled_at) / 1000 * rate)
        self._filled_at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
