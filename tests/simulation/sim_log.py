"""The assembler's port on the model of Kafka: what `KafkaLog` is on the real one."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Protocol, TypeVar

from confluent_kafka import KafkaError, KafkaException

from pipeline.assemble.log import Committed, Fetched, Input, Limits, Listener, Topics
from pipeline.errors import TransactionError, UnavailableError
from pipeline.kafka import verdict
from pipeline.kafka.entries import Changes, Entry, Write
from pipeline.record import Instant, Position, Record
from tests.simulation.broker import TRANSACTION_S, Broker
from tests.simulation.consumer import Consumer
from tests.simulation.transactions import Fate, refusal

_LIMITS = Limits(1_000_000, 1_000_000)

T = TypeVar("T")


class Stage(Protocol):
    """What the world does while a worker waits for Kafka."""

    def at(self, call: str, *details: object) -> None:
        """Note a call; much may happen before this returns, or it never does."""

    def strikes(self, fault: str) -> bool:
        """Whether a fault happens now."""

    def between(self, least: int, most: int) -> int:
        """Draw a number."""

    def passes(self, seconds: float) -> None:
        """Let time pass."""


class SimLog:
    """One worker's clients."""

    def __init__(self, broker: Broker, stage: Stage, *, name: str, session: str) -> None:
        self.topics: Topics = broker.topics
        self.session = session
        self.taken: list[Record] = []
        """What the worker has decoded since the last fetch."""
        self.consumer = Consumer(broker, eager=len(broker.topics.commerce) > 1)
        self._broker = broker
        self._stage = stage
        self._name = name
        self._epoch = -1
        self._sessions = 0
        self._has_written = False
        """Whether the coordinator has heard of the transaction."""
        self._following: dict[int, int] = {}

    def open(self) -> None:
        """Take over the transactional id."""
        self._ask("open", self._take_over)

    def reopen(self) -> None:
        """Take it over again."""
        self._ask("reopen", self._take_over)

    def limits(self) -> Limits:
        """Always the same."""
        return _LIMITS

    def join(self, listener: Listener) -> None:
        """Become a member."""
        self.consumer.subscribe(listener)

    def leave(self) -> None:
        """Give everything up."""
        self._stage.at("leave")
        self.consumer.leave()

    def fetch(self, records_max: int, window_s: float) -> Fetched:
        """Read a part of what there is; changes of the group are told in the middle of it."""
        self._stage.at("fetch")
        self.taken.clear()
        consumer = self.consumer
        consumer.polled_at = self._broker.clock.elapsed_s
        consumer.beat()
        records: list[Record] = []
        reached: dict[Input, int] = {}
        self._read(records, reached, records_max)
        self._stage.passes(window_s * self._stage.between(0, 2) / 2)
        consumer.tell()
        self._read(records, reached, records_max)
        return Fetched(records, reached)

    def start(self, offsets: Mapping[Input, int]) -> None:
        """Read these too."""
        self._stage.at("start", offsets)
        self.seek(offsets)

    def seek(self, offsets: Mapping[Input, int]) -> None:
        """Go back."""
        self._stage.at("seek", offsets)
        for one, offset in offsets.items():
            self.consumer.reading[one] = offset
            self.consumer.ended_at.pop(one, None)

    def pause(self) -> None:
        """Hand out nothing."""
        self.consumer.is_paused = True

    def resume(self) -> None:
        """Hand out again."""
        self.consumer.is_paused = False

    def committed(self, inputs: Collection[Input]) -> dict[Input, Committed | None]:
        """What is committed for good."""

        def stable() -> dict[Input, Committed | None]:
            if self._is_pending(inputs):
                self._stage.passes(2.0)
                raise UnavailableError("offsets are about to change")
            return {one: self._broker.committed(one) for one in inputs}

        return self._ask("committed", stable)

    def ends(self, inputs: Collection[Input]) -> dict[Input, int]:
        """Up to where reading is safe."""
        return self._ask("ends", lambda: {one: self._broker.logs[one].stable_end for one in inputs})

    def first_offsets(self, inputs: Collection[Input], since: Instant | None) -> dict[Input, int]:
        """The first record that is not older."""
        return self._ask(
            "first_offsets",
            lambda: {one: self._broker.logs[one].first_since(since) for one in inputs},
        )

    def state_ends(self, partitions: Collection[int]) -> dict[int, int]:
        """Up to where states were written, committed or not."""
        return self._ask(
            "state_ends", lambda: {number: self._state_end(number) for number in partitions}
        )

    def follow(self, partition: int, offset: int) -> None:
        """Begin to read states."""
        self._stage.at("follow", partition, offset)
        self._following[partition] = offset

    def unfollow(self, partition: int) -> None:
        """Stop to read states."""
        self._following.pop(partition)

    def read_states(self, records_max: int, timeout_s: float) -> Changes:
        """Read some states of each partition."""
        self._stage.at("read_states")
        entries: list[Entry] = []
        reached: dict[int, int] = {}
        if self._broker.is_down:
            return Changes(entries, reached)
        for number, offset in self._following.items():
            log = self._broker.logs[Input(self.topics.guest_states, number)]
            end = min(log.stable_end, offset + self._stage.between(0, 20))
            found = [write for _, _, write in log.committed(offset, end)]
            entries.extend(Entry(number, write.key or b"", write.value) for write in found)
            self._following[number] = reached[number] = max(offset, end)
        return Changes(entries, reached)

    def begin(self) -> None:
        """Begin a transaction: the coordinator hears of it with the first write."""
        self._has_written = False
        self._stage.at("begin")

    def produce(self, writes: Iterable[Write]) -> None:
        """Write records, maybe not all."""
        found = list(writes)
        self._stage.at("produce", len(found))
        fails = self._broker.is_down or self._stage.strikes("abortable")
        arrive = self._stage.between(0, len(found)) if fails else len(found)
        taken = tuple(self.taken)

        def write() -> None:
            for one in found[:arrive]:
                self._has_written = True
                self._broker.transactions.write(
                    self._name, self._epoch, one, lives_s=TRANSACTION_S, taken=taken
                )
            if fails:
                raise refusal(KafkaError._MSG_TIMED_OUT, "not every record arrived")

        self._transact(write)

    def send_offsets(self, offsets: Mapping[Input, int], mark: str) -> None:
        """Add offsets as this member in this generation."""
        self._stage.at("send_offsets", offsets, mark)
        member, generation = self._member(), self.consumer.generation

        def add() -> None:
            if self._broker.is_down or self._stage.strikes("abortable"):
                raise refusal(KafkaError._TIMED_OUT, "offsets were not added")
            self._broker.group.validate(member, generation)
            marked = {one: Committed(offset, mark) for one, offset in offsets.items()}
            self._has_written = True
            self._broker.transactions.add_offsets(
                self._name, self._epoch, marked, lives_s=TRANSACTION_S, taken=tuple(self.taken)
            )

        self._transact(add)

    def commit(self) -> None:
        """Keep it all, or leave it open whether it was kept."""
        self._stage.at("commit")
        self._transact(lambda: self._end(Fate.COMMITTED), committing=True)
        self._stage.at("committed it")

    def abort(self) -> None:
        """Keep nothing."""
        self._stage.at("abort")
        self._transact(lambda: self._end(Fate.ABORTED))

    def _member(self) -> str:
        """Say who we are; a nameless one would be taken for a client without a group."""
        if not self.consumer.member_id:
            raise TransactionError("the group has dropped us")
        return self.consumer.member_id

    def _is_pending(self, inputs: Collection[Input]) -> bool:
        return self._broker.pending(inputs)

    def _state_end(self, number: int) -> int:
        return self._broker.logs[Input(self.topics.guest_states, number)].end

    def _end(self, fate: Fate) -> None:
        broker, stage = self._broker, self._stage
        if not self._has_written:
            return
        lost = refusal(KafkaError._TIMED_OUT, "no answer")
        if broker.is_down or stage.strikes("no_verdict_delayed"):
            broker.delay(self._name, self._epoch, fate)
            stage.passes(2.0)
            raise lost
        if fate is Fate.ABORTED and stage.strikes("no_abort"):
            raise lost
        broker.transactions.end(self._name, self._epoch, fate)
        if stage.strikes("fenced_though_kept"):
            raise refusal(KafkaError.PRODUCER_FENCED, "too late", fatal=True)
        if stage.strikes("no_verdict_kept"):
            raise lost

    def _take_over(self) -> None:
        self._epoch = self._broker.transactions.open(self._name)
        self._sessions += 1
        self.session = f"{self.session.split('.', maxsplit=1)[0]}.{self._sessions}"

    def _ask(self, call: str, answer: Callable[[], T]) -> T:
        self._stage.at(call)
        if self._broker.is_down or self._stage.strikes("unanswered"):
            self._stage.passes(self._stage.between(1, 5))
            raise UnavailableError(f"{call} was not answered in time")
        found = answer()
        self._stage.at(f"{call} answered", found)
        return found

    def _transact(self, act: Callable[[], None], *, committing: bool = False) -> None:
        try:
            act()
        except KafkaException as raised:
            raise verdict.of_transaction(raised, committing=committing) from raised

    def _read(self, records: list[Record], reached: dict[Input, int], records_max: int) -> None:
        if self.consumer.is_paused or self._broker.is_down:
            return
        for one, position in list(self.consumer.reading.items()):
            log = self._broker.logs[one]
            end = min(log.stable_end, position + self._stage.between(0, 12))
            for offset, slot, write in log.committed(position, end):
                where = Position(one.topic, one.partition, offset)
                records.append(Record(where, slot.at, write.key, write.value, write.headers))
            self.consumer.reading[one] = max(position, end)
            if end == log.stable_end and self.consumer.ended_at.get(one) != end:
                self.consumer.ended_at[one] = reached[one] = end
