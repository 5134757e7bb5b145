"""Reads what was committed to a topic, for tests and benchmarks, up to open transactions."""

import time
from collections.abc import Iterator

from confluent_kafka import Consumer, TopicPartition

from pipeline.kafka.messages import record_of
from pipeline.record import Record

_GIVE_UP_S = 60.0


def committed(bootstrap: str, topic: str) -> Iterator[Record]:
    """Read a topic from its first record to its present end, committed records alone.

    Raises:
        TimeoutError: Its end is not reached: nothing comes for a minute.
    """
    reader = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "reader",
            "isolation.level": "read_committed",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "log_level": 2,
        }
    )
    try:
        unread = set(reader.list_topics(topic, timeout=30).topics[topic].partitions)
        reader.assign([TopicPartition(topic, number, 0) for number in unread])
        moved_at = time.monotonic()
        while unread:
            for message in reader.consume(10_000, timeout=0.2):
                moved_at = time.monotonic()
                if message.error() is None:
                    yield record_of(message)
                else:
                    unread.discard(message.partition() or 0)
            if time.monotonic() > moved_at + _GIVE_UP_S:
                raise TimeoutError(f"the end of {topic} was not reached")
    finally:
        reader.close()
