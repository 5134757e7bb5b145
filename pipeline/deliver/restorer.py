"""Reads, beside the moving of records, what must be known before a partition is worked on."""

import queue
import threading
import time
from collections.abc import Callable
from typing import Final, NamedTuple

from confluent_kafka import Consumer, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient

from pipeline.config import KafkaSettings, TopicSettings
from pipeline.deliver import ledger_state
from pipeline.deliver.letters import WORKER
from pipeline.deliver.port import Deleted, Failed, Restored
from pipeline.errors import ForbiddenError, StateError, UnavailableError
from pipeline.kafka import topics as kafka_topics
from pipeline.kafka import verdict
from pipeline.kafka.changelog import Changelog, restore
from pipeline.kafka.clients import admin_config, consumer_config
from pipeline.kafka.offsets import committed_ends, first_since
from pipeline.metrics import deliver as metrics

RELEASED: Final = "released"
"""Commit metadata: nothing of the one who committed may be under way any more."""
_ANSWER_S: Final = 10.0
_RETRY_S: Final = 1.0
FIRSTS_S: Final = 600.0
"""Time between two looks at how much of what is owed is deleted."""
_FACTS_S: Final = 3.0
"""The embedded broker never answers what it does not know."""


class Facts(NamedTuple):
    """What the cluster says of our topics."""

    topic_id: str = ""
    """Empty where the broker cannot tell."""
    letter_bytes_max: int = kafka_topics.RECORD_BYTES


class Committed(NamedTuple):
    """What the group has committed of a partition, and where it begins and ends."""

    offset: int | None
    """None: nothing, or it has expired."""
    released: bool
    """Whether it was the last word of an owner who ended well."""
    first: int
    end: int


def released(committed: Committed, *, began: bool, name: str) -> bool:
    """Judge by what is committed whether nothing of an earlier owner can have been under way.

    An owner says that it has begun, then commits, then sends. Where offsets have expired, what each
    guest has finished tells where to go on.

    Args:
        committed: What the group has committed.
        began: Whether the deliveries say that somebody has begun.
        name: Of the partition of the deliveries, for people.

    Raises:
        StateError: Offsets are there, and the deliveries that belong to them are not.
    """
    if committed.offset is None:
        return not began
    if not began:
        raise StateError(
            f"offsets are committed, but {name} is empty: what Sitecore has accepted is forgotten, "
            "and orders would be sent again; `pipeline reset` begins anew"
        )
    return committed.released


class Restorer:
    """Restores one partition after the other, on a thread of its own."""

    def __init__(
        self,
        kafka: KafkaSettings,
        topics: TopicSettings,
        *,
        group: str,
        firsts_s: float = FIRSTS_S,
    ) -> None:
        """Prepare.

        Args:
            kafka: How to reach it.
            topics: Their names.
            group: Whose committed offsets are asked for. It is not joined.
            firsts_s: Time between two looks at how much is deleted.
        """
        self._firsts_s = firsts_s
        self._topics = topics
        self._consumer_config = consumer_config(kafka, group=group)
        self._admin_config = admin_config(kafka)
        self._wanted: queue.SimpleQueue[tuple[int, int] | None] = queue.SimpleQueue()
        self._stopped = threading.Event()
        self._known = threading.Event()
        self._seen: set[int] = set()
        self.facts = Facts()

    def start(self, say: Callable[[int, Restored | Deleted | Failed], None]) -> None:
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
            self._say(0, Failed(verdict.of_ending(raised)))
        except Exception as error:  # noqa: BLE001 — the loop makes an exit code of it
            # Without this thread the partition would wait for ever.
            self._say(0, Failed(error))

    def _restore_wanted(self) -> None:
        consumer = Consumer(self._consumer_config)
        changelog = Changelog(self._consumer_config, self._admin, self._topics.deliveries)
        while not self._stopped.is_set():
            try:
                wanted = self._wanted.get(timeout=self._firsts_s)
            except queue.Empty:
                self._look()
                continue
            if wanted is not None:
                self._seen.add(wanted[0])
                self._say(wanted[1], self._insist(consumer, changelog, wanted[0]))
        changelog.close()
        consumer.close()

    def _look(self) -> None:
        """Tell how much of what is owed is deleted; when nobody answers, the next time."""
        name = self._topics.stream_events
        try:
            found = first_since(self._admin, [(name, number) for number in self._seen], None)
        except UnavailableError:
            return
        self._say(0, Deleted({number: first for (_, number), first in found.items()}))

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
        changelog.check([partition])
        committed = self._committed(consumer, partition)
        values: dict[bytes, bytes] = {}

        def sink(key: bytes, value: bytes | None) -> None:
            if value is None:
                values.pop(key, None)
            else:
                values[key] = value

        restore(changelog, partition, sink, going_on=lambda: not self._stopped.is_set())
        self._known.wait(_FACTS_S + 1)
        name = f"{self._topics.deliveries}/{partition}"
        began = ledger_state.BEGAN_KEY in values
        if committed.offset is None and began:
            metrics.offsets_missing(partition)
        return Restored(
            partition,
            start=committed.first if committed.offset is None else committed.offset,
            released=released(committed, began=began, name=name),
            end=committed.end,
            values=values,
            topic_id=self.facts.topic_id,
            first=committed.first,
        )

    def _committed(self, consumer: Consumer, partition: int) -> Committed:
        """What is committed; to be asked for before the deliveries are read."""
        at = TopicPartition(self._topics.stream_events, partition)
        try:
            found = consumer.committed([at], timeout=_ANSWER_S)[0]
        except KafkaException as raised:
            raise verdict.of_asking(raised, "a committed offset could not be asked for") from raised
        if found.error is not None:
            raise verdict.of_asking(KafkaException(found.error), "a committed offset is not known")
        asked = [(at.topic, partition)]
        (low,) = first_since(self._admin, asked, None).values()
        (high,) = committed_ends(self._admin, asked).values()
        if found.offset > high:
            raise StateError(
                f"{at.topic}/{partition} ends at {high}, but {found.offset} was committed: the "
                "topic was made anew, or lost records; `reset` decides where to begin"
            )
        offset = None if found.offset < 0 else found.offset
        return Committed(offset, found.metadata == RELEASED, low, high)

    def _ask(self) -> None:
        """Ask for what only a real broker can tell."""
        try:
            self.facts = Facts(self._topic_id(), self._letter_bytes_max())
        except ForbiddenError as error:
            self._say(0, Failed(error))
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
        name = self._topics.dead_letters
        return kafka_topics.record_bytes(self._admin, [name]).get(name, kafka_topics.RECORD_BYTES)
