"""How fast a process gets through a topic, by what it commits and what it uses."""

import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from confluent_kafka import Consumer, KafkaException, TopicPartition

from benchmarks.harness import Pinned, Usage

_GIVE_UP_S = 300.0


@dataclass(frozen=True, slots=True)
class Sample:
    """What was committed at an instant, and used until then."""

    committed: int
    usage: Usage


@dataclass(frozen=True, slots=True)
class Pace:
    """Events a second, and what one costs."""

    events_per_s: float
    cpu_us_per_event: float
    peak_mb: float


def samples(
    process: Pinned, bootstrap: str, *, group: str, inputs: Sequence[TopicPartition], total: int
) -> Iterator[Sample]:
    """Look ten times a second at what a group has committed, from its first commit to the last.

    Args:
        process: The group's only member.
        bootstrap: Where Kafka is.
        group: Whose offsets are looked at.
        inputs: The partitions that it reads.
        total: Records in them.

    Raises:
        RuntimeError: The process has ended, or commits nothing more.
    """
    reader = Consumer({"bootstrap.servers": bootstrap, "group.id": group, "log_level": 2})
    committed = 0
    moved_at = time.monotonic()
    while committed < total:
        time.sleep(0.1)
        process.check()
        now = _committed(reader, inputs)
        if now > committed:
            committed, moved_at = now, time.monotonic()
            yield Sample(committed, process.usage())
        elif time.monotonic() > moved_at + _GIVE_UP_S:
            raise RuntimeError(f"{group} stands at {committed} of {total}: {process.tail()}")
    reader.close()


def pace(taken: Sequence[Sample], *, since: float = 0.0) -> Pace:
    """Measure from one sample to the last.

    Args:
        taken: In order; at least two.
        since: Which share of all events to leave out: 0.5 for the last half.
    """
    last = taken[-1]
    first = next(one for one in taken if one.committed >= since * last.committed)
    if first is last:
        raise ValueError("too few events to measure: they were committed at one look")
    events = last.committed - first.committed
    return Pace(
        events / (last.usage.at_s - first.usage.at_s),
        (last.usage.cpu_s - first.usage.cpu_s) / events * 1e6,
        last.usage.peak_bytes / 1e6,
    )


def _committed(reader: Consumer, inputs: Sequence[TopicPartition]) -> int:
    wanted = [TopicPartition(one.topic, one.partition) for one in inputs]
    with contextlib.suppress(KafkaException):  # the coordinator is not there yet
        return sum(max(0, position.offset) for position in reader.committed(wanted, timeout=10))
    return 0
