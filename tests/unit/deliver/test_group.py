"""What the loop is told of partitions that it does not release in time."""

import pytest
from confluent_kafka import KafkaError, Message, TopicPartition

from pipeline.config import KafkaSettings
from pipeline.deliver.group import Group
from pipeline.deliver.port import Assigned, Event, Failed, Lost, Revoking
from pipeline.errors import FatalKafkaError, ForbiddenError
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


@pytest.mark.parametrize("code", [KafkaError.GROUP_AUTHORIZATION_FAILED, KafkaError._FATAL])
@pytest.mark.parametrize("partition", [-1, 0])
def test_what_ends_the_group_is_heard_without_partitions_of_ours(code: int, partition: int) -> None:
    """The client says it once; then it would be silent for ever."""
    group = _group([])
    said = Message(partition=partition, error=KafkaError(code))

    with pytest.raises(FatalKafkaError):
        group._take(partition, [said])


@pytest.mark.parametrize("code", [KafkaError._AUTO_OFFSET_RESET, KafkaError._PARTITION_EOF])
def test_what_is_said_of_a_partition_that_has_gone_is_left(code: int) -> None:
    """It is another one's to care for."""
    told: list[Event] = []
    group = _group(told)

    group._take(3, [Message(partition=3, error=KafkaError(code))])

    assert told == []


def test_a_commit_that_is_forbidden_ends_the_worker_at_once() -> None:
    """Else it would send nothing until its session is over, and look as if Kafka did not answer."""
    told: list[Event] = []

    _group(told)._on_commit(KafkaError(KafkaError.GROUP_AUTHORIZATION_FAILED), [])

    (ended,) = told
    assert isinstance(ended, Failed)
    assert isinstance(ended.error, ForbiddenError)


def _group(told: list[Event]) -> Group:
    config = consumer_config(NOBODY, group="deliver")
    return Group(config, TOPIC, say=told.append, serve=lambda: None, release_s=0.01)
