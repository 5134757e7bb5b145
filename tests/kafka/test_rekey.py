"""Rekey on a real broker: what moves, what is kept of it, and what is left after a kill."""

import contextlib
import random
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml
from confluent_kafka import Consumer, Producer, TopicPartition

from pipeline import app
from pipeline.commerce.encode import encode
from pipeline.commerce.events import CommerceEvent
from pipeline.config import DeliverSettings, KafkaSettings, RekeySettings, Settings, TopicSettings
from pipeline.errors import ConfigError, PipelineError
from pipeline.kafka.placement import partition_of
from pipeline.record import Instant, Record
from tests.components.kafka import Kafka
from tests.components.process import Child
from tests.components.reading import committed
from tests.kafka.assembling import until
from tests.unit.orders.story import added, but

pytestmark = pytest.mark.kafka

NOW = time.time_ns() // 1_000_000
"""Records that are much older are deleted as soon as they come: retention goes by their time."""
TARGET = 3
PARTITIONS = {"orders": 2, "payments": 5}


@dataclass
class Mover:
    """Sources with unequal numbers of partitions, and a target."""

    kafka: Kafka
    settings: Settings
    producer: Producer = field(init=False)
    _asker: Consumer = field(init=False)

    def __post_init__(self) -> None:
        group = f"{self.settings.application}-rekey"
        asking = {"bootstrap.servers": self.kafka.bootstrap, "group.id": group, "log_level": 2}
        self._asker = Consumer(asking)
        self.producer = Producer({"bootstrap.servers": self.kafka.bootstrap, "log_level": 2})

    @property
    def rekey(self) -> RekeySettings:
        """Its section."""
        assert self.settings.rekey is not None
        return self.settings.rekey

    def publish(self, source: int, value: bytes, *, partition: int = 0, at: int = 0) -> None:
        """Publish under a key that is no guest's."""
        self.producer.produce(
            self.rekey.sources[source],
            key=b"order-7",
            value=value,
            partition=partition,
            headers=[("trace", b"\x00\xff")],
            timestamp=at or NOW,
        )

    def done(self) -> int:
        """How many records of the sources are committed."""
        self.producer.flush(20)
        parts = [
            TopicPartition(topic, number)
            for topic, count in zip(self.rekey.sources, PARTITIONS.values(), strict=True)
            for number in range(count)
        ]
        return sum(max(0, part.offset) for part in self._asker.committed(parts, 10))

    def moved(self) -> list[Record]:
        """What came to the target."""
        return list(committed(self.kafka.bootstrap, self.rekey.target))

    def letters(self) -> list[Record]:
        """What was set aside."""
        return list(committed(self.kafka.bootstrap, self.settings.topics.dead_letters))

    @contextlib.contextmanager
    def working(self) -> Iterator[app.Worker]:
        """Run a worker in a thread until the block ends; what it raises is raised."""
        worker = app.rekey(self.settings)
        raised: list[PipelineError] = []

        def run() -> None:
            try:
                worker.run()
            except PipelineError as error:
                raised.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        try:
            until(lambda: worker.ready() or not thread.is_alive())
            yield worker
        finally:
            worker.stop()
            thread.join(60)
        if raised:
            raise raised[0]

    def child(self, folder: Path, instance: str) -> Child:
        """Run a worker in a process of its own, to be killed."""
        file = folder / "settings.yaml"
        told = self.settings.model_dump(mode="json") | {"instance": instance}
        file.write_text(yaml.safe_dump(told))
        command = [sys.executable, "-m", "pipeline", "--config", str(file)]
        log = folder / f"{instance}-{uuid.uuid4().hex[:6]}.txt"
        return Child([*command, "run", "rekey", "--port", "0"], log=log)


def mover(kafka: Kafka, *, batch_max: int = 10_000) -> Mover:
    """Make topics, and settings that name them."""
    topics = TopicSettings(
        commerce=(kafka.topic("commerce", TARGET),), dead_letters=kafka.topic("letters", TARGET)
    )
    any_time = {"message.timestamp.after.max.ms": str(2**63 - 1)}
    sources = tuple(kafka.topic(name, count, any_time) for name, count in PARTITIONS.items())
    settings = Settings(
        application=f"mover-{uuid.uuid4().hex[:8]}",
        instance="one",
        kafka=KafkaSettings(bootstrap_servers=kafka.bootstrap, session_timeout_s=6.0),
        topics=topics,
        deliver=DeliverSettings(lease_s=0.1, request_timeout_s=0.1),
        rekey=RekeySettings(
            sources=sources, target=topics.commerce[0], batch_window_s=0.02, batch_max=batch_max
        ),
    )
    return Mover(kafka, settings)


