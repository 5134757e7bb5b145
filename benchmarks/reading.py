"""Reads what was committed to a topic."""

import time
from collections.abc import Iterator
from dataclasses import replace
from hashlib import blake2b

from confluent_kafka import Consumer, Message, TopicPartition

from pipeline.sitecore.codec import decode_owed
from pipeline.sitecore.owed import DeliveryId

_NO_NAME = DeliveryId("")
_GIVE_UP_S = 60.0


def count_committed(bootstrap: str, topic: str) -> int:
    """Count the records of a topic that nobody writes to any more."""
    return sum(1 for _ in committed(bootstrap, topic))


def digest_committed(bootstrap: str, topic: str) -> tuple[int, str]:
    """Count the messages of a topic, and say in a digest which they are.

    Equal for two topics that owe each guest the same in the same order, but for the
    names of the deliveries, which differ by application.
    """
    count = total = 0
    for message in committed(bootstrap, topic):
        owed = replace(decode_owed(message.value() or b""), delivery_id=_NO_NAME)
        digest = blake2b(repr(owed).encode(), digest_size=8).digest()
        total = (total + int.from_bytes(digest, "big")) % 2**64
        count += 1
    return count, f"{total:016x}"


def committed(bootstrap: str, topic: str) -> Iterator[Message]:
    """Read a topic from its first record to its present end, committed records alone.

    Raises:
        RuntimeError: Its end is not reached: nothing comes for a minute.
    """
    reader = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "reader",
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "log_level": 2,
        }
    )
    numbers = reader.list_topics(topic, timeout=30).topics[topic].partitions
    reader.assign([TopicPartition(topic, number, 0) for number in numbers])
    ended: set[int] = set()
    moved_at = time.monotonic()
    while len(ended) < len(numbers):
        for message in reader.consume(10_000, timeout=0.2):
            moved_at = time.monotonic()
            if message.error() is None:
                yield message
            else:
                ended.add(message.partition() or 0)
        if time.monotonic() > moved_at + _GIVE_UP_S:
            raise RuntimeError(f"the end of {topic} was not reached")
    reader.close()
