"""Reads parts of a topic once, from outside: without a group, to an end that is named before."""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

from confluent_kafka import Consumer, KafkaError, TopicPartition

from pipeline.errors import UnavailableError
from pipeline.kafka import verdict
from pipeline.kafka.clients import ClientConfig
from pipeline.kafka.messages import record_of
from pipeline.record import Record

STALLED_S: Final = 30.0
"""Longer than a transaction of ours may stay open."""
_CHUNK: Final = 2_000
_TURN_S: Final = 0.2


class Span(NamedTuple):
    """What is read of a partition."""

    begin: int
    end: int
    """One past the last offset."""


Told: TypeAlias = Callable[[int, int], None]
"""Takes how many offsets were read, of how many."""


def read(
    consumer: ClientConfig,
    topic: str,
    spans: Mapping[int, Span],
    *,
    told: Told = lambda _done, _of: None,
    within_s: float | None = None,
) -> Iterator[Record]:
    """Read the committed records of some partitions, each in order.

    A transaction that is open within a span is waited for: what it holds may count.

    Args:
        consumer: Names a group that is never joined.
        topic: Where.
        spans: By partition number.
        told: Is told after each turn.
        within_s: How long it may take; None: as long as something comes.

    Raises:
        UnavailableError: Nothing comes any more, or it takes too long.
        FatalKafkaError: Kafka ended the client, or does not allow it.
    """
    reading = _Reading(topic, spans)
    if reading.at_end:
        return
    own = {"enable.partition.eof": True, "auto.offset.reset": "earliest"}
    client = Consumer({**consumer, **own})
    try:
        client.assign([TopicPartition(topic, number, at) for number, at in reading.at.items()])
        limit = _Limit(within_s)
        while not reading.at_end:
            before = reading.done
            for message in client.consume(_CHUNK, _TURN_S):
                record = reading.take(message)
                if record is not None:
                    yield record
            if reading.over:
                client.pause([TopicPartition(topic, number) for number in reading.over])
                reading.over.clear()
            told(reading.done, reading.total)
            limit.heed(reading, moved=reading.done > before)
    finally:
        client.close()


class _Reading:
    """How far each partition was read."""

    def __init__(self, topic: str, spans: Mapping[int, Span]) -> None:
        self.topic = topic
        self._spans = {number: span for number, span in spans.items() if span.begin < span.end}
        self.at = {number: span.begin for number, span in self._spans.items()}
        self.total = sum(span.end - span.begin for span in self._spans.values())
        self._unread = set(self._spans)
        self.over: set[int] = set()
        """Partitions whose end was reached, and that were not paused yet."""

    @property
    def at_end(self) -> bool:
        return not self._unread

    @property
    def done(self) -> int:
        return sum(at - self._spans[number].begin for number, at in self.at.items())

    def take(self, message: Any) -> Record | None:
        """Take what the client gave; None: it is no record of the span."""
        error, number, offset = message.error(), message.partition(), message.offset()
        if error is None:
            end = self._spans[number].end
            self._reached(number, offset + 1)
            return record_of(message) if offset < end else None
        if error.code() == KafkaError._PARTITION_EOF:
            self._reached(number, offset)
        elif (ended := verdict.of_reading(error)) is not None:
            raise ended
        return None

    def _reached(self, number: int, offset: int) -> None:
        end = self._spans[number].end
        self.at[number] = min(max(self.at[number], offset), end)
        if self.at[number] >= end:
            self._unread.discard(number)
            self.over.add(number)


class _Limit:
    """Ends a reading that takes too long, or in which nothing moves."""

    def __init__(self, within_s: float | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = self._moved_at = clock()
        self._within_s = within_s

    def heed(self, reading: _Reading, *, moved: bool) -> None:
        """Raise, or let it go on."""
        now = self._clock()
        if moved:
            self._moved_at = now
        how_far = f"{reading.topic} was read for {reading.done} of {reading.total} offsets"
        if self._within_s is not None and now - self._began > self._within_s:
            if not reading.at_end:
                raise UnavailableError(
                    f"{how_far} in {self._within_s:g} s; `--within-s` gives more"
                )
        elif now - self._moved_at > STALLED_S:
            raise UnavailableError(
                f"{how_far}, and nothing comes any more: no broker answers, or a transaction "
                "stays open"
            )
