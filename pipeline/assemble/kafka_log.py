"""The assembler's operations on a real Kafka: each is one call of the client, or two."""

from collections.abc import Collection, Iterable, Mapping
from functools import partial
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from pipeline.assemble.inputs import ASSEMBLE, Role
from pipeline.assemble.log import Committed, Fetched, Input, Limits, Listener, Topics
from pipeline.config import KafkaSettings, TopicSettings
from pipeline.errors import ConfigError, FatalKafkaError, TransactionError
from pipeline.kafka import groups, offsets, topics, verdict
from pipeline.kafka.changelog import Changelog
from pipeline.kafka.clients import (
    admin_config,
    consumer_config,
    poll_gap_max_s,
    producer_config,
)
from pipeline.kafka.entries import Changes, Write
from pipeline.kafka.identity import Watch
from pipeline.kafka.messages import record_of
from pipeline.kafka.transactions import Transactions
from pipeline.metrics import transactions
from pipeline.record import Instant, Record

_ANSWER_S: Final = 2.0
_GATHERING: Final = {"fetch.min.bytes": 1_048_576, "fetch.wait.max.ms": 25}
"""Records are taken in batches anyway, and answering for each takes most of a broker's time."""


class KafkaLog:
    """One consumer, one transactional producer, one reader of states, one that asks."""

    def __init__(
        self,
        kafka: KafkaSettings,
        names: TopicSettings,
        *,
        application: str,
        instance: str,
        role: Role = ASSEMBLE,
    ) -> None:
        """Make the clients; none has connected yet.

        Raises:
            ConfigError: A property of a client is wrong, or owned by the program.
        """
        self.topics = Topics(
            names.commerce, names.guest_states, names.stream_events, names.dead_letters
        )
        group = f"{application}-{role.name}"
        several = role.co_partitioned and len(names.commerce) > 1
        self._settings, self._check, make = kafka, partial(role.check, group), role.clients
        transactions.gap_limited(poll_gap_max_s(kafka))
        gathering = {name: kafka.client.get(name, ours) for name, ours in _GATHERING.items()}
        own = {"enable.partition.eof": True, **gathering}
        # Range without the new protocol is eager: every assignment replaces the one before.
        self._eager = several and kafka.group_protocol == "classic"
        self._reading: dict[Input, int] = {}
        self._knows_limits = True
        self._taken: dict[str, topics.Taken] = {}
        try:
            self._admin: AdminClient = make.admin(admin_config(kafka))
            self._config = consumer_config(
                kafka, group=group, co_partitioned=several, member=instance, own=own
            )
            self._consumer = make.consumer(self._config)
            self._states = Changelog(
                consumer_config(kafka, group=group),
                self._admin,
                names.guest_states,
                make=make.consumer,
            )
            self._watch = Watch(self._admin)
            self._transactions = Transactions(
                producer_config(kafka, transactional_id=f"{group}-{instance}"),
                make=make.producer,
            )
        except KafkaException as raised:
            raise ConfigError(f"Kafka's client refuses the settings: {raised}") from raised

    @property
    def session(self) -> str:
        """Names the present producer; never the same twice."""
        return self._transactions.session

    def open(self) -> None:
        """Check the topics, and take over the transactional id.

        Raises:
            ConfigError: Topics are missing, or do not fit each other.
        """
        self.topics = self._check(self._admin, self._settings, self.topics)
        self._knows_limits = bool(self.topics.identities)
        self._watch.begin(self.topics.identities)
        self._transactions.open()

    def limits(self) -> Limits:
        """Ask what records each output takes; that can be changed while we run."""
        names = (self.topics.stream_events, self.topics.dead_letters)
        if self._knows_limits:
            # Where nobody answers now, what was said last still holds.
            self._taken |= topics.taken(self._admin, names)
        stream, letters = (self._taken.get(name, topics.Taken()) for name in names)
        return Limits(stream.record_bytes, letters.record_bytes, stream.times)

    def join(self, listener: Listener) -> None:
        """Become a member of the group."""

        def assigned(_: Consumer, parts: list[TopicPartition]) -> None:
            listener.assigned(_inputs(parts))
            # What is ours is read only once it is restored: see `start`.
            if self._eager:
                self._consumer.assign([])
            else:
                self._consumer.incremental_assign([])

        def revoked(_: Consumer, parts: list[TopicPartition]) -> None:
            listener.revoked(_inputs(parts))
            self._stop(_inputs(parts))

        def lost(_: Consumer, parts: list[TopicPartition]) -> None:
            listener.lost(_inputs(parts))
            self._stop(_inputs(parts))

        self._consumer.subscribe(
            list(self.topics.commerce), on_assign=assigned, on_revoke=revoked, on_lost=lost
        )

    def leave(self) -> None:
        """Leave the group, telling the listener of what is given up, and close everything."""
        groups.leave(self._consumer, self._config)
        self._states.close()
        self._transactions.close()

    def fetch(self, records_max: int, window_s: float) -> Fetched:
        """Read for so long, or until so many have come; tells the listener what changes.

        Raises:
            StateError: A commerce topic is not the one that it was.
            FatalKafkaError: Kafka ended the consumer, or deleted records before they were read.
        """
        records: list[Record] = []
        reached: dict[Input, int] = {}
        message: Any
        self._watch.turned()
        try:
            messages = self._consumer.consume(records_max, window_s)
        except KafkaException as raised:
            raise FatalKafkaError(f"the consumer cannot go on: {raised}") from raised
        for message in messages:
            error = message.error()
            if error is None:
                records.append(record_of(message))
            elif error.code() == KafkaError._PARTITION_EOF:
                reached[Input(message.topic(), message.partition())] = message.offset()
            elif (ended := verdict.of_reading(error)) is not None:
                raise ended
        self._note_read(records, reached)
        joined = groups.has_nothing_to_hear(self._consumer, self._settings.group_protocol)
        return Fetched(records, reached, joined)

    def start(self, offsets: Mapping[Input, int]) -> None:
        """Read these too from now on, from the offsets named."""
        self._reading |= offsets
        if self._eager:
            self._consumer.assign(_parts(self._reading))
        else:
            self._consumer.incremental_assign(_parts(offsets))
        # The client remembers a pause over losing a partition and getting it back.
        self._consumer.resume(_parts(offsets))

    def seek(self, offsets: Mapping[Input, int]) -> None:
        """Go back to the offsets named."""
        self._reading |= offsets
        try:
            for part in _parts(offsets):
                self._consumer.seek(part)
        except KafkaException as raised:
            raise FatalKafkaError(f"the consumer cannot go back: {raised}") from raised

    def pause(self) -> None:
        """Read none of what is read now, but stay a member."""
        self._consumer.pause(_parts(self._reading))

    def resume(self) -> None:
        """Read on."""
        self._consumer.resume(_parts(self._reading))

    def committed(self, inputs: Collection[Input]) -> dict[Input, Committed | None]:
        """What is committed for good.

        A reader of committed records asks for stable offsets: Kafka does not answer
        while a transaction that holds some is open, and the client asks again.
        """
        asked = [TopicPartition(one.topic, one.partition) for one in inputs]
        try:
            found = self._consumer.committed(asked, _ANSWER_S)
        except KafkaException as raised:
            raise verdict.of_asking(raised, "committed offsets could not be read") from raised
        for part in found:
            if part.error is not None:
                place = f"{part.topic}/{part.partition}"
                raise verdict.of_asking(KafkaException(part.error), place)
        return {
            Input(part.topic, part.partition): None
            if part.offset < 0
            else Committed(part.offset, part.metadata or "")
            for part in found
        }

    def ends(self, inputs: Collection[Input]) -> dict[Input, int]:
        """One past the last record, and what of open transactions lies before it."""
        return _by_input(offsets.published_ends(self._admin, inputs))

    def first_offsets(self, inputs: Collection[Input], since: Instant | None) -> dict[Input, int]:
        """The first offset not older than an instant; without one, the first that there is."""
        return _by_input(offsets.first_since(self._admin, inputs, since))

    def state_ends(self, partitions: Collection[int]) -> dict[int, int]:
        """One past the last record of partitions of the guest states, committed or not."""
        return self._states.ends(partitions)

    def check_states(self, partitions: Collection[int]) -> None:
        """Refuse partitions of the guest states of which the first records are gone."""
        self._states.check(partitions)

    def follow(self, partition: int, offset: int) -> None:
        """Begin to read a partition of the guest states."""
        self._states.follow(partition, offset)

    def unfollow(self, partition: int) -> None:
        """Read a partition of the guest states no further."""
        self._states.leave(partition)

    def read_states(self, records_max: int, timeout_s: float) -> Changes:
        """Read committed guest states of the partitions followed."""
        return self._states.read(records_max, timeout_s)

    def begin(self) -> None:
        """Begin a transaction."""
        self._transactions.begin()

    def produce(self, writes: Iterable[Write]) -> None:
        """Write records, in order."""
        self._transactions.produce(writes)

    def send_offsets(self, offsets: Mapping[Input, int], mark: str) -> None:
        """Add the next offsets to read, as this member in this generation.

        Without a member id Kafka would take offsets from anybody: it does not
        fence a group's past members that no longer say who they are.
        """
        member = self._consumer.memberid()
        group = self._consumer.consumer_group_metadata()
        if not member or self._consumer.memberid() != member:
            raise TransactionError("the group has dropped us; another member may own our work")
        self._transactions.send_offsets(offsets, mark=mark, group=group)

    def commit(self) -> None:
        """Keep it all."""
        self._transactions.commit()

    def abort(self) -> None:
        """Keep nothing of it."""
        self._transactions.abort()

    def reopen(self) -> None:
        """Replace the producer."""
        self._transactions.open()

    def _stop(self, inputs: Collection[Input]) -> None:
        """Read these no further; the client waits for this to let them go."""
        read = [one for one in inputs if self._reading.pop(one, None) is not None]
        if self._eager:
            self._consumer.unassign()
        else:
            self._consumer.incremental_unassign([TopicPartition(*one) for one in read])

    def _note_read(self, records: list[Record], reached: Mapping[Input, int]) -> None:
        """Remember how far was read, which an eager assignment must repeat."""
        last = {Input(*record.position[:2]): record.position.offset + 1 for record in records}
        for one, offset in (*last.items(), *reached.items()):
            if one in self._reading:
                self._reading[one] = offset


def _inputs(parts: Iterable[TopicPartition]) -> list[Input]:
    return [Input(part.topic, part.partition) for part in parts]


def _parts(offsets: Mapping[Input, int]) -> list[TopicPartition]:
    return [TopicPartition(*one, offset) for one, offset in offsets.items()]


def _by_input(found: Mapping[tuple[str, int], int]) -> dict[Input, int]:
    return {Input(*one): offset for one, offset in found.items()}
