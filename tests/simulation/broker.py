"""The model of Kafka as a whole: logs, transactions, one group, and bad times."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from contextlib import suppress
from random import Random
from typing import Final

from confluent_kafka import KafkaError, KafkaException

from pipeline.assemble.log import Committed, Input, Topics
from pipeline.kafka.entries import Write
from pipeline.record import Instant
from tests.fake_log import FakeClock
from tests.simulation.group import Group, Identity
from tests.simulation.partition_log import PartitionLog
from tests.simulation.server_group import ServerGroup
from tests.simulation.transactions import Fate, Transactions, refusal

TRANSACTION_S: Final = 10.0
"""As the worker's producers ask for."""


class Broker:
    """Everything that survives a worker."""

    def __init__(
        self, clock: FakeClock, topics: Topics, partitions: int, *, protocol: str = "classic"
    ) -> None:
        self.clock = clock
        self.topics = topics
        self.numbers = tuple(range(partitions))
        self.logs: dict[Input, PartitionLog] = defaultdict(PartitionLog)
        self.transactions = Transactions(self.logs, lambda: clock.now)
        self.group: Group | ServerGroup = (
            Group(self.numbers, lambda: clock.now)
            if protocol == "classic"
            else ServerGroup(self.numbers, lambda: clock.now)
        )
        self.topic_ids = {name: f"{name}-1" for name in topics.commerce}
        self.is_down = False
        self._delayed: list[tuple[str, int, Fate]] = []
        self._drawn = 0

    @property
    def now(self) -> Instant:
        """The brokers' time, which is the only one."""
        return self.clock.now

    def draw_id(self) -> int:
        """Draw a number that nobody else has."""
        self._drawn += 1
        return self._drawn

    def validate(self, me: Identity, generation: int) -> None:
        """Refuse offsets of who does not have a place in the group."""
        self.group.validate(me, generation)

    def retain(self, rng: Random) -> str:
        """Delete the oldest records of one partition, read or not."""
        one = Input(rng.choice(self.topics.commerce), rng.choice(self.numbers))
        log = self.logs[one]
        log.retain(rng.randint(log.start, log.stable_end))
        return f"{one.topic}/{one.partition} begins at {log.start}"

    def make_again(self, topic: str) -> None:
        """Delete a topic, and the offsets that were committed for it; then make it again."""
        for number in self.numbers:
            one = Input(topic, number)
            self.logs[one] = PartitionLog()
            self.transactions.offsets.pop(one, None)
        self.topic_ids[topic] = f"{topic}-{self.draw_id() + 1}"

    def publish(self, write: Write) -> None:
        """Write a record outside of any transaction."""
        self.logs[Input(write.topic, write.partition)].append(write, self.now)

    def tick(self) -> None:
        """Do what time alone does."""
        if not self.is_down:
            self.group.expire()
            self.transactions.expire()

    def delay(self, name: str, epoch: int, fate: Fate) -> None:
        """Let the request that ends a transaction arrive later."""
        self._delayed.append((name, epoch, fate))

    def deliver(self) -> None:
        """Let one delayed request arrive; its sender hears nothing of the answer."""
        if self._delayed and not self.is_down:
            name, epoch, fate = self._delayed.pop(0)
            with suppress(KafkaException):
                self.transactions.end(name, epoch, fate)

    def deliver_all(self) -> None:
        """Let every delayed request arrive."""
        while self._delayed and not self.is_down:
            self.deliver()

    def pending(self, inputs: Collection[Input]) -> bool:
        """Whether what is committed for any of these may be about to change."""
        return any(self.transactions.pending(one) for one in inputs)

    def committed(self, one: Input) -> Committed | None:
        """What is committed for an input, whatever is pending."""
        return self.transactions.offsets.get(one)

    def commit(self, offsets: Mapping[Input, int], mark: str, *, by: Identity, in_: int) -> None:
        """Commit offsets outside of any transaction, *by* a member in a generation.

        Raises:
            KafkaException: Whoever it is has no place in the group.
        """
        if not by.member_id and self.group.members:
            raise refusal(KafkaError.UNKNOWN_MEMBER_ID, "the group has members")
        self.validate(by, in_)
        self.transactions.offsets |= {one: Committed(at, mark) for one, at in offsets.items()}

    def compact(self, rng: Random) -> int:
        """Clean one partition of the guest states up to some point."""
        log = self.logs[Input(self.topics.guest_states, rng.choice(self.numbers))]
        return log.compact(rng.randint(0, log.end), self.now)
