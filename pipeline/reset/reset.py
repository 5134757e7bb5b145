"""Resets both workers: each step leaves what the assembler refuses to start with, until the last.

1. Both groups must be without members, and no transaction open where we write.
2. Both groups are deleted, with their offsets. From here on guest states without
   offsets refuse to start, and so say to reset again.
3. What is owed is deleted: the deliverer, whose offsets are gone, begins behind it.
4. Every delivery and every guest gets a tombstone.
5. One transaction writes the offsets to begin at, and that each partition has begun.
"""

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import islice
from typing import Any, Final

from confluent_kafka import OFFSET_END, Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from pipeline.assemble import began
from pipeline.assemble.log import Input, Topics
from pipeline.assemble.partition import BEGAN_KEY
from pipeline.config import KafkaSettings, Settings
from pipeline.errors import StateError, TransactionError, UnavailableError
from pipeline.kafka import groups, offsets, topics, verdict
from pipeline.kafka.changelog import Changelog, check_whole, restore
from pipeline.kafka.clients import consumer_config, producer_config
from pipeline.kafka.entries import Write
from pipeline.kafka.identity import identities
from pipeline.kafka.transactions import Transactions
from pipeline.record import Instant
from pipeline.reset.plan import Plan

_ANSWER_S: Final = 30.0
_SETTLED_S: Final = 60.0
"""Longer than any transaction of ours may stay open."""
_CHUNK: Final = 5_000


