"""How far a record's own time may lie from the broker's, for a topic to take it."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from pipeline.record import Instant

MARGIN_MS: Final = 60_000
"""Room for a clock of ours that is not the broker's."""
_ANY: Final = 2**63 - 1
"""Kafka's way to say that there is no limit."""


class Times(NamedTuple):
    """What a topic takes; Kafka refuses a whole batch for one record outside of it."""

    before_ms: int = _ANY
    after_ms: int = _ANY

    def moved(self, at: Instant, now: Instant) -> Instant:
        """The time that a record must be given: its own, where the topic takes that.

        One too far ahead is given the present, since it can be no record's time;
        one too old the oldest time that is taken.
        """
        if at > now + self.after_ms - _margin(self.after_ms):
            return now
        return max(at, Instant(now - self.before_ms + _margin(self.before_ms)))


def times_of(config: Mapping[str, str]) -> Times:
    """Read what a topic's configuration says; brokers before 3.6 have one limit for both."""
    both = int(config.get("message.timestamp.difference.max.ms", _ANY))
    return Times(
        min(both, int(config.get("message.timestamp.before.max.ms", _ANY))),
        min(both, int(config.get("message.timestamp.after.max.ms", _ANY))),
    )


def _margin(limit_ms: int) -> int:
    return min(MARGIN_MS, limit_ms // 2)
