"""Which partition a key belongs to, and whether a topic's producers agree."""

import time
import zlib
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

from confluent_kafka import Consumer, KafkaError, TopicPartition
from confluent_kafka.cimpl import murmur2

from pipeline.errors import ConfigError, UnavailableError
from pipeline.kafka import verdict
from pipeline.kafka.clients import ClientConfig
from pipeline.record import Position

KEYS_MAX: Final = 1_000
"""Keys that are looked at of each topic."""
_TURN_S: Final = 0.1
_ANSWER_S: Final = 30.0

PartitionOf: TypeAlias = Callable[[bytes, int], int]
"""The partition of a key, among so many."""


class Placed(NamedTuple):
    """A key, and where it lies."""

    position: Position
    key: bytes


def partition_of(partitioner: str) -> PartitionOf:
    """Find the rule of that name: the same that producers follow by the settings."""
    return {"murmur2": murmur2, "crc32": _crc32}[partitioner]


def check(placed: Iterable[Placed], counts: Mapping[str, int], partitioner: str) -> None:
    """Refuse a topic whose keys do not lie where the partitioner puts them.

    Of several topics, equal numbers hold the same guests only where all agree.

    Raises:
        ConfigError: Naming the topic and the record; never the key, which names a guest.
    """
    rule = partition_of(partitioner)
    for position, key in placed:
        belongs = rule(key, counts[position.topic])
        if belongs != position.partition:
            raise ConfigError(
                f"topic {position.topic!r} is not placed by {partitioner}: the key at {position} "
                f"belongs to partition {belongs}; several commerce topics must be keyed by guest "
                "and placed by `kafka.partitioner`: mend the producer and publish to a new topic, "
                "or let `rekey` do it"
            )


def first_keys(
    config: ClientConfig,
    counts: Mapping[str, int],
    *,
    most: int = KEYS_MAX,
    elapsed_s: Callable[[], float] = time.monotonic,
) -> list[Placed]:
    """Read the first keys of each topic, wherever they lie; records without one are passed over.

    Args:
        config: Of a consumer whose group is never joined.
        counts: Partitions, by topic.
        most: Of each topic; fewer where there are no more.
        elapsed_s: Limits the waiting for a broker.

    Raises:
        UnavailableError: No broker answered in time.
    """
    own = {"enable.partition.eof": True, "auto.offset.reset": "earliest"}
    consumer = Consumer({**config, **own})
    give_up_at = elapsed_s() + _ANSWER_S
    try:
        found: list[Placed] = []
        for topic, count in counts.items():
            numbers = range(count)
            consumer.assign([TopicPartition(topic, number, _BEGINNING) for number in numbers])
            found += _keys(consumer, numbers, most, lambda: elapsed_s() < give_up_at)
        return found
    finally:
        consumer.close()


_BEGINNING: Final = -2
"""Kafka's name of the first offset that there is."""


def _keys(
    consumer: Consumer, numbers: Collection[int], most: int, going_on: Callable[[], bool]
) -> list[Placed]:
    found: list[Placed] = []
    unread = set(numbers)
    message: Any
    while unread and len(found) < most:
        if not going_on():
            raise UnavailableError("the first keys of a commerce topic could not be read in time")
        for message in consumer.consume(most, _TURN_S):
            error = message.error()
            if error is None and message.key():
                at = Position(message.topic(), message.partition(), message.offset())
                found.append(Placed(at, message.key()))
            elif error is not None and error.code() == KafkaError._PARTITION_EOF:
                unread.discard(message.partition())
            elif error is not None and (ended := verdict.of_reading(error)) is not None:
                raise ended
    return found[:most]


def _crc32(key: bytes, count: int) -> int:
    return zlib.crc32(key) % count
