"""The model of Kafka as a whole: logs, transactions, one group, and bad times."""

from collections import defaultdict
from collections.abc import Collection
from contextlib import suppress
from random import Random
from typing import Final

from confluent_kafka import KafkaException

from pipeline.assemble.log import Committed, Input, Topics
from pipeline.kafka.entries import Write
from pipeline.record import Instant
from tests.fake_log import FakeClock
from tests.simulation.group import Group
from tests.simulation.partition_log import PartitionLog
from tests.simulation.transactions import Fate, Transactions

TRANSACTION_S: Final = 10.0
"""As the worker's producers ask for."""


class Broker:
    """Everything that survives a worker."""

    def __init__(self, clock: FakeClock, topics: Topics, partitions: int) -> None:
        self.clock = clock
        self.topics = topics
        self.numbers = tuple(range(partitions))
        self.logs: dict[Input, PartitionLog] = defaultdict(PartitionLog)
        self.transactions = Transactions(self.logs, lambda: clock.now)
        self.group = Group(self.numbers, lambda: clock.now)
        self.is_down = False
        self._delayed: list[tuple[str, int, Fate]] = []

    @property
    def now(self) -> Instant:
        """The brokers' time, which is the only one."""
        return self.clock.now

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

    def compact(self, rng: Random) -> int:
        """Clean one partition of the guest states up to some point."""
        log = self.logs[Input(self.topics.guest_states, rng.choice(self.numbers))]
        return log.compact(rng.randint(0, log.end), self.now)