def of_guest(guest: str, number: int) -> bytes:
    """An event of a guest's."""
    event: CommerceEvent = added(number, f"item-{number}")
    return encode(but(event, guest_id=guest))


def test_records_move_to_their_guests_with_all_that_they_had(kafka: Kafka) -> None:
    """Bytes, headers and time stay; the key is the guest's, and says the partition."""
    made = mover(kafka)
    values = {f"guest-{number}": of_guest(f"guest-{number}", number) for number in range(20)}
    for number, value in enumerate(values.values()):
        made.publish(number % 2, value, partition=number % 2, at=NOW + number)
    made.publish(1, b"junk", partition=4)
    with made.working():
        until(lambda: made.done() == 21)

    moved = made.moved()
    assert {(record.key or b"").decode(): record.value for record in moved} == values
    place = partition_of("murmur2")
    for record in moved:
        assert record.position.partition == place(record.key or b"", TARGET)
        assert record.headers[0] == ("trace", b"\x00\xff")
    origins = {(dict(record.headers)["rekey-origin"] or b"").decode() for record in moved}
    assert f"{made.rekey.sources[1]}/1@0" in origins
    assert {record.timestamp for record in moved} == {Instant(NOW + number) for number in range(20)}
    (letter,) = made.letters()
    assert (letter.position.partition, letter.value) == (4 % TARGET, b"junk")
    assert dict(letter.headers)["dead-letter-reason"] == b"framing"


@pytest.mark.slow
def test_a_worker_killed_at_any_moment_moves_each_record_once(kafka: Kafka, tmp_path: Path) -> None:
    """The transaction of the dead ends with its successor; each guest stays in order."""
    made = mover(kafka, batch_max=5)
    for number in range(6_000):
        guest = f"guest-{number % 50}"
        made.publish(number % 2, of_guest(guest, number), partition=number % 2)
    random.seed(3)
    for _ in range(3):
        child = made.child(tmp_path, "one")
        _wait_for_progress(made, child)
        time.sleep(random.uniform(0, 0.1))
        child.kill()
    with made.working():
        until(lambda: made.done() == 6_000)

    moved = made.moved()
    origins = Counter(dict(record.headers)["rekey-origin"] for record in moved)
    assert (len(moved), set(origins.values())) == (6_000, {1})
    offsets: dict[tuple[bytes | None, bytes], list[int]] = {}
    for record in moved:
        place, _, offset = (dict(record.headers)["rekey-origin"] or b"").partition(b"@")
        offsets.setdefault((record.key, place), []).append(int(offset))
    assert all(found == sorted(found) for found in offsets.values())


def _wait_for_progress(made: Mover, child: Child) -> None:
    before = made.done()
    until(lambda: made.done() > before or not child.running())
    assert child.running(), child.tail()


def test_a_time_that_the_target_refuses_is_moved_and_told(kafka: Kafka) -> None:
    """A broker takes nothing of a batch with one such record: without this it would never end."""
    made = mover(kafka)
    day = 86_400_000
    kept_days = {"message.timestamp.before.max.ms": str(7 * day), "retention.ms": "-1"}
    target = kafka.topic("commerce", TARGET, kept_days)
    rekey = made.rekey.model_copy(update={"target": target})
    made = Mover(kafka, made.settings.model_copy(update={"rekey": rekey}))
    times = {"future": NOW + day, "past": NOW - 30 * day, "present": NOW}
    for number, (guest, at) in enumerate(times.items()):
        made.publish(0, of_guest(guest, number), at=at)
    with made.working():
        until(lambda: made.done() == 3, timeout_s=20)
        ended = time.time_ns() // 1_000_000

    moved = {(record.key or b"").decode(): record for record in made.moved()}
    assert NOW <= moved["future"].timestamp <= ended
    assert NOW - 7 * day < moved["past"].timestamp < NOW - 6 * day
    assert moved["present"].timestamp == NOW
    told = {guest: dict(record.headers).get("rekey-timestamp") for guest, record in moved.items()}
    assert told == {
        "future": str(NOW + day).encode(),
        "past": str(NOW - 30 * day).encode(),
        "present": None,
    }


def test_topics_that_do_not_fit_are_refused(kafka: Kafka) -> None:
    """A target that stamps its own time would move every wait; a missing source has no records."""
    made = mover(kafka)
    stamped = kafka.topic("commerce", TARGET, {"message.timestamp.type": "LogAppendTime"})

    def refused(**changes: object) -> str:
        rekey = made.rekey.model_copy(update=changes)
        settings = made.settings.model_copy(update={"rekey": rekey})
        with pytest.raises(ConfigError) as error, Mover(kafka, settings).working():
            pass
        return str(error.value)

    assert "CreateTime" in refused(target=stamped)
    assert "'missing' of `rekey.sources` does not exist" in refused(sources=("missing",))
