"""Reads, beside the moving of records, what must be known before a partition is worked on."""

import queue
import threading
import time
from collections.abc import Callable
from typing import Final, NamedTuple

from confluent_kafka import Consumer, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType

from pipeline.config import KafkaSettings, TopicSettings
from pipeline.deliver.letters import WORKER
from pipeline.deliver.port import Failed, Restored
from pipeline.errors import FatalKafkaError, StateError, UnavailableError
from pipeline.kafka import topics as kafka_topics
from pipeline.kafka import verdict
from pipeline.kafka.changelog import Changelog, restore
from pipeline.kafka.clients import admin_config, consumer_config
from pipeline.metrics import deliver as metrics
from pipeline.metrics import expired
from pipeline.record import Position

RELEASED: Final = "released"
"""Commit metadata: nothing of the one who committed may be under way any more."""
_ANSWER_S: Final = 10.0
_RETRY_S: Final = 1.0
_FACTS_S: Final = 3.0
"""The embedded broker never answers what it does not know."""


class Facts(NamedTuple):
    """What the cluster says of our topics."""

    topic_id: str = ""
    """Empty where the broker cannot tell."""
    letter_bytes_max: int = kafka_topics.RECORD_BYTES


class Restorer:
    """Restores one partition after the other, on a thread of its own."""

    def __init__(self, kafka: KafkaSettings, topics: TopicSettings, *, group: str) -> None:
        """Prepare; *group* is whose committed offsets are asked for. It is not joined."""
        self._topics = topics
        self._consumer_config = consumer_config(kafka, group=group)
        self._admin_config = admin_config(kafka)
        self._wanted: queue.SimpleQueue[tuple[int, int] | None] = queue.SimpleQueue()
        self._stopped = threading.Event()
        self._known = threading.Event()
        self.facts = Facts()

    def start(self, say: Callable[[int, Restored | Failed], None]) -> None:
        """Begin; *say* takes what was restored and the assignment that it was restored for."""
        self._say = say
        self._admin = AdminClient(self._admin_config)
        for work in (self._ask, self._run):
            threading.Thread(target=work, name="restore", daemon=True).start()

    def partitions(self) -> int:
        """Count the partitions that all our topics have.

        Raises:
            ConfigError: A topic is missing, or the counts differ.
            UnavailableError: No broker answers.
        """
        names = (self._topics.stream_events, self._topics.deliveries, self._topics.dead_letters)
        counts = kafka_topics.partition_counts(self._admin, names)
        return kafka_topics.check_partitions(counts, names)

    def want(self, partition: int, assignment: int) -> None:
        """Restore a partition."""
        self._wanted.put((partition, assignment))

    def stop(self) -> None:
        """Restore nothing more."""
        self._stopped.set()
        self._wanted.put(None)

    def _run(self) -> None:
        try:
            self._restore_wanted()
        except KafkaException as raised:
            self._say(0, Failed(FatalKafkaError(str(raised))))
        except Exception as error:  # noqa: BLE001 — the loop makes an exit code of it
            # Without this thread the partition would wait for ever.
            self._say(0, Failed(error))

    def _restore_wanted(self) -> None:
        consumer = Consumer(self._consumer_config)
        changelog = Changelog(self._consumer_config, self._admin, self._topics.deliveries)
        while not self._stopped.is_set() and (wanted := self._wanted.get()) is not None:
            partition, assignment = wanted
            self._say(assignment, self._insist(consumer, changelog, partition))
        changelog.close()
        consumer.close()

    def _insist(self, consumer: Consumer, changelog: Changelog, partition: int) -> Restored:
        """Try until Kafka answers."""
        began = time.monotonic()
        while True:
            try:
                restored = self._restore(consumer, changelog, partition)
            except UnavailableError as error:
                if self._stopped.wait(_RETRY_S):
                    raise
                metrics.restore_retried(WORKER, partition, str(error))
            else:
                took_s = time.monotonic() - began
                metrics.restored(WORKER, partition, len(restored.values), took_s)
                return restored

    def _restore(self, consumer: Consumer, changelog: Changelog, partition: int) -> Restored:
        start, released, end = self._committed(consumer, partition)
        values: dict[bytes, bytes] = {}

        def sink(key: bytes, value: bytes | None) -> None:
            if value is None:
                values.pop(key, None)
            else:
                values[key] = value

        restore(changelog, partition, sink, going_on=lambda: not self._stopped.is_set())
        self._known.wait(_FACTS_S + 1)
        return Restored(
            partition,
            start=start,
            released=released,
            end=end,
            values=values,
            topic_id=self.facts.topic_id,
        )

    def _committed(self, consumer: Consumer, partition: int) -> tuple[int, bool, int]:
        """Where to begin, whether nobody's request may be under way, and the present end."""
        at = TopicPartition(self._topics.stream_events, partition)
        try:
            found = consumer.committed([at], timeout=_ANSWER_S)[0]
            low, high = consumer.get_watermark_offsets(at, timeout=_ANSWER_S)
        except KafkaException as raised:
            raise verdict.of_asking(raised, "a committed offset could not be asked for") from raised
        if found.error is not None:
            raise verdict.of_asking(KafkaException(found.error), "a committed offset is not known")
        if found.offset < 0:
            # An owner commits before its first request: without a commit there was none.
            return low, True, high
        if found.offset > high:
            raise StateError(
                f"{at.topic}/{partition} ends at {high}, but {found.offset} was committed: the "
                "topic was made anew, or lost records; `reset` decides where to begin"
            )
        if found.offset < low:
            expired(Position(at.topic, partition, found.offset), low - found.offset)
        return max(low, found.offset), found.metadata == RELEASED, high

    def _ask(self) -> None:
        """Ask for what only a real broker can tell."""
        try:
            self.facts = Facts(self._topic_id(), self._letter_bytes_max())
        finally:
            self._known.set()

    def _topic_id(self) -> str:
        name = self._topics.stream_events
        asked = self._admin.describe_topics(TopicCollection([name]), request_timeout=_FACTS_S)
        try:
            return str(asked[name].result(_FACTS_S + 1).topic_id)
        except (KafkaException, TimeoutError):
            return ""

    def _letter_bytes_max(self) -> int:
        topic = ConfigResource(ResourceType.TOPIC, self._topics.dead_letters)
        asked = self._admin.describe_configs([topic], request_timeout=_FACTS_S)
        try:
            found = asked[topic].result(_FACTS_S + 1)
        except (KafkaException, TimeoutError):
            return kafka_topics.RECORD_BYTES
        return int(found["max.message.bytes"].value)
