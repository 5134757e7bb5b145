"""A worker on a fake Kafka with events of the story, and what came of them."""

from dataclasses import dataclass, field

from pipeline.assemble.log import Topics
from pipeline.assemble.outputs import Outputs
from pipeline.assemble.worker import AssembleWorker
from pipeline.commerce.events import CommerceEvent
from pipeline.config import AssembleSettings
from pipeline.errors import RecordError, UnavailableError, Unreadable
from pipeline.record import Instant, Position, Record
from pipeline.sitecore.codec import decode_owed
from pipeline.sitecore.owed import Owed
from tests.fake_log import TOPICS, FakeClock, FakeLog
from tests.fakes import Journal
from tests.unit.orders.story import POLICY, START

JUNK = b"junk"


@dataclass
class Scene:
    """One worker, alone in its group, turned by hand."""

    topics: Topics = TOPICS
    start_at: str = "earliest"
    log: FakeLog = field(init=False)
    clock: FakeClock = field(default_factory=lambda: FakeClock(START))
    registry_down: bool = False
    _events: dict[Position, CommerceEvent] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.log = FakeLog(Journal(), topics=self.topics)
        self.worker = self.new_worker()

    def new_worker(self) -> AssembleWorker:
        """Another worker on the same Kafka: a restart."""
        self.log.reading.clear()
        return AssembleWorker(
            self.log,
            AssembleSettings(start_at=self.start_at),
            decode=self._decode,
            policy=POLICY,
            clock=self.clock.clock,
        )

    def restart(self) -> None:
        """Begin anew with what Kafka has."""
        self.worker = self.new_worker()

    def joins(self, *numbers: int) -> None:
        """Bring partitions to work."""
        self.worker.start()
        self.log.assign(*numbers)
        self.turns(2)

    def turns(self, count: int = 1) -> None:
        """Turn the loop."""
        for _ in range(count):
            self.worker.turn()

    def hears(self, *events: CommerceEvent, partition: int = 0, topic: str = "commerce") -> None:
        """Publish events, each when it happened."""
        for event in events:
            record = self._record(event.guest_id.encode(), partition, topic, event.occurred_at)
            self._events[record.position] = event

    def hears_junk(self, partition: int = 0) -> None:
        """Publish a record that nobody can read."""
        self._record(b"key", partition, "commerce", START)

    def owed(self) -> list[Owed]:
        """What is owed, committed."""
        return [decode_owed(value or b"") for value in self.log.values("stream")]

    def kinds(self) -> list[str]:
        """The kinds of what is owed."""
        return [type(owed).__name__ for owed in self.owed()]

    def effects(self) -> list[str]:
        """What was asked of Kafka."""
        return self.log.journal.effects()

    def _record(self, key: bytes, partition: int, topic: str, at: Instant) -> Record:
        offset = len(self.log.records[(topic, partition)])  # type: ignore[index]
        headers = (("trace", b"1"), ("empty", None))
        record = Record(Position(topic, partition, offset), at, key, JUNK, headers)
        self.log.publish(record)
        return record

    def _decode(self, record: Record) -> CommerceEvent:
        if self.registry_down:
            raise UnavailableError("the registry does not answer")
        if record.position not in self._events:
            raise RecordError(Unreadable.FRAMING, "begins with 6a75")
        return self._events[record.position]


def outputs(log: FakeLog) -> Outputs:
    """Writes for the fake's topics."""
    return Outputs(log.topics, log.sizes)
