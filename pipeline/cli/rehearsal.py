"""Plays events through both cores as if every request were accepted: nothing is read or sent."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import TypeAlias
from uuid import NAMESPACE_URL, uuid5

from pipeline.commerce.events import BrowserId, CommerceEvent
from pipeline.commerce.ndjson import NumberedEvent
from pipeline.orders.advance import advance, wake
from pipeline.orders.guest import Guest
from pipeline.orders.guest import Step as OrderStep
from pipeline.orders.policy import OrderPolicy
from pipeline.record import GuestId, Instant, Position, Record
from pipeline.refusal import Refusal
from pipeline.sitecore.absorb import Absorbed, absorb
from pipeline.sitecore.codec import as_read
from pipeline.sitecore.delivery import Delivery
from pipeline.sitecore.flags import Flag, flags_of
from pipeline.sitecore.next_step import Finished, Send, SetAside, Wait, next_step
from pipeline.sitecore.outcome import Delivered, Issued, Outcome
from pipeline.sitecore.owed import Owed
from pipeline.sitecore.policy import DeliveryPolicy
from pipeline.sitecore.request import CreateBrowser, Request

_TOPIC = "preview"
_START = Instant(0)


@dataclass(frozen=True, slots=True)
class Requested:
    """A request would leave."""

    request: Request


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something owed needs no request."""

    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Something would be set aside."""

    refusal: Refusal


@dataclass(frozen=True, slots=True)
class Flagged:
    """Something is owed, and odd."""

    flag: Flag


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that would happen."""

    line: int | None
    """The line of the event that caused it; None: a wait that ended."""
    timer: str | None
    """Which wait ended, such as ``payment_wait``."""
    guest_id: GuestId
    what: "What"


What: TypeAlias = Requested | Skipped | Refused | Flagged


@dataclass(slots=True)
class Rehearsal:
    """A shop's events and what Sitecore would be told, on a clock that the events move.

    Every event arrives when it happened, or with the one before it if that is later.
    """

    orders: OrderPolicy
    deliveries: DeliveryPolicy
    _now: Instant = _START
    _guests: dict[GuestId, Guest] = field(default_factory=dict)
    _told: dict[GuestId, Delivery] = field(default_factory=dict)
    _timers: dict[GuestId, Instant] = field(default_factory=dict)
    _due: list[tuple[Instant, GuestId]] = field(default_factory=list)
    """A heap of timers; those that a guest no longer has are passed over."""

    def play(self, events: Iterable[NumberedEvent]) -> Iterator[Row]:
        """Play events in their order, and every wait that ends meanwhile or after them."""
        for line, event in events:
            at = max(self._now, event.occurred_at)
            yield from self._wakes(at)
            self._now = at
            yield from self._event(line, event)
        yield from self._wakes(None)

    def _event(self, line: int, event: CommerceEvent) -> Iterator[Row]:
        record = Record(Position(_TOPIC, 0, line), self._now, event.guest_id.encode(), None)
        step = advance(self._guests.get(event.guest_id), event, record, self.orders)
        yield from self._step(event.guest_id, step)

    def _wakes(self, until: Instant | None) -> Iterator[Row]:
        """End the waits that are over, the earliest first; None: all of them."""
        while self._due and (until is None or self._due[0][0] <= until):
            due, guest_id = heappop(self._due)
            if self._timers.get(guest_id) == due:
                self._now = max(self._now, due)
                step = wake(self._guests[guest_id], due, (), self.orders)
                yield from self._step(guest_id, step)

    def _step(self, guest_id: GuestId, step: OrderStep) -> Iterator[Row]:
        self._timers.pop(guest_id, None)
        self._guests.pop(guest_id, None)
        if step.guest is not None:
            self._guests[guest_id] = step.guest
            if step.wake_at is not None:
                self._timers[guest_id] = step.wake_at
                heappush(self._due, (step.wake_at, guest_id))
        for aside in step.set_aside:
            line = aside.position.offset if aside.position.topic == _TOPIC else None
            yield Row(line, aside.cause.timer, guest_id, Refused(aside.refusal))
        for owed in step.owed:
            line = owed.cause.positions[0].offset if owed.cause.positions else None
            for what in self._owed(as_read(owed)):
                yield Row(line, owed.cause.timer, guest_id, what)

    def _owed(self, owed: Owed) -> Iterator[What]:
        pos = self.deliveries.points_of_sale.get(owed.context.point_of_sale)
        if pos is not None:
            yield from map(Flagged, flags_of(owed, pos))
        yield from self._deliver(owed)

    def _deliver(self, owed: Owed) -> Iterator[What]:
        delivery = self._told.get(owed.guest_id, Delivery.new(owed.guest_id))
        now = self._now
        while True:
            match next_step(delivery, owed, now, self.deliveries):
                case Send(request=request):
                    yield Requested(request)
                    delivery, letter, *_ = self._absorbed(delivery, owed, request, now)
                    if letter is not None:
                        yield Refused(letter)
                case Wait(until=until):
                    now = until
                case Finished(delivery=after, skipped=reason):
                    self._told[owed.guest_id] = after
                    if reason is not None:
                        yield Skipped(reason)
                    return
                case SetAside(refusal=refusal, delivery=after):
                    self._told[owed.guest_id] = after
                    yield Refused(refusal)
                    return

    def _absorbed(self, delivery: Delivery, owed: Owed, request: Request, now: Instant) -> Absorbed:
        outcome = _accepted(request, owed.guest_id)
        return absorb(delivery, owed, request, outcome, now=now, jitter=0.0, policy=self.deliveries)


def _accepted(request: Request, guest_id: GuestId) -> Outcome:
    """Say yes; a browser id is made of the guest's, so that two previews are equal."""
    if isinstance(request, CreateBrowser):
        return Issued(BrowserId(str(uuid5(NAMESPACE_URL, guest_id))), "")
    return Delivered()
