"""Recomputes what should have left, from what lies in Kafka, and compares it with what did."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from pipeline.commerce.decode import Decoder, SchemaSource
from pipeline.commerce.events import CommerceEvent
from pipeline.config import load
from pipeline.orders.advance import advance, wake
from pipeline.orders.guest import Guest, Step
from pipeline.orders.policy import OrderPolicy
from pipeline.policies import order_policy
from pipeline.record import GuestId, Instant, Record
from pipeline.sandbox.request_log import LoggedRequest
from pipeline.sitecore.codec import decode_owed
from pipeline.sitecore.owed import Cause, DeliveryId, Owed
from tests.e2e.stack import Stack

Deliveries = dict[GuestId, list[DeliveryId]]
"""What a guest is owed, in order."""


def owed_by_guest(stack: Stack) -> dict[GuestId, list[Owed]]:
    """Read what assemble has written, committed only."""
    owed: dict[GuestId, list[Owed]] = defaultdict(list)
    for record in stack.read(stack.topics["stream_events"]):
        message = decode_owed(record.value or b"")
        owed[message.guest_id].append(message)
    return owed


def check_owed(stack: Stack, schemas: SchemaSource | None = None) -> Deliveries:
    """Compare what assemble has written with what the core owes for the input.

    Timers fire where they say that they fired.

    Args:
        stack: Where both lie.
        schemas: Those that events name; None: events carry fingerprints.

    Returns:
        What is owed, by guest.

    Raises:
        AssertionError: Something is missing, doubled, or in another order.
    """
    found = owed_by_guest(stack)
    policy = order_policy(load(stack.config))
    decode = Decoder(schemas).decode
    records: dict[GuestId, list[Record]] = defaultdict(list)
    for record in stack.read(stack.commerce):
        records[decode(record).guest_id].append(record)
    assert found.keys() <= records.keys(), "something is owed to guests of whom nothing was said"
    deliveries = {}
    for guest_id, said in records.items():
        fold = _Fold(policy, decode, firings=_firings(found.get(guest_id, ())))
        for record in said:
            fold.take(record)
        fold.fire()
        deliveries[guest_id] = [message.delivery_id for message in found.get(guest_id, ())]
        assert deliveries[guest_id] == fold.owed, f"{guest_id} is owed something else"
    return deliveries


def check_requests(requests: Iterable[LoggedRequest], deliveries: Deliveries) -> int:
    """Check that first acceptances are in order per guest, and that every repeat is marked.

    Returns:
        How many requests were repeats.
    """
    places = {
        delivery: (guest, place)
        for guest, owed in deliveries.items()
        for place, delivery in enumerate(owed)
    }
    last: dict[GuestId, int] = defaultdict(int)
    first: set[tuple[str | None, str, str]] = set()
    repeats = 0
    for request in requests:
        if not request.taken:
            continue
        said = (request.delivery_id, request.endpoint, request.text)
        if said in first:
            repeats += 1
            assert request.possible_repeat or not request.type, f"unmarked repeat {request.seq}"
            continue
        first.add(said)
        guest, place = places[DeliveryId(request.delivery_id or "")]
        assert place >= last[guest], f"{guest} is out of order at {request.seq}"
        last[guest] = place
    return repeats


def _firings(owed: Iterable[Owed]) -> list[Cause]:
    causes = {message.cause for message in owed if message.cause.timer is not None}
    return sorted(causes, key=lambda cause: (cause.positions[0].offset, cause.timestamp))


@dataclass(slots=True)
class _Fold:
    """One guest, folded again."""

    policy: OrderPolicy
    decode: Callable[[Record], CommerceEvent]
    firings: list[Cause]
    guest: Guest | None = None
    owed: list[DeliveryId] = field(default_factory=list)
    _fired: set[tuple[int, Instant]] = field(default_factory=set)

    def take(self, record: Record) -> None:
        self.fire(before=record.position.offset)
        event = self.decode(record)
        self._took(advance(self.guest, event, record, self.policy))

    def fire(self, before: int | None = None) -> None:
        """Fire what fired before the record at that offset was read; without one, all."""
        while self.firings:
            cause = self.firings[0]
            at = cause.positions[0].offset
            if before is not None and at > before:
                return
            self.firings.pop(0)
            if self.guest is None or (at, cause.timestamp) in self._fired:
                continue  # two kinds of timers that came due together are one wake
            self._fired.add((at, cause.timestamp))
            self._took(wake(self.guest, cause.timestamp, cause.positions, self.policy))

    def _took(self, step: Step) -> None:
        self.guest = step.guest
        self.owed += [message.delivery_id for message in step.owed]
