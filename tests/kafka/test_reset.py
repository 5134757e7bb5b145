"""Reset on a real broker: what it forgets, what it refuses, and what a start then finds."""

import time
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType

from pipeline.assemble.partition import BEGAN_KEY
from pipeline.cli.main import main
from pipeline.config import DeliverSettings, Settings, show
from pipeline.errors import StateError
from pipeline.kafka import groups
from pipeline.record import GuestId, Instant, later
from pipeline.reset.reset import Reset
from tests.components.kafka import Kafka
from tests.kafka.assembling import Shop, shop
from tests.unit.orders.story import added, but

pytestmark = pytest.mark.kafka


def _now() -> Instant:
    return Instant(time.time_ns() // 1_000_000)


def _shop(kafka: Kafka) -> Shop:
    made = shop(kafka)
    compacted = kafka.topic("deliveries", made.partitions, {"cleanup.policy": "compact"})
    topics = made.topics.model_copy(update={"deliveries": compacted})
    return replace(made, topics=topics)


def _settings(made: Shop) -> Settings:
    return Settings(
        application=made.application,
        kafka=made.kafka_settings,
        topics=made.topics,
        deliver=DeliverSettings(lease_s=0.1, request_timeout_s=0.1),
    )


def _says(made: Shop, *guests: str, at: Instant | None = None) -> None:
    made.publish(
        *(but(added(1, f"item-{guest}"), guest_id=GuestId(guest)) for guest in guests),
        at=at or _now(),
    )


def _delivered(made: Shop) -> None:
    """Leave what a deliverer leaves: a value a guest, and offsets."""
    producer = Producer({"bootstrap.servers": made.kafka.bootstrap, "log_level": 2})
    for number in range(made.partitions):
        producer.produce(made.topics.deliveries, b"x", f"guest-{number}".encode(), number)
    producer.flush(20)
    group = f"{made.application}-deliver"
    consumer = Consumer({"bootstrap.servers": made.kafka.bootstrap, "group.id": group})
    parts = [TopicPartition(made.topics.stream_events, n, 1) for n in range(made.partitions)]
    consumer.commit(offsets=parts, asynchronous=False)
    consumer.close()


def _clean_up(made: Shop, topic: str, how: str) -> None:
    policy = ConfigEntry("cleanup.policy", how, incremental_operation=AlterConfigOpType.SET)
    config = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[policy])
    made.kafka.admin.incremental_alter_configs([config])[config].result(20)


def _live(made: Shop, topic: str) -> set[bytes]:
    """The keys that a compacted topic still has a value for."""
    values = {record.key: record.value for record in made.read(topic)}
    return {key for key, value in values.items() if key and value is not None}


def _guests(made: Shop) -> list[str]:
    return sorted(owed.guest_id for owed in made.owed())


def _reset(made: Shop, since: Instant | None = None) -> None:
    reset = Reset(_settings(made))
    reset.do(reset.plan(since))


@pytest.mark.parametrize("name", ["deliveries", "guest_states"])
def test_what_was_cut_by_deletion_is_refused(kafka: Kafka, name: str) -> None:
    """What a reset writes would lie behind the cut, and be refused at the next start as well."""
    made = _shop(kafka)
    topic = getattr(made.topics, name)
    producer = Producer({"bootstrap.servers": made.kafka.bootstrap, "log_level": 2})
    producer.produce(topic, b"x", b"guest", 0)
    producer.flush(20)
    # Nothing can be deleted from a topic that is only compacted.
    _clean_up(made, topic, "delete")
    cut = TopicPartition(topic, 0, 1)
    made.kafka.admin.delete_records([cut])[cut].result(20)
    _clean_up(made, topic, "compact")

    with pytest.raises(StateError, match=topic):
        _reset(made)

    assert made.read(made.topics.guest_states) == []


def test_after_a_reset_everything_is_owed_anew_and_once(kafka: Kafka) -> None:
    """Nothing of before is left that could contradict it, skip it, or double it."""
    made = _shop(kafka)
    _says(made, "ann", "ben", "cleo")
    with made.working():
        made.wait_until_read()
    _delivered(made)

    _reset(made)

    assert made.owed() == []
    assert _live(made, made.topics.deliveries) == set()
    assert _live(made, made.topics.guest_states) == {BEGAN_KEY}
    assert groups.members(kafka.admin, [f"{made.application}-deliver"]) == {
        f"{made.application}-deliver": 0
    }
    with made.working():
        made.wait_until_read()
    assert _guests(made) == ["ann", "ben", "cleo"]


def test_a_reset_to_a_time_leaves_out_what_is_older(kafka: Kafka) -> None:
    """Orders that Sitecore has are not sent again, if the time is behind them."""
    made = _shop(kafka)
    _says(made, "ann", "ben", at=later(_now(), -7200))
    _says(made, "cleo", "dan")
    with made.working():
        made.wait_until_read()

    _reset(made, later(_now(), -3600))

    with made.working():
        made.wait_until_read()
    assert _guests(made) == ["cleo", "dan"]


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_a_live_member_is_not_reset_under_its_feet(kafka: Kafka, protocol: str) -> None:
    """It would go on from memory, and write what was forgotten."""
    made = _shop(kafka)
    speaking = made.kafka_settings.model_copy(update={"group_protocol": protocol})
    made = replace(made, kafka_settings=speaking)
    _says(made, "ann")
    with made.working():
        made.wait_until_read()
        plan = Reset(_settings(made)).plan(None)
        assert plan.members[f"{made.application}-assemble"] == 1
        with pytest.raises(StateError, match="1 live members: stop them first"):
            _reset(made)
        with pytest.raises(StateError, match="has live members"):
            groups.delete(kafka.admin, [f"{made.application}-assemble"])

    assert _guests(made) == ["ann"]


def test_a_reset_that_was_interrupted_starts_nothing_and_can_be_done_again(kafka: Kafka) -> None:
    """Whatever is missing of it, a worker must not take for the whole."""
    made = _shop(kafka)
    _says(made, "ann")
    with made.working():
        made.wait_until_read()
    groups.delete(kafka.admin, [f"{made.application}-assemble"])
    with pytest.raises(StateError, match="no offsets"), made.working():
        pass

    _reset(made)

    with made.working():
        made.wait_until_read()
    assert _guests(made) == ["ann"]


def test_the_command_says_what_it_will_do_and_waits_for_a_yes(kafka: Kafka, tmp_path: Path) -> None:
    """What is forgotten here cannot be had back."""
    made = _shop(kafka)
    _says(made, "ann", "ben")
    with made.working():
        made.wait_until_read()
    runner, file = CliRunner(), tmp_path / "settings.yaml"
    file.write_text(show(_settings(made)))
    command = ["--config", str(file), "reset", "--to", "earliest"]

    tried = runner.invoke(main, [*command, "--dry-run"])
    asked = runner.invoke(main, command)
    before = _guests(made)
    done = runner.invoke(main, [*command, "--yes"])

    assert (tried.exit_code, asked.exit_code, done.exit_code) == (0, 64, 0)
    assert f"{made.topics.commerce[0]}: 2 partitions" in tried.output
    assert "nothing was changed" in asked.output
    assert (before, _guests(made)) == (["ann", "ben"], [])
