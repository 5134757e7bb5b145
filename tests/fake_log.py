"""Kafka as the assembler's loop sees it, without a broker: every call is noted in order."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field

from pipeline.assemble.clock import Clock
from pipeline.assemble.log import Committed, Fetched, Input, Limits, Listener, Topics
from pipeline.errors import TransactionError
from pipeline.kafka.entries import Changes, Entry, Write
from pipeline.record import Instant, Record
from tests.fakes import Journal

TOPICS = Topics(("commerce",), "states", "stream", "letters")


@dataclass
class FakeClock:
    """Moves when it is told to."""

    now: Instant
    elapsed_s: float = 0.0

    def moves(self, seconds: float) -> None:
        """Let time pass."""
        self.now = Instant(self.now + round(seconds * 1000))
        self.elapsed_s += seconds

    @property
    def clock(self) -> Clock:
        """The same as the worker takes it."""
        return Clock(lambda: self.now, lambda: self.elapsed_s)


@dataclass
class FakeLog:
    """One member alone in its group. What it commits, it reads back."""

    journal: Journal
    topics: Topics = TOPICS
    records: dict[Input, list[Record]] = field(default_factory=lambda: defaultdict(list))
    offsets: dict[Input, Committed] = field(default_factory=dict)
    states: dict[int, list[Entry]] = field(default_factory=lambda: defaultdict(list))
    written: list[Write] = field(default_factory=list)
    """Committed writes, in order."""
    errors: dict[str, list[Exception]] = field(default_factory=lambda: defaultdict(list))
    """What the next calls of an operation raise, by its name."""
    commits_despite_error: bool = False
    """Whether a commit that raises was kept nevertheless."""
    sizes: Limits = field(default_factory=lambda: Limits(1_000_000, 1_000_000))
    changes: list[Callable[[Listener], None]] = field(default_factory=list)
    """Rebalances that the next fetch tells of, after the records have been taken."""
    ends_told: dict[Input, int] = field(default_factory=dict)
    """Ends past what is no record, of which the next fetch tells."""
    reading: dict[Input, int] = field(default_factory=dict)
    paused: bool = False
    windows: list[float] = field(default_factory=list)
    """How long each fetch might have waited."""
    session: str = "session-0"
    _listener: Listener | None = None
    _following: dict[int, int] = field(default_factory=dict)
    _open: tuple[list[Write], dict[Input, Committed]] | None = None

    def publish(self, *records: Record) -> None:
        """Append records to their inputs."""
        for record in records:
            self.records[Input(*record.position[:2])].append(record)

    def assign(self, *numbers: int) -> None:
        """Let the next fetch tell that partitions have become ours."""
        inputs = [Input(topic, number) for topic in self.topics.commerce for number in numbers]
        self.changes.append(lambda listener: listener.assigned(inputs))

    def revoke(self, *numbers: int) -> None:
        """Let the next fetch tell that partitions are taken away."""
        inputs = [Input(topic, number) for topic in self.topics.commerce for number in numbers]

        def revoke(listener: Listener) -> None:
            listener.revoked(inputs)
            for one in inputs:
                self.reading.pop(one, None)

        self.changes.append(revoke)

    def values(self, topic: str) -> list[bytes | None]:
        """What was committed to an output."""
        return [write.value for write in self.written if write.topic == topic]

    def open(self) -> None:
        """Note it."""
        self._does("open")

    def limits(self) -> Limits:
        """As they were set."""
        return self.sizes

    def join(self, listener: Listener) -> None:
        """Note it, and remember whom to tell."""
        self._does("join")
        self._listener = listener

    def leave(self) -> None:
        """Note it."""
        self._does("leave")

    def fetch(self, records_max: int, window_s: float) -> Fetched:
        """Hand out everything, then tell of rebalances: records of what has gone come along."""
        self._does("fetch")
        self.windows.append(window_s)
        records: list[Record] = []
        reached: dict[Input, int] = {}
        for one, position in list(self.reading.items()):
            found = [] if self.paused else self._from(one, position)
            records.extend(found)
            self.reading[one] = position + len(found)
            if found:
                reached[one] = self.reading[one]
        reached |= self.ends_told
        self.ends_told = {}
        changes, self.changes = self.changes, []
        for change in changes:
            assert self._listener is not None
            change(self._listener)
        return Fetched(records, reached)

    def start(self, offsets: Mapping[Input, int]) -> None:
        """Read these too."""
        self._does("start", dict(offsets))
        self.reading |= offsets

    def seek(self, offsets: Mapping[Input, int]) -> None:
        """Go back."""
        self._does("seek", dict(offsets))
        self.reading |= offsets

    def pause(self) -> None:
        """Hand out nothing."""
        self._does("pause")
        self.paused = True

    def resume(self) -> None:
        """Hand out again."""
        self._does("resume")
        self.paused = False

    def committed(self, inputs: Collection[Input]) -> dict[Input, Committed | None]:
        """What was committed."""
        self._does("committed")
        return {one: self.offsets.get(one) for one in inputs}

    def ends(self, inputs: Collection[Input]) -> dict[Input, int]:
        """How much was published."""
        self._does("ends")
        return {one: len(self.records[one]) for one in inputs}

    def first_offsets(self, inputs: Collection[Input], since: Instant | None) -> dict[Input, int]:
        """The first record that is not older."""
        self._does("first_offsets", since)
        return {one: self._first(one, since) for one in inputs}

    def state_ends(self, partitions: Collection[int]) -> dict[int, int]:
        """How many states were written."""
        self._does("state_ends")
        return {number: len(self.states[number]) for number in partitions}

    def check_states(self, partitions: Collection[int]) -> None:
        """Note it: here nobody deletes states."""
        self._does("check_states")

    def follow(self, partition: int, offset: int) -> None:
        """Begin to read states."""
        self._does("follow", partition, offset)
        self._following[partition] = offset

    def unfollow(self, partition: int) -> None:
        """Stop to read states."""
        self._does("unfollow", partition)
        del self._following[partition]

    def read_states(self, records_max: int, timeout_s: float) -> Changes:
        """Hand out the states that were not read yet."""
        entries = [
            entry
            for number, offset in self._following.items()
            for entry in self.states[number][offset:]
        ]
        self._following = {number: len(self.states[number]) for number in self._following}
        return Changes(entries, dict(self._following))

    def begin(self) -> None:
        """Begin a transaction."""
        self._does("begin")
        assert self._open is None, "a transaction is open already"
        self._open = ([], {})

    def produce(self, writes: Iterable[Write]) -> None:
        """Hold writes back until the commit."""
        found = list(writes)
        self._does("produce", *(write.topic for write in found))
        self._transaction[0].extend(found)

    def send_offsets(self, offsets: Mapping[Input, int], mark: str) -> None:
        """Hold offsets back until the commit."""
        self._does("send_offsets", dict(offsets))
        for one, offset in offsets.items():
            self._transaction[1][one] = Committed(offset, mark)

    def commit(self) -> None:
        """Make it all visible."""
        if self.errors["commit"] and not self.commits_despite_error:
            self._does("commit")
        writes, offsets = self._transaction
        self._open = None
        self.written.extend(writes)
        self.offsets |= offsets
        for write in writes:
            if write.topic == self.topics.guest_states:
                entry = Entry(write.partition, write.key or b"", write.value)
                self.states[write.partition].append(entry)
        self._does("commit")

    def abort(self) -> None:
        """Forget it all."""
        self._does("abort")
        self._open = None

    def reopen(self) -> None:
        """Forget what is open."""
        self._does("reopen")
        self._open = None
        self.session += "+"

    @property
    def _transaction(self) -> tuple[list[Write], dict[Input, Committed]]:
        if self._open is None:
            raise TransactionError("no transaction is open")
        return self._open

    def _does(self, operation: str, *details: object) -> None:
        self.journal.note(operation, *details)
        if self.errors[operation]:
            raise self.errors[operation].pop(0)

    def _from(self, one: Input, position: int) -> list[Record]:
        return self.records[one][position:]

    def _first(self, one: Input, since: Instant | None) -> int:
        if since is None:
            return 0
        older = [record for record in self.records[one] if record.timestamp < since]
        return len(older)
