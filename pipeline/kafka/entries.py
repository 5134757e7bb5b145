"""What is written to Kafka, and what is read back from a compacted topic."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pipeline.record import Headers, Instant


class Write(NamedTuple):
    """One record to be written, to a partition that is named."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    timestamp: Instant | None = None
    """None: when it is written."""


class Entry(NamedTuple):
    """One value of a compacted topic; None: the key is forgotten."""

    partition: int
    key: bytes
    value: bytes | None


class Changes(NamedTuple):
    """What was read of compacted partitions in one turn."""

    entries: Sequence[Entry]
    reached: Mapping[int, int]
    """The next offset to read, by partition, past the entries and past all that is no record."""
