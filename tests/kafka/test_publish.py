"""Publishing and registering by the command line, on a real broker and a real registry."""

import json
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result
from confluent_kafka import Consumer
from pydantic import HttpUrl

from pipeline.cli.main import main
from pipeline.commerce.decode import Decoder
from pipeline.commerce.events import CommerceEvent
from pipeline.commerce.ndjson import format_event
from pipeline.config import RegistrySettings
from pipeline.kafka.registry import connect
from pipeline.record import Instant, Position, Record
from tests.components.kafka import Kafka
from tests.components.registry import Registry
from tests.examples import EVENTS

pytestmark = [pytest.mark.kafka, pytest.mark.registry]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "events.ndjson"
    file.write_text("".join(f"{format_event(event)}\n" for event in EVENTS))
    return file


def ran(*arguments: str, kafka: Kafka, registry: Registry | None = None) -> Result:
    environment = {"PIPELINE_KAFKA__BOOTSTRAP_SERVERS": kafka.bootstrap}
    if registry is not None:
        environment["PIPELINE_REGISTRY__URL"] = registry.url
    return CliRunner().invoke(main, arguments, env=environment)


def records(kafka: Kafka, topic: str, count: int) -> Iterator[Record]:
    consumer = Consumer(
        {
            "bootstrap.servers": kafka.bootstrap,
            "group.id": str(uuid4()),
            "auto.offset.reset": "earliest",
        }
    )
    consumer.subscribe([topic])
    try:
        for message in consumer.consume(count, timeout=30):
            position = Position(topic, message.partition() or 0, message.offset() or 0)
            yield Record(position, Instant(0), message.key(), message.value())
    finally:
        consumer.close()


def decoded(kafka: Kafka, topic: str, decoder: Decoder) -> list[CommerceEvent]:
    found = [(one.position, decoder.decode(one)) for one in records(kafka, topic, len(EVENTS))]
    assert len({position.partition for position, _ in found}) == 1
    return [event for _, event in found]


def test_events_arrive_in_order_in_one_partition(kafka: Kafka, file: Path) -> None:
    """A guest's events are told in the order in which they were written."""
    topic = kafka.topic("commerce", partitions=4)

    result = ran("publish", "--topic", topic, "--output", "json", str(file), kafka=kafka)

    assert json.loads(result.stdout) == {"published": len(EVENTS)}
    assert decoded(kafka, topic, Decoder()) == list(EVENTS)


def test_with_a_registry_the_framing_is_its_own(
    kafka: Kafka, registry: Registry, file: Path
) -> None:
    """Register, check, publish: what a shop does on its first day."""
    topic = kafka.topic("commerce", partitions=4)

    registered = ran("schemas", "register", kafka=kafka, registry=registry)
    checked = ran("schemas", "register", "--check", kafka=kafka, registry=registry)
    result = ran("publish", "--topic", topic, str(file), kafka=kafka, registry=registry)

    assert registered.exit_code == checked.exit_code == result.exit_code == 0
    assert checked.stdout.count("registered, id") == 20
    with connect(RegistrySettings(url=HttpUrl(registry.url))) as source:
        assert decoded(kafka, topic, Decoder(source)) == list(EVENTS)
    assert all((one.value or b"")[0] == 0 for one in records(kafka, topic, len(EVENTS)))


def test_a_topic_that_does_not_exist_is_a_failure(kafka: Kafka, file: Path) -> None:
    """Not a wait without end."""
    result = ran("publish", "--topic", f"none-{uuid4()}", str(file), kafka=kafka)

    assert result.exit_code == 78
    assert "`pipeline topics create` makes it" in result.stderr
