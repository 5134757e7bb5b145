"""Guest states that are not as the assembler left them, and restores that do not end."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from confluent_kafka import Producer, TopicPartition

from pipeline.assemble.partition import BEGAN_KEY
from pipeline.config import DeliverSettings, Settings
from pipeline.errors import StateError
from pipeline.kafka.topics import STATE_BYTES
from pipeline.reset.reset import Reset
from tests.components.kafka import Kafka
from tests.kafka.assembling import Shop, a_stranger, shop, until
from tests.kafka.buying import buys, check

pytestmark = pytest.mark.kafka

GUESTS = [f"guest-{number}" for number in range(10)]


def _shop(kafka: Kafka, config: Mapping[str, str], partitions: int = 1) -> Shop:
    """A shop whose guest states lie in a topic of that configuration."""
    made = shop(kafka, partitions=partitions)
    states = kafka.topic("states", partitions, {"max.message.bytes": str(STATE_BYTES), **config})
    return replace(made, topics=made.topics.model_copy(update={"guest_states": states}))


def _writes(made: Shop, key: bytes, value: bytes | None) -> None:
    """Write to the first partition of the guest states what no assembler does."""
    producer = Producer({"bootstrap.servers": made.kafka.bootstrap, "log_level": 2})
    producer.produce(made.topics.guest_states, value, key, 0)
    producer.flush(20)


def test_states_that_were_compacted_are_all_that_is_needed(kafka: Kafka) -> None:
    """Of each guest the last value is left, and the mark that the partition has begun."""
    often = {"segment.ms": "100", "min.cleanable.dirty.ratio": "0.01", "delete.retention.ms": "0"}
    made = _shop(kafka, {"cleanup.policy": "compact", **often})
    with made.working():
        for number in range(8):
            made.publish(*buys("ann", 1, first=number))
            made.publish(*buys("ben", 1, first=number))
            made.wait_until_read()
    states = made.topics.guest_states

    def compacted() -> bool:
        # Kafka never compacts the segment that is written to: a record makes a new one.
        _writes(made, b"nobody", None)
        return [one.key for one in made.read(states)].count(b"ann") == 1

    until(compacted)
    with made.working():
        for guest in ("ann", "ben"):
            made.publish(*buys(guest, 1, first=8))
        made.wait_until_read()

    check(made, ["ann", "ben"], 9)


def test_states_that_were_deleted_otherwise_are_refused(kafka: Kafka) -> None:
    """Also where the mark that the partition has begun is still there."""
    made = _shop(kafka, {"cleanup.policy": "compact,delete"})
    made.publish(*buys("ann", 1))
    with made.working():
        made.wait_until_read()
    states = made.topics.guest_states
    (began,) = [one.value for one in made.read(states) if one.key == BEGAN_KEY]
    _writes(made, BEGAN_KEY, began)
    last = made.read(states)[-1].position.offset
    kafka.admin.delete_records([TopicPartition(states, 0, last)])
    until(lambda: len(made.read(states)) == 1)

    refused = pytest.raises(StateError, match=f"{states}/0 begins at offset {last}")
    with refused, made.working():
        pass
    reset = Reset(_settings(made))
    plan = reset.plan(None)
    with pytest.raises(StateError, match="delete the topic"):
        reset.do(plan)
    assert len(made.owed()) == 3


def test_states_of_another_program_are_refused(kafka: Kafka) -> None:
    """Nobody's guests are ours; and what was forgotten of theirs does no harm."""
    made = _shop(kafka, {"cleanup.policy": "compact"})
    made.publish(*buys("ann", 1))
    with made.working():
        made.wait_until_read()
    why = {b"ann": "a value .* is not a guest's state", b"\xff": "1 keys are no guest's id"}
    for key, words in why.items():
        _writes(made, key, b'{"hello": "world"}')
        refused = pytest.raises(StateError, match=f"{made.topics.guest_states}/0: {words}")
        with refused, made.working():
            pass
        _writes(made, key, None)

    with made.working():
        made.publish(*buys("ben", 1))
        made.wait_until_read()
    check(made, ["ben"], 1)


def test_states_without_a_beginning_are_nobodys(kafka: Kafka) -> None:
    """A group that begins would take them for its own."""
    made = _shop(kafka, {"cleanup.policy": "compact"})
    _writes(made, b"ann", b"a state")

    with pytest.raises(StateError, match="no offsets are committed"), made.working():
        pass


@pytest.mark.slow
def test_a_restore_that_is_killed_begins_again_and_holds_up_nobody(
    kafka: Kafka, tmp_path: Path
) -> None:
    """A transaction left open in one partition's states: the other partition works on."""
    made = _shop(kafka, {"cleanup.policy": "compact"}, partitions=2)
    soon = made.kafka_settings.model_copy(update={"session_timeout_s": 2.0})
    made = replace(made, kafka_settings=soon)
    _buy(made, 0)
    with made.working():
        made.wait_until_read()
    commerce = made.read(made.topics.commerce[0])
    working = {one.key for one in commerce if one.position.partition == 1}
    stranger = a_stranger(kafka)
    stranger.produce(made.topics.guest_states, b"x", b"ann", 0)
    stranger.flush(20)

    _buy(made, 1)
    child = made.child("one", tmp_path)
    until(lambda: _bought(made, 1) == working)
    child.kill()
    _buy(made, 2)
    with made.supervised():
        until(lambda: _bought(made, 2) == working)
        stranger.abort_transaction(20)
        made.wait_until_read()

    check(made, GUESTS, 3)


def _buy(made: Shop, number: int) -> None:
    for guest in GUESTS:
        made.publish(*buys(guest, 1, first=number))


def _bought(made: Shop, number: int) -> set[bytes]:
    """Who is owed the order of that number."""
    orders = {getattr(one, "order_id", None): one.guest_id for one in made.owed()}
    return {guest.encode() for order, guest in orders.items() if order == f"{guest}-{number}"}


def _settings(made: Shop) -> Settings:
    return Settings(
        application=made.application,
        kafka=made.kafka_settings,
        topics=made.topics.model_copy(
            update={"deliveries": made.kafka.topic("deliveries", made.partitions)}
        ),
        deliver=DeliverSettings(lease_s=0.1, request_timeout_s=0.1),
    )
