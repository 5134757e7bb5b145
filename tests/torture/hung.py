"""Whether anybody has left a transaction open, by what Kafka itself says."""

import time
from collections.abc import Collection
from typing import Final

from confluent_kafka import IsolationLevel, KafkaException, TopicPartition
from confluent_kafka.admin import OffsetSpec

from tests.components.kafka import Kafka

_ENDS_S: Final = 30.0
"""Longer than a transaction may live, and than Kafka takes to abort it."""
_OFFSETS: Final = "__consumer_offsets"


def check_none_hangs(kafka: Kafka, topics: Collection[str]) -> None:
    """Wait until everything written may be read, and no transaction is under way.

    A transaction that hangs is not known to its coordinator any more, but holds
    its partitions' last stable offset back for ever.

    Args:
        kafka: Nobody writes there now.
        topics: Those written in transactions; Kafka's own one of offsets is looked at too.

    Raises:
        AssertionError: One hangs, or does not end.
    """
    give_up_at = time.monotonic() + _ENDS_S
    while held := _held_back(kafka, [*topics, _OFFSETS]):
        assert time.monotonic() < give_up_at, f"transactions hang in {held}"
        time.sleep(0.5)


def _held_back(kafka: Kafka, topics: Collection[str]) -> list[str]:
    """The partitions of which not everything can be read by readers of committed records."""
    known = kafka.admin.list_topics(timeout=10).topics
    parts = [TopicPartition(name, number) for name in topics for number in known[name].partitions]
    try:
        stable, all_of_it = (
            {
                (part.topic, part.partition): told.result(10).offset
                for part, told in kafka.admin.list_offsets(
                    dict.fromkeys(parts, OffsetSpec.latest()), isolation_level=level
                ).items()
            }
            for level in (IsolationLevel.READ_COMMITTED, IsolationLevel.READ_UNCOMMITTED)
        )
    except KafkaException as error:
        return [str(error)]
    return [
        f"{topic}/{number} at {stable[topic, number]} of {end}"
        for (topic, number), end in all_of_it.items()
        if stable[topic, number] < end
    ]
