"""What deliver keeps on a real broker: begun, forgotten, deleted under it, and lost."""

import queue
import time
from concurrent.futures import Future
from typing import Any

import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient
from prometheus_client import REGISTRY

from pipeline.deliver import ledger_state
from pipeline.deliver.port import Deleted, Failed, Restored
from pipeline.deliver.restorer import Restorer
from pipeline.errors import StateError
from tests.components.kafka import Kafka
from tests.kafka.delivering import Delivering, until
from tests.kafka.destination import Destination
from tests.unit.deliver.views import view

pytestmark = pytest.mark.kafka


def told(asked: dict[Any, Future[Any]]) -> list[Any]:
    """What an admin client was answered."""
    return [future.result(15) for future in asked.values()]


def commit(kafka: Kafka, made: Delivering, offset: int) -> None:
    """Commit an offset of partition 0 as a group without members."""
    group = f"{made.settings.application}-deliver"
    consumer = Consumer({"bootstrap.servers": kafka.bootstrap, "group.id": group})
    at = TopicPartition(made.topics["stream_events"], 0, offset)
    consumer.commit(offsets=[at], asynchronous=False)
    consumer.close()


def expired(made: Delivering) -> float:
    """Records that were deleted unread, as counted."""
    labels = {"topic": made.topics["stream_events"]}
    return REGISTRY.get_sample_value("pipeline_expired_records_total", labels) or 0.0


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_a_member_without_partitions_is_ready(kafka: Kafka, protocol: str) -> None:
    """Else a rollout waits for ever for the pod that has nothing to do."""
    with Destination() as destination:
        made = Delivering(kafka, destination.address, protocol=protocol, partitions=1)
        with made.worker() as one, made.worker() as other:
            assert not one.ready()
            until(one.ready)
            until(other.ready)


def test_expired_offsets_repeat_nothing(kafka: Kafka) -> None:
    """Kafka forgets the offsets of a group that had no members for a week."""
    with Destination() as destination:
        made = Delivering(kafka, destination.address)
        views = [view(f"g{i % 8}", i) for i in range(40)]
        made.owe(views[:20])
        with made.worker():
            until(lambda: len(destination.taken) == 20)
        admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
        told(admin.delete_consumer_groups([f"{made.settings.application}-deliver"]))
        made.owe(views[20:])
        with made.worker():
            until(lambda: len(destination.taken) >= 40)
            time.sleep(0.2)

    assert sorted(int(event.page) for event in destination.taken) == list(range(40))


def test_offsets_without_their_deliveries_end_the_worker(kafka: Kafka) -> None:
    """What Sitecore has accepted is forgotten: a person must say what to do."""
    with Destination() as destination:
        made = Delivering(kafka, destination.address, partitions=1)
        made.owe([view("a", 1), view("a", 2)])
        commit(kafka, made, 1)

        error = made.error()

    assert isinstance(error, StateError)
    assert "pipeline reset" in str(error)
    assert error.exit_code == 76
    assert destination.taken == []


def test_deliveries_without_their_beginning_end_the_worker(kafka: Kafka) -> None:
    """Retention, or somebody, has deleted what was accepted of guests."""
    with Destination() as destination:
        made = Delivering(kafka, destination.address, partitions=1)
        made.owe([view("a", 1)])
        with made.worker():
            until(lambda: len(destination.taken) == 1)
        admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
        told(admin.delete_records([TopicPartition(made.topics["deliveries"], 0, 1)]))
        made.owe([view("a", 2)])

        error = made.error()

    assert isinstance(error, StateError)
    assert "begins at offset 1" in str(error)
    assert len(destination.taken) == 1


def test_records_deleted_before_they_were_read_are_counted_and_passed_over(kafka: Kafka) -> None:
    """The worker goes on with those that are left, without being started again."""
    with Destination() as destination:
        made = Delivering(kafka, destination.address, partitions=1, in_hand_max=10)
        destination.say = lambda _: 502
        made.owe([view(f"g{i}", i) for i in range(2000)])
        with made.worker() as worker:
            until(lambda: destination.requests > 3)
            until(lambda: REGISTRY.get_sample_value("pipeline_full_partitions") == 1)
            made.delete_owed(0, 1990)
            destination.say = lambda _: 201
            until(lambda: made.committed()[0].offset == 2000)
            assert worker.alive()

        pages = {int(event.page) for event in destination.taken}
        assert pages >= set(range(10)) | set(range(1990, 2000))
        assert expired(made) == 2000 - len(pages)


def test_guests_go_once_all_of_their_records_are_deleted(kafka: Kafka) -> None:
    """By tombstones: compaction then frees what they took; the beginning stays."""
    with Destination() as destination:
        made = Delivering(kafka, destination.address, partitions=1, session_timeout_s=0.1)
        made.owe([view(f"g{i}", i) for i in range(10)])
        with made.worker():
            until(lambda: len(destination.taken) == 10)
        made.delete_owed(0, 8)
        with made.worker():
            until(lambda: made.latest("deliveries")[b"g7"] is None, 20)
        found = made.latest("deliveries")

    left = {key for key, value in found.items() if value is not None}
    assert left == {b"g8", b"g9", ledger_state.BEGAN_KEY}


def test_it_is_told_now_and_then_how_much_is_deleted(kafka: Kafka) -> None:
    """A worker keeps its partitions for weeks."""
    made = Delivering(kafka, "http://127.0.0.1:1", partitions=1)
    made.owe([view("a", i) for i in range(5)])
    said: queue.Queue[Restored | Deleted | Failed] = queue.Queue()
    restorer = Restorer(made.settings.kafka, made.settings.topics, group="g", firsts_s=0.2)
    restorer.start(lambda _, what: said.put(what))

    restorer.want(0, 1)
    restored = said.get(timeout=20)
    made.delete_owed(0, 3)
    deleted = said.get(timeout=20)
    while deleted != Deleted({0: 3}):
        deleted = said.get(timeout=20)
    restorer.stop()

    assert isinstance(restored, Restored)
    assert (restored.first, restored.released) == (0, True)
