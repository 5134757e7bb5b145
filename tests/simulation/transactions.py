"""Kafka's transaction coordinator: who may write under an id, and what became of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from random import Random
from typing import TypeAlias

from confluent_kafka import KafkaError, KafkaException

from pipeline.assemble.log import Committed, Input
from pipeline.kafka.entries import Write
from pipeline.record import Instant, Record
from tests.simulation.partition_log import PartitionLog


class Fate(Enum):
    """What a transaction has come to."""

    OPEN = "open"
    COMMITTED = "committed"
    ABORTED = "aborted"


@dataclass(slots=True)
class Transaction:
    """What is written together or not at all."""

    number: int
    began_at: Instant
    lives_s: float
    """After so long the coordinator aborts it."""
    taken: tuple[Record, ...] = ()
    """The records that the writer decoded for it, in its order."""
    writes: list[Write] = field(default_factory=list)
    offsets: dict[Input, Committed] = field(default_factory=dict)
    fate: Fate = Fate.OPEN
    unmarked: dict[Input, None] = field(default_factory=dict)
    """Where its marker must still be written."""
    offsets_unmarked: bool = False


@dataclass(slots=True)
class Producer:
    """One transactional id."""

    epoch: int = 0
    current: Transaction | None = None


Logs: TypeAlias = Mapping[Input, PartitionLog]


def refusal(code: int, text: str, *, fatal: bool = False) -> KafkaException:
    """An error as the client raises it."""
    return KafkaException(KafkaError(code, text, fatal=fatal))


class Transactions:
    """All transactional ids. The decision comes first; markers reach partitions one by one."""

    def __init__(self, logs: Logs, now: Callable[[], Instant]) -> None:
        self._logs = logs
        self._now = now
        self._producers: dict[str, Producer] = {}
        self._ending: list[Transaction] = []
        self._count = 0
        self.offsets: dict[Input, Committed] = {}
        """What the group has committed, as its coordinator knows it."""
        self.committed: list[Transaction] = []
        """Every transaction of the group that was kept, in the order of the decisions."""

    def open(self, name: str) -> int:
        """Take over an id: its open transaction is aborted, earlier producers are fenced."""
        producer = self._producers.setdefault(name, Producer())
        producer.epoch += 1
        self._finish(producer, Fate.ABORTED)
        producer.current = None
        return producer.epoch

    def write(
        self, name: str, epoch: int, write: Write, *, lives_s: float, taken: tuple[Record, ...] = ()
    ) -> None:
        """Append a record within the open transaction, which this may begin."""
        txn = self._current(name, epoch, lives_s=lives_s, taken=taken)
        where = Input(write.topic, write.partition)
        txn.writes.append(write)
        txn.unmarked[where] = None
        self._logs[where].append(write, self._now(), txn.number)

    def add_offsets(
        self,
        name: str,
        epoch: int,
        offsets: Mapping[Input, Committed],
        *,
        lives_s: float,
        taken: tuple[Record, ...] = (),
    ) -> None:
        """Add offsets to the open transaction; they are pending from now on."""
        txn = self._current(name, epoch, lives_s=lives_s, taken=taken)
        txn.offsets |= offsets
        txn.offsets_unmarked = True

    def end(self, name: str, epoch: int, fate: Fate) -> None:
        """Decide a transaction; a repeated request finds the decision made."""
        producer = self._fenced(name, epoch)
        txn = producer.current
        if txn is None:
            return
        if txn.fate is Fate.OPEN:
            self._decide(txn, fate)
        elif txn.fate is not fate:
            raise refusal(KafkaError.INVALID_TXN_STATE, "decided otherwise", fatal=True)

    def is_current(self, name: str, epoch: int) -> bool:
        """Whether nobody has taken the id over since."""
        return self._producers[name].epoch == epoch

    def pending(self, one: Input) -> bool:
        """Whether an open transaction, or one whose end is on its way, holds an offset of it."""
        return any(one in txn.offsets for txn in self._alive() if txn.offsets_unmarked)

    def expire(self) -> None:
        """Abort what has lived too long, and fence who wrote it."""
        for producer in self._producers.values():
            txn = producer.current
            if txn is None or txn.fate is not Fate.OPEN:
                continue
            if self._now() - txn.began_at > txn.lives_s * 1000:
                producer.epoch += 1
                self._decide(txn, Fate.ABORTED)

    def write_markers(self, rng: Random, most: int) -> None:
        """Let some markers arrive, in any order."""
        for _ in range(most):
            if not self._ending:
                return
            txn = rng.choice(self._ending)
            waiting = [*txn.unmarked, *([None] if txn.offsets_unmarked else [])]
            if waiting:
                self._mark(txn, rng.choice(waiting))
            if not txn.unmarked and not txn.offsets_unmarked:
                self._ending.remove(txn)

    def settle(self) -> None:
        """Let all markers arrive."""
        for txn in self._ending:
            self._mark_all(txn)
        self._ending.clear()

    def _current(
        self, name: str, epoch: int, *, lives_s: float, taken: tuple[Record, ...]
    ) -> Transaction:
        producer = self._fenced(name, epoch)
        txn = producer.current
        if txn is None or txn.fate is not Fate.OPEN:
            # The client is told to wait while the one before is still being ended.
            self._finish(producer, Fate.ABORTED)
            self._count += 1
            txn = Transaction(self._count, self._now(), lives_s, taken)
            producer.current = txn
        return txn

    def _fenced(self, name: str, epoch: int) -> Producer:
        producer = self._producers[name]
        if epoch != producer.epoch:
            raise refusal(KafkaError.PRODUCER_FENCED, f"{name} has a newer producer", fatal=True)
        return producer

    def _finish(self, producer: Producer, fate: Fate) -> None:
        txn = producer.current
        if txn is None:
            return
        if txn.fate is Fate.OPEN:
            self._decide(txn, fate)
        self._mark_all(txn)
        if txn in self._ending:
            self._ending.remove(txn)

    def _decide(self, txn: Transaction, fate: Fate) -> None:
        txn.fate = fate
        self._ending.append(txn)
        if fate is Fate.COMMITTED and txn.offsets:
            self.committed.append(txn)

    def _alive(self) -> list[Transaction]:
        currents = (producer.current for producer in self._producers.values())
        return [txn for txn in currents if txn is not None]

    def _mark_all(self, txn: Transaction) -> None:
        for where in [*txn.unmarked, None]:
            self._mark(txn, where)

    def _mark(self, txn: Transaction, where: Input | None) -> None:
        committed = txn.fate is Fate.COMMITTED
        if where is not None:
            del txn.unmarked[where]
            self._logs[where].mark(txn.number, self._now(), committed=committed)
        elif txn.offsets_unmarked:
            txn.offsets_unmarked = False
            if committed:
                self.offsets |= txn.offsets
