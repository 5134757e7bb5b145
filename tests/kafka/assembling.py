"""Assemble workers on a real broker, in this process or their own, and what they wrote."""

import contextlib
import json
import signal
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

from pipeline.assemble.clock import SYSTEM, Clock
from pipeline.assemble.kafka_log import KafkaLog
from pipeline.assemble.worker import AssembleWorker
from pipeline.commerce.decode import Decoder
from pipeline.commerce.encode import encode
from pipeline.commerce.events import CommerceEvent
from pipeline.config import AssembleSettings, KafkaSettings, TopicSettings
from pipeline.errors import FatalKafkaError, PipelineError
from pipeline.kafka import groups
from pipeline.kafka.topics import STATE_BYTES
from pipeline.record import GuestId, Instant, Record
from pipeline.sitecore.codec import decode_owed
from pipeline.sitecore.owed import Owed
from tests.components.kafka import Kafka
from tests.components.process import Child
from tests.components.reading import committed
from tests.unit.orders.story import POLICY

PATIENCE_S = 60.0


@dataclass
class Shop:
    """Topics of their own, and a group of its own, on a shared broker."""

    kafka: Kafka
    topics: TopicSettings
    application: str
    partitions: int
    kafka_settings: KafkaSettings
    settings: AssembleSettings = field(
        default_factory=lambda: AssembleSettings(batch_window_s=0.02)
    )
    clock: Clock = SYSTEM
    """Of workers in this process."""
    _producer: Producer = field(init=False)
    _asker: Consumer = field(init=False)

    def __post_init__(self) -> None:
        self._producer = Producer(
            {
                "bootstrap.servers": self.kafka.bootstrap,
                "partitioner": "murmur2_random",
                "log_level": 2,
            }
        )
        group = f"{self.application}-assemble"
        self._asker = Consumer(
            {"bootstrap.servers": self.kafka.bootstrap, "group.id": group, "log_level": 2}
        )

    def publish(self, *events: CommerceEvent, topic: int = 0, at: Instant | None = None) -> None:
        """Publish events, each with the time at which it happened, or all with one time."""
        for event in events:
            self._producer.produce(
                self.topics.commerce[topic],
                key=event.guest_id.encode(),
                value=encode(event),
                timestamp=event.occurred_at if at is None else at,
            )
        self._producer.flush(20)

    def publish_bytes(self, record: Record) -> None:
        """Publish a record as it is, to the partition it names."""
        self._producer.produce(
            record.position.topic,
            key=record.key,
            value=record.value,
            partition=record.position.partition,
            headers=list(record.headers),
            timestamp=record.timestamp,
        )
        self._producer.flush(20)

    def worker(self, instance: str = "one") -> AssembleWorker:
        """Make a worker, not started yet."""
        log = KafkaLog(
            self.kafka_settings, self.topics, application=self.application, instance=instance
        )
        return AssembleWorker(
            log, self.settings, decode=Decoder().decode, policy=POLICY, clock=self.clock
        )

    @contextlib.contextmanager
    def supervised(self) -> Iterator[None]:
        """Run a worker until the block ends, and another whenever Kafka has ended one."""
        running = [self.worker()]
        stopped = threading.Event()

        def run() -> None:
            while not stopped.is_set():
                with contextlib.suppress(FatalKafkaError):
                    running[-1].run()
                running.append(self.worker())

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        try:
            yield
        finally:
            stopped.set()
            while thread.is_alive():
                running[-1].stop()
                thread.join(0.1)

    @contextlib.contextmanager
    def working(self, instance: str = "one") -> Iterator[AssembleWorker]:
        """Run a worker in a thread until the block ends; what it raises is raised."""
        worker = self.worker(instance)
        raised: list[PipelineError] = []

        def run() -> None:
            try:
                worker.run()
            except PipelineError as error:
                raised.append(error)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        try:
            until(lambda: worker.ready() or not thread.is_alive())
            if not raised:
                yield worker
        finally:
            worker.stop()
            thread.join(PATIENCE_S)
            if raised:
                raise raised[0]
            assert not thread.is_alive(), "the worker does not stop"

    def child(self, instance: str, folder: Path) -> Child:
        """Run a worker in a process of its own, to be killed."""
        told = json.dumps(
            {
                "kafka": self.kafka_settings.model_dump(mode="json"),
                "topics": self.topics.model_dump(mode="json"),
                "settings": self.settings.model_dump(mode="json"),
                "application": self.application,
                "instance": instance,
            }
        )
        command = [sys.executable, "-m", "tests.kafka.assembling", told]
        return Child(command, log=folder / f"{instance}-{uuid.uuid4().hex[:6]}.txt")

    def members(self) -> int:
        """How many members the group has that are alive."""
        group = f"{self.application}-assemble"
        return groups.members(self.kafka.admin, [group])[group]

    def read(self, topic: str) -> list[Record]:
        """Read a topic from start to end, committed records only, in order of each partition."""
        return list(committed(self.kafka.bootstrap, topic))

    def owed(self) -> list[Owed]:
        """Everything that is owed."""
        return [decode_owed(record.value or b"") for record in self.read(self.topics.stream_events)]

    def unread(self) -> int:
        """How many records the group has not committed yet."""
        found: list[int] = []

        def answers() -> bool:
            # A coordinator that has just started does not know the group yet.
            with contextlib.suppress(KafkaException):
                found.append(self._unread())
            return bool(found)

        until(answers)
        return found[0]

    def wait_until_read(self) -> None:
        """Wait until everything published is committed."""
        until(lambda: self.unread() == 0)

    def _unread(self) -> int:
        parts = [
            TopicPartition(topic, number)
            for topic in self.topics.commerce
            for number in range(self.partitions)
        ]
        committed = self._asker.committed(parts, 10)
        ends = [self._asker.get_watermark_offsets(part, 10) for part in parts]
        return sum(
            end - max(low, at.offset) for at, (low, end) in zip(committed, ends, strict=True)
        )


