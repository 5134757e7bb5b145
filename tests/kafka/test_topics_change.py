"""Topics that change under the assembler: made again, grown, deleted from, placed otherwise."""

import re
import threading
import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewPartitions, NewTopic
from prometheus_client import REGISTRY

from pipeline.errors import ConfigError, FatalKafkaError, PipelineError, StateError
from pipeline.kafka.identity import identities
from pipeline.record import GuestId, Instant
from tests.components.kafka import Kafka
from tests.kafka.assembling import Shop, shop, until
from tests.unit.orders.story import added, but

pytestmark = pytest.mark.kafka


def _says(made: Shop, *guests: str, topic: int = 0) -> None:
    now = Instant(time.time_ns() // 1_000_000)
    events = (but(added(1, f"item-{guest}"), guest_id=GuestId(guest)) for guest in guests)
    made.publish(*events, topic=topic, at=now)


def _make_again(kafka: Kafka, name: str, partitions: int) -> tuple[str, str]:
    """Delete a topic, make one of the same name, and say both ids."""
    before = identities(kafka.admin, [name])[name].topic_id
    kafka.admin.delete_topics([name], operation_timeout=30)[name].result(60)
    until(lambda: not identities(kafka.admin, [name]))
    kafka.admin.create_topics([NewTopic(name, partitions, 1)])[name].result(60)
    until(lambda: bool(identities(kafka.admin, [name])))
    return before, identities(kafka.admin, [name])[name].topic_id


def _grow(admin: AdminClient, name: str, partitions: int) -> None:
    admin.create_partitions([NewPartitions(name, partitions)])[name].result(60)
    until(lambda: identities(admin, [name])[name].partitions == partitions)


def _ends_by_itself(made: Shop, act: Callable[[], object]) -> PipelineError:
    """Run a worker, do something to its topics, and say with what it ends."""
    worker, raised = made.worker(), list[PipelineError]()

    def run() -> None:
        try:
            worker.run()
        except PipelineError as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        made.wait_until_read()
        act()
        thread.join(60)
    finally:
        worker.stop()
        thread.join(60)
    assert raised, "the worker went on"
    return raised[0]


def test_a_topic_that_was_made_again_is_refused_with_both_ids(kafka: Kafka) -> None:
    """Kafka has deleted its offsets: without the id it would look like a lost group."""
    made = shop(kafka)
    _says(made, "ann", "ben", "cleo")
    with made.working():
        made.wait_until_read()
    before, after = _make_again(kafka, made.topics.commerce[0], made.partitions)

    with pytest.raises(StateError, match="pipeline reset") as refused, made.working():
        pass

    assert before in str(refused.value)
    assert after in str(refused.value)


@pytest.mark.slow
def test_a_topic_that_is_made_again_is_noticed_at_work(kafka: Kafka) -> None:
    """Its first records have offsets that were read already: they would never be read."""
    made = shop(kafka)
    _says(made, "ann", "ben", "cleo")
    ended = _ends_by_itself(
        made, lambda: _make_again(kafka, made.topics.commerce[0], made.partitions)
    )
    assert isinstance(ended, StateError | FatalKafkaError)

    with pytest.raises(StateError, match="was made again"), made.working():
        pass


@pytest.mark.slow
def test_partitions_that_are_added_are_noticed_at_work_and_at_start(kafka: Kafka) -> None:
    """Guests have moved to other partitions, away from what is known of them."""
    made = shop(kafka)
    _says(made, "ann")
    grown = re.escape("had 2 partitions and now has 3")
    ended = _ends_by_itself(made, lambda: _grow(kafka.admin, made.topics.commerce[0], 3))
    assert isinstance(ended, StateError)
    assert re.search(grown, str(ended))

    with pytest.raises(ConfigError, match="fixed for life"), made.working():
        pass
    for name in (*made.topics.names()[1:3], made.topics.dead_letters):
        _grow(kafka.admin, name, 3)
    with pytest.raises(StateError, match=grown), replace(made, partitions=3).working():
        pass


def test_what_was_deleted_unread_is_counted_and_the_rest_is_read(kafka: Kafka) -> None:
    """Never from the end: what is left is still owed."""
    made = shop(kafka, partitions=1)
    commerce = made.topics.commerce[0]
    _says(made, "ann")
    with made.working():
        made.wait_until_read()
    _says(made, "ben", "cleo", "dan")
    kafka.admin.delete_records([TopicPartition(commerce, 0, 3)])
    until(lambda: made.read(commerce)[0].position.offset == 3)
    with made.working():
        made.wait_until_read()

    assert [one.guest_id for one in made.owed()] == ["ann", "dan"]
    assert REGISTRY.get_sample_value("pipeline_expired_records_total", {"topic": commerce}) == 2


def test_sources_that_are_placed_otherwise_are_refused_by_name(kafka: Kafka) -> None:
    """Equal numbers of two topics must hold the same guests."""
    made = shop(kafka, sources=2, partitions=4)
    guests = [f"guest-{number}" for number in range(30)]
    _says(made, *guests)
    other = Producer({"bootstrap.servers": kafka.bootstrap, "partitioner": "consistent_random"})
    for guest in guests:
        other.produce(made.topics.commerce[1], b"x", guest.encode())
    other.flush(20)

    placed = pytest.raises(ConfigError, match=f"{made.topics.commerce[1]}.* by murmur2")
    with placed, made.working():
        pass
    crc32 = made.kafka_settings.model_copy(update={"partitioner": "crc32"})
    placed = pytest.raises(ConfigError, match=f"{made.topics.commerce[0]}.* by crc32")
    with placed, replace(made, kafka_settings=crc32).working():
        pass
