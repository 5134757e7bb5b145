"""What the shop publishes: events of a few guests, some said twice, some that nobody can read."""

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Final

from pipeline.commerce.events import CommerceEvent
from pipeline.errors import RecordError, UnavailableError, Unreadable
from pipeline.kafka.entries import Write
from pipeline.record import GuestId, Record
from tests.simulation.broker import Broker
from tests.simulation.transactions import Fate
from tests.unit.orders import story

POLICY: Final = replace(
    story.POLICY, identity_wait_s=8.0, payment_wait_s=3.0, lines_wait_s=2.0, order_wait_s=8.0
)
WAITS_S: Final = 10.0
"""Longer than any wait but that for idle guests."""

_ITEMS = ("shoes", "coat", "socks")


def _placed(rng: Random, second: float) -> CommerceEvent:
    order = f"o{rng.randint(1, 4)}"
    lines = [story.line(item) for item in _ITEMS if rng.random() < 0.4]
    payment = story.CARD if rng.random() < 0.5 else None
    return story.placed(second, order, *lines, total=None if lines else "10.00", payment=payment)


_MAKERS: tuple[tuple[int, Callable[[Random, float], CommerceEvent]], ...] = (
    (8, lambda rng, second: story.added(second, rng.choice(_ITEMS), rng.randint(1, 3))),
    (2, lambda rng, second: story.changed(second, rng.choice(_ITEMS), rng.randint(0, 3))),
    (2, lambda rng, second: story.removed(second, rng.choice(_ITEMS))),
    (1, lambda _, second: story.cleared(second)),
    (3, lambda rng, second: story.identified(second, f"C{rng.randint(1, 2)}")),
    (6, _placed),
    (4, lambda rng, second: story.paid(second, f"o{rng.randint(1, 4)}")),
    (2, lambda _, second: story.viewed(second)),
    (1, lambda _, second: story.erased(second)),
)
_WEIGHTS = [weight for weight, _ in _MAKERS]


class Customers:
    """Publishes, and knows what each record says."""

    def __init__(self, broker: Broker, rng: Random, *, guests: int) -> None:
        self._broker = broker
        self._rng = rng
        self._guests = [GuestId(f"g{number}") for number in range(guests)]
        self._said: list[CommerceEvent] = []
        self._hanging: list[tuple[str, int]] = []
        self.registry_is_down = False

    def publish(self) -> Write:
        """Say one thing, outside of any transaction."""
        write = self._write()
        self._broker.publish(write)
        return write

    def publish_together(self, count: int, *, hang: bool) -> str:
        """Say some things in one transaction, which may be left open."""
        name = f"shop-{len(self._said)}"
        lives_s = self._rng.choice((15.0, 600.0))
        transactions = self._broker.transactions
        epoch = transactions.open(name)
        for _ in range(count):
            transactions.write(name, epoch, self._write(), lives_s=lives_s)
        if hang:
            self._hanging.append((name, epoch))
        else:
            transactions.end(name, epoch, self._fate())
        return name

    def let_go(self) -> None:
        """End every transaction that was left open."""
        while self._hanging:
            name, epoch = self._hanging.pop()
            if self._broker.transactions.is_current(name, epoch):
                self._broker.transactions.end(name, epoch, self._fate())

    def decode(self, record: Record, taken: list[Record]) -> CommerceEvent:
        """Read a record as the worker does, and note that it has."""
        if self.registry_is_down:
            raise UnavailableError("the registry does not answer")
        taken.append(record)
        return self.event(record)

    def event(self, record: Record) -> CommerceEvent:
        """What a record says.

        Raises:
            RecordError: Nothing.
        """
        value = record.value or b""
        if not value.isdigit():
            raise RecordError(Unreadable.FRAMING, "begins with 6a75")
        return self._said[int(value)]

    def _fate(self) -> Fate:
        return Fate.COMMITTED if self._rng.random() < 0.7 else Fate.ABORTED

    def _write(self) -> Write:
        rng = self._rng
        guest = rng.choice(self._guests)
        number = int(guest[1:]) % len(self._broker.numbers)
        topic = rng.choice(self._broker.topics.commerce)
        draw = rng.random()
        if draw < 0.03:
            return Write(topic, number, guest.encode(), b"junk")
        index = len(self._said)
        if draw < 0.13 and index:
            event = rng.choice(self._said)
            number = int(event.guest_id[1:]) % len(self._broker.numbers)
        else:
            event = self._event(guest)
        self._said.append(event)
        return Write(topic, number, event.guest_id.encode(), str(index).encode())

    def _event(self, guest: GuestId) -> CommerceEvent:
        rng = self._rng
        ((_, make),) = rng.choices(_MAKERS, _WEIGHTS)
        second = self._broker.clock.elapsed_s - rng.choice((0.0, 0.0, 0.0, 0.5, 2.0))
        event = make(rng, second)
        return replace(event, guest_id=guest)
