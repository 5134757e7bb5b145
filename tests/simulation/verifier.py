"""An independent account of what should have left: the pure core over the committed input."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from pipeline.assemble import state
from pipeline.assemble.log import Input, Limits
from pipeline.assemble.outputs import Outputs
from pipeline.errors import RecordError
from pipeline.kafka.entries import Write
from pipeline.orders.advance import advance, wake
from pipeline.orders.guest import Guest, Step
from pipeline.record import GuestId, Instant, Position, Record
from tests.simulation.broker import Broker
from tests.simulation.customers import POLICY, Customers
from tests.simulation.transactions import Transaction

_BEGAN_KEY: Final = b"\x00began"
_FIRINGS_MAX: Final = 100
"""Of one guest in one transaction: more than any guest here can have."""
Written: TypeAlias = dict[tuple[str, bytes | None], list[Write]]
"""Writes in order, by topic and key."""


class Violation(AssertionError):  # noqa: N818 — it is what it says
    """A promise was broken."""


@dataclass(slots=True)
class Account:
    """What one partition must have come to."""

    positions: dict[str, int] = field(default_factory=dict)
    guests: dict[GuestId, tuple[Guest, Instant | None]] = field(default_factory=dict)
    has_begun: bool = False

    def states(self) -> dict[GuestId, bytes]:
        """The guests as they must be remembered."""
        return {guest_id: state.encode(*known) for guest_id, known in self.guests.items()}


class Verifier:
    """Follows committed transactions one by one, and compares.

    That a timer fired it learns from the guest's committed state; when it may
    fire and what comes of it, it decides itself.
    """

    def __init__(
        self, broker: Broker, customers: Customers, *, since: Instant | None = None
    ) -> None:
        """Begin with nothing; a new group begins with the records from *since* on."""
        self._broker = broker
        self._since = since or Instant(0)
        self._customers = customers
        self._outputs = Outputs(broker.topics, Limits(1_000_000, 1_000_000))
        self._seen = 0
        self.accounts = {number: Account() for number in broker.numbers}

    def check(self) -> None:
        """Look at what was committed since.

        Raises:
            Violation: It is not what was owed.
        """
        committed = self._broker.transactions.committed
        while self._seen < len(committed):
            txn = committed[self._seen]
            self._seen += 1
            for number in sorted({one.partition for one in txn.offsets}):
                self._follow(number, txn)

    def check_drained(self) -> None:
        """Nothing may be left: no record, and no timer that is due.

        Raises:
            Violation: Something is.
        """
        for number, account in self.accounts.items():
            for topic in self._broker.topics.commerce:
                log = self._broker.logs[Input(topic, number)]
                owed = self._owed(number, account.positions.get(topic), topic, log.end)
                left = [offset for offset in owed if offset >= log.start]
                if left:
                    raise Violation(f"{topic}/{number}: records from {left[0]} on are lost")
            now = self._broker.now
            for guest_id, (_, wake_at) in account.guests.items():
                if wake_at is not None and wake_at <= now:
                    raise Violation(f"{number}: the timer of {guest_id} did not fire")

    def _follow(self, number: int, txn: Transaction) -> None:
        account = self.accounts[number]
        fold = Fold(number, account, self._outputs)
        for record in self._records(number, account, txn):
            self._take(record, fold)
        account.positions |= {
            one.topic: found.offset for one, found in txn.offsets.items() if one.partition == number
        }
        found = _by_key(write for write in txn.writes if write.partition == number)
        self._check_began(account, found, number)
        self._fire(fold, found)
        fold.keep()
        _compare(txn, found, _by_key(fold.writes))

    def _check_began(self, account: Account, found: Written, number: int) -> None:
        """The first transaction of a partition says that it has begun, and no other."""
        said = found.pop((self._broker.topics.guest_states, _BEGAN_KEY), [])
        if len(said) != (not account.has_begun):
            raise Violation(f"partition {number} began {len(said)} times")
        account.has_begun = True

    def _records(self, number: int, account: Account, txn: Transaction) -> list[Record]:
        """The visible records between the committed offsets, in the order of the writer."""
        taken = [record for record in txn.taken if record.position.partition == number]
        for topic in self._broker.topics.commerce:
            one = Input(topic, number)
            begin = account.positions.get(topic)
            end = txn.offsets[one].offset if one in txn.offsets else begin or 0
            owed = self._owed(number, begin, topic, end)
            read = [each.position.offset for each in taken if each.position.topic == topic]
            gone = owed[: max(0, len(owed) - len(read))]
            is_deleted = not gone or gone[-1] < self._broker.logs[one].start
            if owed[len(gone) :] != read or not is_deleted or end < (begin or 0):
                raise Violation(f"{topic}/{number} from {begin} to {end}: {owed} became {read}")
        return taken

    def _owed(self, number: int, begin: int | None, topic: str, end: int) -> list[int]:
        """The offsets of visible records before *end* that are to be read, deleted or not."""
        visible = self._broker.logs[Input(topic, number)].committed(begin or 0, end)
        since = self._since if begin is None else 0
        return [offset for offset, slot, _ in visible if slot.at >= since]

    def _take(self, record: Record, fold: "Fold") -> None:
        try:
            event = self._customers.event(record)
        except RecordError as error:
            fold.owes(self._outputs.unreadable(record, error))
            return
        guest, _ = fold.known(event.guest_id)
        fold.take(event.guest_id, advance(guest, event, record, POLICY))

    def _fire(self, fold: "Fold", found: Written) -> None:
        """Fire timers until the guests are what was written of them."""
        topic = self._broker.topics.guest_states
        positions = tuple(
            Position(name, fold.number, offset)
            for name, offset in sorted(fold.account.positions.items())
        )
        for (where, key), writes in found.items():
            if where != topic or key is None or key == _BEGAN_KEY:
                continue
            guest_id = GuestId(key.decode())
            for _ in range(_FIRINGS_MAX):
                guest, wake_at = fold.known(guest_id)
                if guest is None or state.encode(guest, wake_at) == writes[-1].value:
                    break
                if wake_at is None or wake_at > self._broker.now:
                    break
                self._check_heard(fold.number, positions, wake_at)
                fold.take(guest_id, wake(guest, wake_at, positions, POLICY))

    def _check_heard(self, number: int, positions: tuple[Position, ...], due_at: Instant) -> None:
        """What could be read before a timer came due must have been read when it fired."""
        read = {position.topic: position.offset for position in positions}
        for topic in self._broker.topics.commerce:
            log = self._broker.logs[Input(topic, number)]
            for offset in self._owed(number, read.get(topic), topic, log.end)[:1]:
                if log.visible_at[offset] < due_at:
                    raise Violation(f"a timer overtook {topic}/{number}@{offset}, unread")


class Fold:
    """What one transaction makes of one partition."""

    def __init__(self, number: int, account: Account, outputs: Outputs) -> None:
        self.number = number
        self.account = account
        self.writes: list[Write] = []
        self._outputs = outputs
        self._new: dict[GuestId, tuple[Guest | None, Instant | None]] = {}

    def known(self, guest_id: GuestId) -> tuple[Guest | None, Instant | None]:
        """A guest, and the next timer."""
        if guest_id in self._new:
            return self._new[guest_id]
        return self.account.guests.get(guest_id, (None, None))

    def owes(self, write: Write) -> None:
        """Note what must be written."""
        self.writes.append(write)

    def take(self, guest_id: GuestId, step: Step) -> None:
        """Note what a step makes of a guest."""
        self._new[guest_id] = (step.guest, step.wake_at)
        self.writes.extend(self._outputs.owed(self.number, owed) for owed in step.owed)
        self.writes.extend(self._outputs.set_aside(self.number, one) for one in step.set_aside)

    def keep(self) -> None:
        """Note the states that have changed, and remember them."""
        guests = self.account.guests
        for guest_id, (guest, wake_at) in self._new.items():
            before = guests.get(guest_id, (None, None))
            if before[0] is guest and before[1] == wake_at:
                continue
            value = None if guest is None else state.encode(guest, wake_at)
            self.writes.append(self._outputs.state(self.number, guest_id.encode(), value))
            guests.pop(guest_id, None)
            if guest is not None:
                guests[guest_id] = (guest, wake_at)


def _by_key(writes: Iterable[Write]) -> Written:
    found: Written = defaultdict(list)
    for write in writes:
        found[write.topic, write.key].append(write)
    return found


def _compare(txn: Transaction, found: Written, owed: Written) -> None:
    for where in sorted(found.keys() | owed.keys(), key=repr):
        if found.get(where) != owed.get(where):
            raise Violation(
                f"transaction {txn.number}, {where}: {len(found.get(where, []))} written, "
                f"{len(owed.get(where, []))} owed\n  "
                f"{found.get(where)!r:.600}\n  {owed.get(where)!r:.600}"
            )
