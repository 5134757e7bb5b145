"""Whether anybody has left a transaction open, by what Kafka itself says."""

import time
from collections.abc import Collection
from typing import Final

from confluent_kafka import KafkaException

from pipeline.errors import UnavailableError
from pipeline.kafka.offsets import committed_ends, published_ends
from tests.components.kafka import Kafka

_ENDS_S: Final = 30.0
"""Longer than a transaction may live, and than Kafka takes to abort it."""
_OFFSETS: Final = "__consumer_offsets"


def check_none_hangs(kafka: Kafka, topics: Collection[str]) -> None:
    """Wait until everything that was written may be read.

    A transaction that is open, or that hangs since its coordinator has forgotten
    it, holds the last stable offset of its partitions back, the latter for ever.

    Args:
        kafka: Nobody writes there now.
        topics: Those written in transactions; Kafka's own one of offsets is looked at too.

    Raises:
        AssertionError: Something is held back.
    """
    give_up_at = time.monotonic() + _ENDS_S
    while held := _held_back(kafka, [*topics, _OFFSETS]):
        assert time.monotonic() < give_up_at, f"transactions hang: {held}"
        time.sleep(0.5)


def _held_back(kafka: Kafka, topics: Collection[str]) -> list[str]:
    """The partitions of which not everything can be read by readers of committed records."""
    try:
        known = kafka.admin.list_topics(timeout=10).topics
        parts = [(name, number) for name in topics for number in known[name].partitions]
        stable, ends = committed_ends(kafka.admin, parts), published_ends(kafka.admin, parts)
    except (KafkaException, UnavailableError) as error:
        return [str(error)]
    return [
        f"{topic}/{number} at {stable[topic, number]} of {end}"
        for (topic, number), end in ends.items()
        if stable[topic, number] < end
    ]
