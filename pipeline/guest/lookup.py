"""Reads in Kafka what both workers know of one guest; changes nothing."""

import time
from typing import Final, NamedTuple

from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from pipeline.assemble import state
from pipeline.config import Settings
from pipeline.deliver import ledger_state
from pipeline.deliver.breaker import Hold
from pipeline.errors import ConfigError, RecordError, UnavailableError, UnknownSchema
from pipeline.kafka import topics, verdict
from pipeline.kafka.clients import consumer_config
from pipeline.kafka.lookup import look_up, spans
from pipeline.kafka.placement import partition_of
from pipeline.kafka.reading import Span, Told, read
from pipeline.orders.guest import Guest
from pipeline.record import GuestId, Instant, Position, Record
from pipeline.sitecore.codec import decode_owed
from pipeline.sitecore.delivery import Delivery
from pipeline.sitecore.owed import DeliveryId, kind_of

SHOWN: Final = 20
"""Records behind the head that are kept, of however many."""
_ANSWER_S: Final = 10.0


class Behind(NamedTuple):
    """Something owed that is not finished."""

    position: Position
    timestamp: Instant
    kind: str
    """``unreadable`` where nobody can read it."""
    delivery_id: DeliveryId
    sequence: int


class Known(NamedTuple):
    """What is known of a guest."""

    guest_id: GuestId
    partition: int
    looked_in: tuple[str, ...]
    """Topics."""
    guest: Guest | None
    wake_at: Instant | None
    delivery: Delivery | None
    committed: int | None
    """Up to where deliver has finished the whole partition; None: nothing was ever committed."""
    behind: tuple[Behind, ...]
    """What is owed and not finished, the head first, as far as it is to be shown."""
    behind_count: int
    """How much that is in all."""
    hold: Hold | None = None
    """Why nothing of the partition is set aside, or sent but for probes; None: no hold."""

    @property
    def is_unknown(self) -> bool:
        """Whether neither worker knows anything."""
        return self.guest is None and self.delivery is None and not self.behind_count


class GuestLookup:
    """Looks guests up."""

    def __init__(
        self, settings: Settings, *, within_s: float, told: Told = lambda _done, _of: None
    ) -> None:
        """Take at most *within_s* for everything that is read; *told* follows it.

        Raises:
            ConfigError: A client property is wrong.
        """
        self._settings = settings
        self._told = told
        self._give_up_at = time.monotonic() + within_s
        self._admin: AdminClient = topics.admin_client(settings.kafka)
        self._consumer = consumer_config(settings.kafka, group=f"{settings.application}-guest")

    def known(self, guest_id: GuestId, partition: int | None = None) -> Known:
        """Find what is known of a guest.

        Args:
            guest_id: Whom.
            partition: Where; None: where the partitioner of the settings puts the guest.

        Raises:
            ConfigError: A topic is missing, or there is no such partition.
            UnavailableError: No broker answered, or reading takes too long.
        """
        names = self._settings.topics
        looked_in = (names.guest_states, names.deliveries, names.stream_events)
        counts = topics.partition_counts(self._admin, looked_in)
        count = topics.check_partitions(counts, looked_in)
        key = guest_id.encode()
        if partition is None:
            partition = partition_of(self._settings.kafka.partitioner)(key, count)
        if partition >= count:
            raise ConfigError(f"there is no partition {partition}: the topics have {count}")
        known = self._latest(names.guest_states, partition, key).get(key)
        delivered = self._latest(names.deliveries, partition, key, ledger_state.HOLD_KEY)
        committed = self._committed(partition)
        value, hold = delivered.get(key), delivered.get(ledger_state.HOLD_KEY)
        finished = max(committed or 0, 0 if value is None else ledger_state.finished(value))
        behind, count = self._behind(partition, key, finished)
        return Known(
            guest_id,
            partition,
            looked_in,
            guest=None if known is None else state.decode(known),
            wake_at=None if known is None else state.wake_at(known),
            delivery=None if value is None else ledger_state.decode(value),
            committed=committed,
            behind=behind,
            behind_count=count,
            hold=None if hold is None else ledger_state.decode_hold(hold),
        )

    def _latest(self, topic: str, partition: int, *keys: bytes) -> dict[bytes, bytes]:
        return look_up(
            self._consumer,
            self._admin,
            (topic, partition),
            keys,
            told=self._told,
            within_s=self._left_s(),
        )

    def _behind(self, partition: int, key: bytes, finished: int) -> tuple[tuple[Behind, ...], int]:
        topic = self._settings.topics.stream_events
        held = spans(self._admin, topic, [partition])[partition]
        span = Span(max(held.begin, finished), held.end)
        found, count = [], 0
        for record in read(
            self._consumer,
            topic,
            {partition: span},
            told=self._told,
            within_s=self._left_s(),
        ):
            if record.key == key:
                count += 1
                if count <= SHOWN:
                    found.append(_behind(record))
        return tuple(found), count

    def _committed(self, partition: int) -> int | None:
        group = f"{self._settings.application}-deliver"
        consumer = Consumer(consumer_config(self._settings.kafka, group=group))
        at = TopicPartition(self._settings.topics.stream_events, partition)
        try:
            offset = consumer.committed([at], _ANSWER_S)[0].offset
        except KafkaException as raised:
            raise verdict.of_asking(raised, "committed offsets could not be read") from raised
        finally:
            consumer.close()
        return None if offset < 0 else offset

    def _left_s(self) -> float:
        left_s = self._give_up_at - time.monotonic()
        if left_s <= 0:
            raise UnavailableError("reading took too long; `--within-s` gives more")
        return left_s


def _behind(record: Record) -> Behind:
    try:
        owed = decode_owed(record.value or b"")
    except (RecordError, UnknownSchema):
        return Behind(record.position, record.timestamp, "unreadable", DeliveryId(""), 0)
    return Behind(record.position, record.timestamp, kind_of(owed), owed.delivery_id, owed.sequence)
