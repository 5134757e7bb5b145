"""Publishing events from a file."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from confluent_kafka import KafkaError, KafkaException

from pipeline.cli.main import main
from pipeline.cli.publishing import Publisher, Report, ending_at
from pipeline.commerce.decode import Decoder
from pipeline.commerce.encode import encode
from pipeline.commerce.ndjson import NumberedEvent, format_event, read
from pipeline.commerce.schemas import Schema
from pipeline.errors import ConfigError, DataError, UnavailableError
from pipeline.record import Instant, Position, Record
from tests.examples import EVENTS, PLACED, VIEWED
from tests.fakes import Journal

LINES = [format_event(event).encode() + b"\n" for event in EVENTS]


class FakeProducer:
    """A producer without a broker: acknowledges at the next poll, as long as it is told to."""

    def __init__(self, journal: Journal, *, room: int = 3, refuse_at: int | None = None) -> None:
        self._journal = journal
        self._room = room
        self._refuse_at = refuse_at
        self._queued: list[Report] = []
        self._produced = 0

    def produce(self, topic: str, *, key: bytes, value: bytes, on_delivery: Report) -> None:
        if self._room == 0:  # a topic that does not exist takes nothing
            raise KafkaException(KafkaError(KafkaError._UNKNOWN_TOPIC))
        if len(self._queued) == self._room:
            raise BufferError
        self._journal.note("produce", topic, key, value)
        self._queued.append(on_delivery)

    def poll(self, timeout: float, /) -> int:
        return self.flush(timeout) if len(self._queued) == self._room else 0

    def flush(self, _timeout: float, /) -> int:
        for report in self._queued:
            self._produced += 1
            report("no answer" if self._produced == self._refuse_at else None, None)
        self._queued.clear()
        return 0


@pytest.fixture
def journal() -> Journal:
    return Journal()


def numbered() -> Iterator[NumberedEvent]:
    return read(LINES)


def published(journal: Journal) -> list[object]:
    return [value for _topic, _key, value in journal.details("produce")]


def ran(*arguments: str, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(main, arguments, input=stdin)


def test_every_line_is_published_in_order_keyed_by_guest(journal: Journal) -> None:
    """Guests' events meet in one partition only by their key."""
    count = Publisher(FakeProducer(journal), "commerce-events").publish(numbered())

    assert count == len(EVENTS)
    assert journal.details("produce") == [
        ("commerce-events", b"ann", encode(event)) for event in EVENTS
    ]


def test_with_a_registry_its_ids_are_in_front(journal: Journal) -> None:
    """Each schema is asked for once."""
    asked: list[str] = []

    def schema_id(schema: Schema) -> int:
        asked.append(schema.name)
        return len(asked)

    Publisher(FakeProducer(journal), "t", schema_id).publish(read([*LINES, *LINES]))

    assert len(asked) == len(set(asked)) == len(EVENTS)
    assert published(journal)[0] == encode(EVENTS[0], schema_id=1)


def test_a_schema_that_is_not_registered_stops_it(journal: Journal) -> None:
    """Nobody could read the record."""
    publisher = Publisher(FakeProducer(journal), "t", lambda _: None)

    with pytest.raises(ConfigError, match="`pipeline schemas register`"):
        publisher.publish(numbered())

    assert published(journal) == []


def test_a_refused_line_stops_what_follows_and_says_what_went_before(journal: Journal) -> None:
    """Publishing on would put a later event before the one that is mended."""
    publisher = Publisher(FakeProducer(journal), "t")

    with pytest.raises(DataError, match=r"line 3: .*\n2 events before it were published"):
        publisher.publish(read([*LINES[:2], b"{}\n", *LINES[3:]]))

    assert published(journal) == [encode(event) for event in EVENTS[:2]]


def test_an_event_that_is_not_acknowledged_is_a_failure(journal: Journal) -> None:
    """A command that ends well while an order is missing would be believed."""
    publisher = Publisher(FakeProducer(journal, refuse_at=2), "t")

    with pytest.raises(UnavailableError, match="line 2 was not acknowledged: no answer; 2 events"):
        publisher.publish(numbered())

    assert len(published(journal)) == 3


def test_a_topic_that_is_not_there_is_a_failure(journal: Journal) -> None:
    """The client says so when it queues the event."""
    with pytest.raises(UnavailableError, match="line 1 was not acknowledged"):
        Publisher(FakeProducer(journal, room=0), "t").publish(numbered())


def test_check_reads_every_line_and_needs_no_kafka(tmp_path: Path) -> None:
    """What is wrong shows before anything is published."""
    file = tmp_path / "events.ndjson"
    file.write_bytes(b"".join(LINES))

    result = ran("publish", "--check", str(file))

    assert (result.exit_code, result.stdout) == (0, "14 events, every one well formed\n")


def test_check_names_line_and_field() -> None:
    """With the exit code of data that cannot be read."""
    stdin = LINES[0] + format_event(VIEWED).replace('"WEB"', "7").encode()

    result = ran("publish", "--check", "--output", "json", "-", stdin=stdin)

    assert (result.exit_code, result.stdout) == (65, "")
    assert result.stderr == "pipeline: line 2: field channel is 7; want text\n"


def test_check_speaks_json() -> None:
    """For programs."""
    result = ran("publish", "--check", "--output", "json", "-", stdin=b"".join(LINES))

    assert json.loads(result.stdout) == {"read": len(LINES)}


def test_what_is_published_is_what_the_workers_read(journal: Journal) -> None:
    """The two ends of the topic share the schemas and nothing else."""
    Publisher(FakeProducer(journal), "t").publish(read([format_event(PLACED).encode()]))

    ((_topic, key, value),) = journal.details("produce")
    assert isinstance(key, bytes)
    assert isinstance(value, bytes)
    record = Record(Position("t", 0, 0), Instant(0), key, value)
    assert Decoder().decode(record) == PLACED


def test_a_wrong_client_property_is_a_wrong_setting(tmp_path: Path) -> None:
    """Named before a line is read."""
    file = tmp_path / "events.ndjson"
    file.write_bytes(LINES[0])
    environment = {"PIPELINE_KAFKA__CLIENT": '{"no.such.property": 1}'}

    result = CliRunner().invoke(main, ["publish", str(file)], env=environment)

    assert result.exit_code == 78
    assert "no.such.property" in result.stderr


def test_an_old_example_is_moved_as_a_whole_to_now() -> None:
    """Orders of last year are historic, and carts of an hour ago too late: nobody would see one."""
    now = Instant(2_000_000_000_000)
    old = list(read(LINES))

    moved = [event for _, event in ending_at(old, now)]

    (by_ms,) = {
        new.occurred_at - event.occurred_at for new, (_, event) in zip(moved, old, strict=True)
    }
    assert max(event.occurred_at for event in moved) == now
    placed = next(event for event in moved if event.event_id == PLACED.event_id)
    assert placed == replace(
        PLACED,
        occurred_at=Instant(PLACED.occurred_at + by_ms),
        ordered_at=Instant(PLACED.ordered_at + by_ms),
    )
