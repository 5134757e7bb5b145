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


class Progress:
    """How far a group has come."""

    def __init__(self, bootstrap: str, group: str, inputs: Sequence[TopicPartition]) -> None:
        """Prepare to look.

        Args:
            bootstrap: Where Kafka is.
            group: Whose committed offsets are looked at.
            inputs: The partitions that it reads.
        """
        self._group = group
        self._inputs = inputs
        self._reader = Consumer({"bootstrap.servers": bootstrap, "group.id": group, "log_level": 2})

    def committed(self) -> int:
        """Records that the group is done with."""
        wanted = [TopicPartition(one.topic, one.partition) for one in self._inputs]
        with contextlib.suppress(KafkaException):  # the coordinator is not there yet
            found = self._reader.committed(wanted, timeout=10)
            return sum(max(0, position.offset) for position in found)
        return 0

    def samples(self, process: Pinned, total: int) -> Iterator[Sample]:
        """Look ten times a second, from the first commit to the last.

        Args:
            process: The group's only member.
            total: Records in the inputs.

        Raises:
            RuntimeError: The process has ended, or commits nothing more.
        """
        committed = 0
        moved_at = time.monotonic()
        while committed < total:
            time.sleep(0.1)
            process.check()
            now = self.committed()
            if now > committed:
                committed, moved_at = now, time.monotonic()
                yield Sample(committed, process.usage())
            elif time.monotonic() > moved_at + _GIVE_UP_S:
                raise RuntimeError(f"{self._group} stands at {committed}: {process.tail()}")


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
