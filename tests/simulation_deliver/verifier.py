"""What must always hold, checked from outside at every request, answer, write and commit."""

from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pipeline.assemble.log import Input
from pipeline.deliver.ledger_state import BEGAN_KEY, HOLD_KEY, RESERVED
from pipeline.deliver.port import Done, Restored
from pipeline.kafka.dead_letters import PREFIX, DeadLetter
from pipeline.kafka.entries import Write
from pipeline.record import GuestId
from pipeline.sitecore.messages import CLEAR_CART
from pipeline.sitecore.outcome import Reply
from tests.simulation_deliver.call import Call
from tests.simulation_deliver.completion import Completion
from tests.simulation_deliver.evidence import Evidence
from tests.simulation_deliver.repeats import Repeats
from tests.simulation_deliver.rights import Rights
from tests.simulation_deliver.shop import STREAM, Due
from tests.simulation_deliver.truth import Truth

if TYPE_CHECKING:
    from tests.simulation_deliver.process import Process
    from tests.simulation_deliver.world import World


class Verifier:
    """Looks at the destination, at Kafka and at when requests leave; never into a worker."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self.truth = Truth()
        self.broken: str | None = None
        """The first promise that was broken: raised by whoever lets things happen."""
        self.repeats = Repeats(self.breaks)
        self._completion = Completion(world, self.truth)
        self._evidence = Evidence(self.breaks, world)
        self._rights = Rights(self.breaks, world)
        self._calls: dict[GuestId, list[Call]] = defaultdict(list)
        self._furthest: dict[GuestId, int] = {}
        """The last record of a guest of which something was taken."""
        self._firsts: set[tuple[str, str, str]] = set()
        self._done: dict[int, int] = defaultdict(int)
        """By partition, the offset below which every record is known to be done."""
        self.late = 0
        """Events that were taken when nobody could be waiting for them any more."""

    def breaks(self, text: str) -> None:
        """Remember that a promise was broken."""
        if self.broken is None:
            self.broken = text
            self._world.note("BROKEN", text)

    # What happens.

    def left(self, call: Call) -> None:
        """A request leaves."""
        calls = self._calls[call.due.guest]
        self._rights.left(call)
        self._check_alone(call, calls)
        self._check_due(call)
        if call.is_event:
            self._completion.look_before(call.due)
            self.repeats.left(call, calls)
        calls.append(call)

    def taken(self, call: Call) -> None:
        """The destination has taken an event."""
        self.truth.take(call)
        self.repeats.taken(call, self._calls[call.due.guest])
        self.late += call.is_late
        if call.request.type != CLEAR_CART:
            self._check_order(call)

    def heard(self, call: Call, reply: Reply) -> None:
        """A process learns what became of a request."""
        now = self._world.schedule.now
        if call.fate.confirms and reply is call.fate.reply:
            call.heard_at = now
        if call.fate.kind == "refused" and call.item:
            self._completion.refused_items[call.due.guest].add(call.item)
        self._evidence.heard(call, reply)
        self._rights.heard(call, reply)

    def keeping(self, process: "Process", partition: int, key: bytes, done: Done) -> Done:
        """A process writes to a ledger; what it is told is told to us, too."""
        now, epoch = self._world.schedule.now, self._rights.epoch(process, partition)

        def told(error: str | None) -> None:
            if error is None and key not in RESERVED:
                for call in self._calls[GuestId(key.decode())]:
                    if call.epoch == epoch and call.heard_at is not None:
                        call.is_kept |= call.heard_at <= now
            done(error)

        return told

    def sets_aside(self, process: "Process", letter: DeadLetter) -> None:
        """A process is about to set something aside."""
        position = letter.record.position
        due = self._world.shop.at[position.partition, position.offset]
        self._evidence.asked(process, letter, due)

    def written(self, process: "Process", write: Write) -> None:
        """Kafka has a value of the ledger, or a dead letter."""
        if write.key == BEGAN_KEY:
            # It overwrites nothing.
            return
        if write.topic == "deliveries":
            self._rights.written(process, write.partition)
        else:
            said = dict(write.headers)
            at = int(said[f"{PREFIX}offset"] or b"")
            self._completion.set_aside.add((write.partition, at))

    def assigned(self, process: "Process", partition: int) -> None:
        """A process is told that a partition is its own."""
        self._rights.assigned(process, partition)

    def restored(self, process: "Process", partition: int) -> None:
        """A process has read the ledger of a partition."""
        self._rights.restored(process, partition)

    def told(self, process: "Process", restored: Restored) -> None:
        """The loop of a process has taken the ledger of a partition."""
        if HOLD_KEY in restored.values:
            self._rights.holds(process)

    def committed(self, process: "Process", offsets: Mapping[int, int]) -> None:
        """The coordinator has taken a commit: all below it must be done."""
        self._rights.committed(process)
        for number, end in offsets.items():
            log = self._world.broker.logs[Input(STREAM, number)]
            for at, _, _ in log.committed(self._done[number], end):
                due = self._world.shop.at[number, at]
                if not self._completion.is_done(due):
                    self.breaks(f"{_told(due)} is lost: {end} is committed")
            self._done[number] = max(self._done[number], end)

    def is_drained(self) -> bool:
        """Whether everything that was ever owed is known to be done."""
        logs = self._world.broker.logs
        return all(
            self._done[number] >= logs[Input(STREAM, number)].end
            for number in self._world.broker.numbers
        )

    # What must hold.

    def _check_alone(self, call: Call, calls: list[Call]) -> None:
        now = self._world.schedule.now
        for other in calls:
            if other.is_under_way(now):
                self.breaks(f"{call} leaves while {other} is under way")
            if other.epoch == call.epoch and other.heard_at is not None and not other.is_kept:
                self.breaks(f"{call} leaves before the answer to {other} was kept")

    def _check_due(self, call: Call) -> None:
        due = call.due
        if due.offset < self._done[due.partition]:
            self.breaks(f"{call} leaves, although its record was committed")
        if any(erasure.offset < due.offset for erasure in self._world.shop.erasures[due.guest]):
            self.breaks(f"{call} leaves for a guest who was erased")

    def _check_order(self, call: Call) -> None:
        """First acceptances come in the order of the records; what came late is counted apart."""
        guest, at = call.due.guest, call.due.offset
        kind = "ORDER" if call.is_order else call.request.type
        first = (call.request.delivery_id, kind, call.item)
        is_first = first not in self._firsts
        self._firsts.add(first)
        furthest = self._furthest.get(guest, at)
        if is_first and at < furthest and not call.is_late:
            self.breaks(f"{call} is taken for the first time after something of {furthest}")
        self._furthest[guest] = max(at, furthest)


def _told(due: Due) -> str:
    kind = type(due.owed).__name__ if due.owed else "an unreadable record"
    return f"{kind} {due.partition}@{due.offset} of {due.guest}"
