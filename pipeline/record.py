"""What the whole path shares: a Kafka record, where it lies, and instants."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple, NewType, TypeAlias

from pipeline.value import value

Instant = NewType("Instant", int)
"""Whole milliseconds since the epoch, UTC."""

GuestId = NewType("GuestId", str)
"""A person, stable over login; the key of every record on the path."""

Headers: TypeAlias = tuple[tuple[str, bytes | None], ...]
"""Kafka headers in order; names may repeat and values may be null."""

DAY_S = 86_400.0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Position(NamedTuple):
    """Where a record lies in Kafka."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}@{self.offset}"


@value(frozen=True, slots=True)
class Record:
    """A Kafka record as it was read: nothing decoded, nothing dropped."""

    position: Position
    timestamp: Instant
    key: bytes | None
    value: bytes | None
    headers: Headers = ()


def later(instant: Instant, by_s: float) -> Instant:
    """Move an instant forward by a duration in seconds, to the millisecond."""
    return Instant(instant + round(by_s * 1000))


def seconds_between(earlier: Instant, late: Instant) -> float:
    """Seconds from *earlier* to *late*; negative when they are the other way round."""
    return (late - earlier) / 1000


def instant_of(text: str) -> Instant:
    """Read a time in ISO 8601, which must say its zone.

    Raises:
        ValueError: It is none, or says none.
    """
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("a time without a zone")
    return Instant(round(at.timestamp() * 1000))


def in_utc(instant: Instant) -> str:
    """ISO 8601 in UTC with milliseconds: ``2025-08-23T16:17:16.000Z``.

    Raises:
        OverflowError: It lies outside of the years 1 to 9999.
    """
    at = _EPOCH + timedelta(milliseconds=instant)
    return f"{at.isoformat(timespec='milliseconds')[:-6]}Z"
