"""What the loop is told of partitions that it does not release in time."""

import pytest
from confluent_kafka import TopicPartition

from pipeline.config import KafkaSettings
from pipeline.deliver.group import Group
from pipeline.deliver.port import Assigned, Event, Lost, Revoking
from pipeline.kafka.clients import consumer_config

NOBODY = KafkaSettings(bootstrap_servers="127.0.0.1:1")
TOPIC = "stream-events"


@pytest.mark.parametrize(("released", "late"), [((), (0, 1)), ((1,), (0,)), ((0, 1), ())])
def test_partitions_that_are_not_released_in_time_are_lost(
    released: tuple[int, ...], late: tuple[int, ...]
) -> None:
    """Else a loop that stood still would go on with them when it moves again."""
    told: list[Event] = []
    config = consumer_config(NOBODY, group="deliver")
    group = Group(config, TOPIC, say=told.append, serve=lambda: None, release_s=0.01)
    partitions = [TopicPartition(TOPIC, number) for number in (0, 1)]
    group._assign(group._consumer, partitions)
    for number in released:
        group.release(number, None, clean=False)

    group._revoke(group._consumer, partitions)

    lost = [Lost(late)] if late else []
    assert told == [Assigned((0, 1), 1), Revoking((0, 1)), *lost]
