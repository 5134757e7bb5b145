"""What the deliverer's loop and Kafka say to each other, and the clock between them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeAlias

from pipeline.kafka.dead_letters import DeadLetter
from pipeline.record import Instant, Record
from pipeline.sitecore.outcome import Reply
from pipeline.sitecore.request import Request

READ_MAX: Final = 500
"""Records that are read before the loop has taken those before them."""


@dataclass(frozen=True, slots=True)
class Assigned:
    """Partitions have become ours; what is known of their guests follows with `Restored`."""

    partitions: tuple[int, ...]
    of: int
    """Partitions that the topic has."""


@dataclass(frozen=True, slots=True)
class Restored:
    """A partition's deliveries are here."""

    partition: int
    start: int
    """The committed offset; where none was committed, the first that the partition holds."""
    released: bool
    """Whether nothing of an earlier owner may have been under way: it released the partition, or
    there never was one."""
    end: int
    """One past the last record that the partition holds."""
    values: Mapping[bytes, bytes] = field(repr=False)
    """What the compacted topic holds of the partition, by key."""
    topic_id: str = ""
    """Of the topic of what is owed; empty where the broker cannot tell."""
    first: int = 0
    """The first offset that the partition holds."""


@dataclass(frozen=True, slots=True)
class Deleted:
    """How much of each partition is deleted: the first offset that it holds."""

    firsts: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Expired:
    """What was to be read next is deleted: reading goes on at the first offset that is left."""

    partition: int
    first: int


@dataclass(frozen=True, slots=True)
class Read:
    """Records came, of one partition, in order; no more come until they were `taken`."""

    partition: int
    records: Sequence[Record]


@dataclass(frozen=True, slots=True)
class Reached:
    """Everything below *offset* was read: the partition holds nothing more for now."""

    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class Committed:
    """The coordinator answered a commit."""

    asked: int
    """The number under which it was asked for; 0: it released partitions."""
    refused: Mapping[int, str]
    """Why, by partition, for those that it did not take."""
    error: str | None = None
    """Why it took none."""


@dataclass(frozen=True, slots=True)
class Revoking:
    """Partitions are being taken away: finish what is under way, then release each."""

    partitions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Lost:
    """Partitions are another's already, or were not released in time: drop everything."""

    partitions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Ends:
    """How far each partition reaches: one past its last record."""

    ends: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Left:
    """We are no longer a member of the group."""


@dataclass(frozen=True, slots=True)
class Failed:
    """Kafka cannot go on with us."""

    error: Exception


Event: TypeAlias = (
    Assigned
    | Restored
    | Read
    | Reached
    | Committed
    | Revoking
    | Lost
    | Ends
    | Deleted
    | Expired
    | Left
    | Failed
)
Inbox: TypeAlias = Callable[[Sequence[Event]], None]
"""Takes events in order, on any thread."""
Done: TypeAlias = Callable[[str | None], None]
"""Takes None when Kafka has acknowledged a write, else why it may not have it."""


class KafkaPort(Protocol):
    """Kafka as the deliverer's loop sees it. No method waits; all are called on the loop."""

    @property
    def topic(self) -> str:
        """The topic of what is owed."""
        ...

    def start(self, inbox: Inbox) -> None:
        """Join the group and say from now on what happens."""
        ...

    def taken(self) -> None:
        """Read on: one `Read` was taken in hand."""
        ...

    def keep(self, partition: int, key: bytes, *, value: bytes | None, done: Done) -> None:
        """Write one value of the deliveries; None removes it. *done* is called on the loop."""
        ...

    def letter(self, partition: int, letter: DeadLetter, *, done: Done) -> None:
        """Write one dead letter. *done* is called on the loop."""
        ...

    def commit(self, offsets: Mapping[int, int], number: int) -> None:
        """Commit offsets; `Committed` answers with this number, which rises from 1."""
        ...

    def pause(self, partition: int) -> None:
        """Stop reading a partition."""
        ...

    def resume(self, partition: int) -> None:
        """Go on reading it."""
        ...

    def release(self, partition: int, offset: int | None, *, clean: bool) -> None:
        """Give a partition back.

        Args:
            partition: Nothing of it is under way any more.
            offset: To be committed; None: nothing is known of it yet.
            clean: Whether every request of ours was answered and its answer kept.
        """
        ...

    def leave(self) -> None:
        """Leave the group and end; everything was released."""
        ...

    def alive(self) -> bool:
        """Whether it turned lately; on any thread."""
        ...

    def joined(self) -> bool:
        """Whether we are a member that knows what is its own; on any thread."""
        ...


class Sender(Protocol):
    """The Stream API's client."""

    async def send(self, request: Request) -> Reply:
        """Send one request, once."""
        ...

    async def close(self) -> None:
        """Close all connections."""
        ...


class Clock(Protocol):
    """Tells the time and rolls the dice; in tests both are given."""

    def now(self) -> Instant:
        """The time of day."""
        ...

    def elapsed_s(self) -> float:
        """Seconds of a clock that never jumps and runs on while the process is frozen."""
        ...

    def jitter(self) -> float:
        """A random number in [0, 1)."""
        ...
