"""The demo's broker: librdkafka's mock cluster, inside this process.

It speaks Kafka's protocol on loopback and needs nothing installed. It keeps everything in memory,
does not store offsets sent to a transaction and does not isolate aborted records: so it carries
the demo, and proves nothing about exactly once.
"""

from collections.abc import Iterator

from confluent_kafka import Consumer, Producer, TopicPartition

from pipeline.kafka.messages import record_of
from pipeline.record import GuestId, Record

PARTITIONS = 4
"""The mock cluster gives every topic this many."""


class EmbeddedBroker:
    """A mock cluster of one broker; it ends with this object."""

    def __init__(self) -> None:
        self._producer = Producer(
            {"test.mock.num.brokers": 1, "partitioner": "murmur2_random", "log_level": 0}
        )
        broker = next(iter(self._producer.list_topics(timeout=10).brokers.values()))
        self.address = f"{broker.host}:{broker.port}"

    def make(self, topics: tuple[str, ...]) -> None:
        """Let topics come up: asking for one makes it."""
        for topic in topics:
            self._producer.list_topics(topic, timeout=10)

    def publish(self, topic: str, guest: GuestId, value: bytes) -> None:
        """Append a record keyed by guest."""
        self._producer.produce(topic, key=guest.encode(), value=value)
        self._producer.poll(0)

    def flush(self) -> None:
        """Wait until everything published is there."""
        left = self._producer.flush(20)
        if left:
            raise TimeoutError(f"the embedded broker did not take {left} records in 20 s")

    def read(self, topic: str) -> Iterator[Record]:
        """Read a topic from its start to its present end."""
        reader = Consumer(
            {
                "bootstrap.servers": self.address,
                "group.id": "demo",
                "enable.partition.eof": True,
                "enable.auto.commit": False,
                "log_level": 0,
            }
        )
        try:
            for partition in range(PARTITIONS):
                yield from _read(reader, TopicPartition(topic, partition, 0))
        finally:
            reader.close()


def _read(reader: Consumer, start: TopicPartition) -> Iterator[Record]:
    """Read a partition to its end, which it says itself: its last offsets may be no records."""
    reader.assign([start])
    while (message := reader.poll(10)) is not None:
        if message.error() is not None:
            return
        yield record_of(message)
    raise TimeoutError(f"{start.topic}/{start.partition} could not be read to its end in 10 s")