def shop(kafka: Kafka, *, partitions: int = 2, sources: int = 1, **changes: object) -> Shop:
    """Make topics for a test, and settings that name them."""
    compacted = {"cleanup.policy": "compact", "max.message.bytes": str(STATE_BYTES)}
    names = TopicSettings(
        commerce=tuple(kafka.topic("commerce", partitions) for _ in range(sources)),
        guest_states=kafka.topic("states", partitions, compacted),
        stream_events=kafka.topic("stream", partitions),
        dead_letters=kafka.topic("letters", partitions, {"max.message.bytes": str(STATE_BYTES)}),
    )
    settings = KafkaSettings(bootstrap_servers=kafka.bootstrap, session_timeout_s=6.0)
    made = Shop(kafka, names, f"shop-{uuid.uuid4().hex[:8]}", partitions, settings)
    return replace(made, **changes) if changes else made  # type: ignore[arg-type]


def a_stranger(kafka: Kafka) -> Producer:
    """Make a producer of somebody else's, with a transaction that stays open."""
    settings = {"bootstrap.servers": kafka.bootstrap, "transactional.id": uuid.uuid4().hex}
    producer = Producer({**settings, "transaction.timeout.ms": 300_000, "log_level": 2})
    producer.init_transactions(60)
    producer.begin_transaction()
    return producer


def until(done: Callable[[], bool], timeout_s: float = PATIENCE_S) -> None:
    """Wait until something is so.

    Raises:
        TimeoutError: It never was.
    """
    give_up_at = time.monotonic() + timeout_s
    while not done():
        if time.monotonic() > give_up_at:
            raise TimeoutError(f"not so within {timeout_s} s")
        time.sleep(0.02)


def of_guest(owed: Iterable[Owed], guest: GuestId) -> list[Owed]:
    """What one guest is owed, in order."""
    return [one for one in owed if one.guest_id == guest]


def main() -> None:
    """Run the worker that the argument describes."""
    told = json.loads(sys.argv[1])
    log = KafkaLog(
        KafkaSettings(**told["kafka"]),
        TopicSettings(**told["topics"]),
        application=told["application"],
        instance=told["instance"],
    )
    settings = AssembleSettings(**told["settings"])
    worker = AssembleWorker(log, settings, decode=Decoder().decode, policy=POLICY)
    signal.signal(signal.SIGTERM, lambda *_: worker.stop())
    try:
        worker.run()
    except PipelineError as error:
        print(error, flush=True)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
