"""Publishes at a steady rate, and notes when a reader sees what came of it."""

import time
from collections.abc import Sequence

from confluent_kafka import Consumer, Message, Producer, TopicPartition

from pipeline.sitecore.codec import decode_owed

_QUIET_S = 10.0
"""After this long without a message, all have been seen that will be."""


class Steady:
    """Publisher and reader in one loop: they share a clock."""

    def __init__(self, bootstrap: str, published: str, owed: str) -> None:
        """Prepare.

        Args:
            bootstrap: Where Kafka is.
            published: Topic to write events to.
            owed: Topic to read, from its present start, committed messages alone.
        """
        self._topic = published
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap,
                "partitioner": "murmur2_random",
                "linger.ms": 1,
                "enable.idempotence": True,
                "log_level": 2,
            }
        )
        self._reader = _reader(bootstrap, owed)
        self._sent_at: list[float] = []
        self._numbers: dict[tuple[int, int], int] = {}
        self._seen: list[tuple[float, bytes]] = []

    def run(self, records: Sequence[tuple[bytes, bytes]], rate: int) -> None:
        """Publish all at so many a second, and read until nothing more comes."""
        began_at = time.monotonic()
        while len(self._sent_at) < len(records):
            due = min(len(records), int((time.monotonic() - began_at) * rate))
            for number in range(len(self._sent_at), due):
                self._send(number, *records[number])
            self._producer.poll(0)
            self._read(0.002)
        self._producer.flush(30)
        while time.monotonic() < self._last_seen_at + _QUIET_S:
            self._read(0.01)
        self._reader.close()

    @property
    def published_per_s(self) -> float:
        """The rate that was really published at."""
        return (len(self._sent_at) - 1) / (self._sent_at[-1] - self._sent_at[0])

    def latencies_s(self, *, after: int) -> list[float]:
        """From publishing an event until its first message was seen, but for the first events.

        Raises:
            ValueError: Nothing was seen.
        """
        found: dict[int, float] = {}
        for at, value in self._seen:
            position = decode_owed(value).cause.positions[0]
            number = self._numbers[position.partition, position.offset]
            if number >= after:
                found.setdefault(number, at - self._sent_at[number])
        if len(found) < 2:
            raise ValueError("hardly a message was seen")
        return list(found.values())

    @property
    def _last_seen_at(self) -> float:
        return max(self._sent_at[-1], self._seen[-1][0] if self._seen else 0.0)

    def _send(self, number: int, key: bytes, value: bytes) -> None:
        def delivered(_error: object, message: Message) -> None:
            self._numbers[message.partition() or 0, message.offset() or 0] = number

        self._sent_at.append(time.monotonic())
        self._producer.produce(self._topic, key=key, value=value, on_delivery=delivered)

    def _read(self, timeout_s: float) -> None:
        messages = self._reader.consume(1000, timeout=timeout_s)
        at = time.monotonic()
        self._seen.extend(
            (at, message.value() or b"") for message in messages if message.error() is None
        )


def _reader(bootstrap: str, topic: str) -> Consumer:
    reader = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "reader",
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            # A broker holds back committed records as long as a fetch that waits for more.
            "fetch.wait.max.ms": 5,
            "log_level": 2,
        }
    )
    numbers = reader.list_topics(topic, timeout=30).topics[topic].partitions
    reader.assign([TopicPartition(topic, number, 0) for number in numbers])
    return reader
