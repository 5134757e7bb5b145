"""The operations on Kafka that the assembler's loop needs, and no more."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple, Protocol

from pipeline.kafka.entries import Changes, Write
from pipeline.kafka.identity import Identity
from pipeline.kafka.times import Times
from pipeline.record import Instant, Record


class Input(NamedTuple):
    """One partition of one commerce topic."""

    topic: str
    partition: int


class Topics(NamedTuple):
    """Names of the topics that are read and written, and which topics they are."""

    commerce: tuple[str, ...]
    guest_states: str
    stream_events: str
    dead_letters: str
    identities: Mapping[str, Identity] = MappingProxyType({})
    """Of the commerce topics, by name, once `Log.open` has asked; absent: no broker tells."""


class Limits(NamedTuple):
    """What records each output takes: how large, and of which time."""

    stream_event_bytes: int
    dead_letter_bytes: int
    stream_event_times: Times = Times()
    """The time that a record may have which keeps its own."""


class Fetched(NamedTuple):
    """What one turn of reading brought."""

    records: Sequence[Record]
    """In order within each input; of an input that was taken away meanwhile too."""
    reached: Mapping[Input, int]
    """The next offset of inputs that were read to their ends, past all that is no record."""
    joined: bool = False
    """Whether we are a member who may have been given nothing, and was not told of that."""


class Committed(NamedTuple):
    """What the group has committed for an input."""

    offset: int
    """The next offset to read."""
    mark: str
    """What the transaction that committed it left; empty where nothing was."""


class Listener(Protocol):
    """Is told what is assigned, within `Log.fetch` and `Log.leave` only."""

    def assigned(self, inputs: Sequence[Input]) -> None:
        """These have become ours; they are not read before `Log.start` says from where."""

    def revoked(self, inputs: Sequence[Input]) -> None:
        """These stop being ours when this returns."""

    def lost(self, inputs: Sequence[Input]) -> None:
        """These have been another's for a while."""


class Log(Protocol):
    """Kafka, as one member of the assembler's group sees it.

    Every method may raise `FatalKafkaError`, and `FencedError` with it: the end.
    Those that ask raise `UnavailableError` where nobody answered in time.
    """

    @property
    def topics(self) -> Topics:
        """Names of the topics."""

    @property
    def session(self) -> str:
        """Names the present producer; never the same twice."""

    def open(self) -> None:
        """Check the topics, and take over the transactional id.

        Raises:
            ConfigError: Topics are missing, or do not fit each other.
        """

    def join(self, listener: Listener) -> None:
        """Become a member of the group."""

    def leave(self) -> None:
        """Leave the group, telling the listener of what is given up, and close everything."""

    def fetch(self, records_max: int, window_s: float) -> Fetched:
        """Read for so long, or until so many have come; tells the listener what changes.

        Raises:
            StateError: A commerce topic is not the one that it was.
        """

    def start(self, offsets: Mapping[Input, int]) -> None:
        """Read these too from now on, from the offsets named."""

    def seek(self, offsets: Mapping[Input, int]) -> None:
        """Go back to the offsets named."""

    def pause(self) -> None:
        """Read none of what is read now, but stay a member."""

    def resume(self) -> None:
        """Read on."""

    def committed(self, inputs: Collection[Input]) -> dict[Input, Committed | None]:
        """What is committed for good: waits for transactions that are about to end."""

    def ends(self, inputs: Collection[Input]) -> dict[Input, int]:
        """One past the last record, and what of open transactions lies before it."""

    def first_offsets(self, inputs: Collection[Input], since: Instant | None) -> dict[Input, int]:
        """The first offset not older than an instant; without one, the first that there is."""

    def state_ends(self, partitions: Collection[int]) -> dict[int, int]:
        """One past the last record of partitions of the guest states, committed or not."""

    def check_states(self, partitions: Collection[int]) -> None:
        """Look whether partitions of the guest states are whole.

        Raises:
            StateError: The first records of one were deleted.
        """

    def follow(self, partition: int, offset: int) -> None:
        """Begin to read a partition of the guest states."""

    def unfollow(self, partition: int) -> None:
        """Read a partition of the guest states no further."""

    def read_states(self, records_max: int, timeout_s: float) -> Changes:
        """Read committed guest states of the partitions followed."""

    def begin(self) -> None:
        """Begin a transaction; like the next three, it may raise `TransactionError`."""

    def produce(self, writes: Iterable[Write]) -> None:
        """Write records, in order."""

    def send_offsets(self, offsets: Mapping[Input, int], mark: str) -> None:
        """Add the next offsets to read, as this member in this generation."""

    def commit(self) -> None:
        """Keep it all.

        Raises:
            NoVerdictError: Whether it was kept is not known.
        """

    def abort(self) -> None:
        """Keep nothing of it; a `TransactionError` says that the producer is of no more use."""

    def limits(self) -> Limits:
        """Ask how large a record each output takes; they can be changed while we run."""

    def reopen(self) -> None:
        """Replace the producer; what it left open is ended, one way or the other."""