class Reset:
    """Plans, and does what was planned; after a failure it can be done again."""

    def __init__(self, settings: Settings) -> None:
        """Prepare; nothing is changed.

        Raises:
            ConfigError: A client property is wrong, or owned by the program.
        """
        self._kafka: KafkaSettings = settings.kafka
        self._names = settings.topics
        self._application = settings.application
        self._admin: AdminClient = topics.admin_client(settings.kafka)
        self._assemble = f"{settings.application}-assemble"
        self._groups = (self._assemble, f"{settings.application}-deliver")

    def plan(self, since: Instant | None) -> Plan:
        """Find out what would be done.

        Args:
            since: Where to begin; None: at the first record that there is.

        Raises:
            ConfigError: Topics are missing, or do not fit each other.
            UnavailableError: Kafka did not answer in time.
        """
        numbers = range(self._partitions())
        inputs = [Input(name, number) for name in self._names.commerce for number in numbers]
        begins = offsets.first_since(self._admin, inputs, since)
        owed = [(self._names.stream_events, number) for number in numbers]
        first = offsets.first_since(self._admin, owed, None)
        ends = offsets.published_ends(self._admin, [*inputs, *owed])
        return Plan(
            begins={one: begins[one] for one in inputs},
            committed=self._committed(inputs),
            ends={one: ends[one] for one in inputs},
            owed=sum(ends[one] - first[one] for one in owed),
            members=groups.members(self._admin, self._groups),
        )

    def do(self, plan: Plan, *, told: Callable[[str], None] = lambda _: None) -> None:
        """Do it.

        Args:
            plan: What `plan` found.
            told: Is told what is being done.

        Raises:
            StateError: A worker lives, a transaction stays open, or guest states or deliveries were
                deleted otherwise than by compaction; nothing is changed then.
            UnavailableError: Kafka did not answer in time; do it again.
        """
        self._refuse_members()
        self._refuse_cut_states()
        transactions = Transactions(
            producer_config(self._kafka, transactional_id=f"{self._application}-reset")
        )
        # This ends what a reset that was killed has left open.
        transactions.open()
        try:
            self._wait_until_settled()
            self._forget(transactions, told)
            self._refuse_members()
            self._begin(plan.begins, transactions)
        except TransactionError as error:
            raise UnavailableError(f"the reset is not complete, do it again: {error}") from error
        finally:
            transactions.close()

    def _forget(self, transactions: Transactions, told: Callable[[str], None]) -> None:
        told("deleting the offsets of both groups")
        groups.delete(self._admin, self._groups)
        told("deleting what is owed")
        self._delete_owed()
        for name in (self._names.deliveries, self._names.guest_states):
            told(f"emptying {name}")
            self._empty(name, transactions)

    def _partitions(self) -> int:
        names = self._names
        needed = (*names.commerce, names.guest_states, names.stream_events, names.deliveries)
        return topics.check_partitions(topics.partition_counts(self._admin, needed), needed)

    def _refuse_members(self) -> None:
        for group, count in groups.members(self._admin, self._groups).items():
            if count:
                raise StateError(f"group {group!r} has {count} live members: stop them first")

    def _refuse_cut_states(self) -> None:
        """What is written after a cut would be refused like what was before it."""
        names = (self._names.guest_states, self._names.deliveries)
        states = [(name, number) for name in names for number in range(self._partitions())]
        check_whole(offsets.first_since(self._admin, states, None))

    def _wait_until_settled(self) -> None:
        """Wait for transactions of workers that have died: one might still be kept."""
        numbers = range(self._partitions())
        parts = [
            (name, number)
            for name in (self._names.stream_events, self._names.guest_states)
            for number in numbers
        ]
        give_up_at = time.monotonic() + _SETTLED_S
        while (ends := offsets.published_ends(self._admin, parts)) != offsets.committed_ends(
            self._admin, parts
        ):
            if time.monotonic() > give_up_at:
                raise StateError(
                    f"a transaction stays open in {sorted({name for name, _ in ends})}: end it "
                    "with Kafka's own tool for transactions, then reset"
                )
            time.sleep(0.2)

    def _committed(self, inputs: Collection[Input]) -> dict[Input, int | None]:
        consumer = Consumer(consumer_config(self._kafka, group=self._assemble))
        try:
            found = consumer.committed([TopicPartition(*one) for one in inputs], _ANSWER_S)
        except KafkaException as raised:
            raise verdict.of_asking(raised, "committed offsets could not be read") from raised
        finally:
            consumer.close()
        return {
            Input(part.topic, part.partition): None if part.offset < 0 else part.offset
            for part in found
        }

    def _delete_owed(self) -> None:
        numbers = range(self._partitions())
        wanted = [TopicPartition(self._names.stream_events, n, OFFSET_END) for n in numbers]
        asked: Mapping[Any, Any] = self._admin.delete_records(wanted, request_timeout=_ANSWER_S)
        try:
            for future in asked.values():
                future.result(_ANSWER_S + 1)
        except KafkaException as raised:
            raise verdict.of_asking(raised, "what is owed could not be deleted") from raised

    def _empty(self, name: str, transactions: Transactions) -> None:
        """Write a tombstone for every key: a compacted topic takes no other deletion."""
        config = consumer_config(self._kafka, group=f"{self._application}-reset")
        changelog = Changelog(config, self._admin, name)
        try:
            for number in range(self._partitions()):
                keys: set[bytes] = set()
                restore(changelog, number, _keys_into(keys))
                left = iter(sorted(keys - {BEGAN_KEY}))
                while chunk := [Write(name, number, key, None) for key in islice(left, _CHUNK)]:
                    transactions.begin()
                    transactions.produce(chunk)
                    transactions.commit()
        finally:
            changelog.close()

    def _begin(self, begins: Mapping[Input, int], transactions: Transactions) -> None:
        """Commit where to begin, and say that each partition has, in one transaction."""
        transactions.begin()
        transactions.produce(self._began())
        consumer = Consumer(consumer_config(self._kafka, group=self._assemble))
        try:
            # Of an empty group Kafka takes offsets from whoever is no member.
            group = consumer.consumer_group_metadata()
            transactions.send_offsets(begins, mark="reset", group=group)
            transactions.commit()
        finally:
            consumer.close()

    def _began(self) -> Iterator[Write]:
        names = self._names
        now = Topics(
            names.commerce,
            names.guest_states,
            names.stream_events,
            names.dead_letters,
            identities(self._admin, names.commerce),
        )
        for number in range(self._partitions()):
            yield Write(names.guest_states, number, BEGAN_KEY, began.encode(now))


def _keys_into(keys: set[bytes]) -> Callable[[bytes, bytes | None], None]:
    def take(key: bytes, value: bytes | None) -> None:
        if value is None:
            keys.discard(key)
        else:
            keys.add(key)

    return take
