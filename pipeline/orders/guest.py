"""What is remembered of a guest, and what one event or timer makes of it."""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from pipeline.commerce.events import (
    BrowserId,
    EventId,
    Identifier,
    ItemId,
    OrderId,
    OrderPlaced,
    PaymentReceived,
)
from pipeline.record import GuestId, Instant, Position, Record
from pipeline.refusal import Refusal
from pipeline.sitecore.owed import Cause, Context, Identity, Owed, WrittenCart, WrittenLine
from pipeline.value import value

NEVER = Instant(-(2**62))
"""Before every instant."""


class Fact(NamedTuple):
    """One thing that happened to a cart; facts order by their first three fields."""

    at: Instant
    """When, by the shop's clock."""
    rank: int
    """1 for a purchase, which takes the cart of its own millisecond with it; else 0."""
    event_id: EventId
    item_id: ItemId | None
    """The line concerned; None: the cart was emptied."""
    line: WrittenLine | None
    """What the line became; None: it left."""
    size: int
    """Bytes of the record that said so: what it weighs in state, roughly."""


Key: TypeAlias = tuple[Instant, int, EventId]
"""Where a fact stands among others: its first three fields."""


class FactLog(NamedTuple):
    """Facts, oldest first, as bytes: one that is newer than all is added without reading them."""

    written: bytes = b""
    facts: int = 0
    """How many."""
    size: int = 0
    """Sum of their sizes."""
    oldest_at: Instant = NEVER
    newest: Key = (NEVER, 0, EventId(""))


class Cart(NamedTuple):
    """The facts of a cart; those without effect only while late ones may come."""

    log: FactLog = FactLog()
    newest_at: Instant = NEVER
    """The newest fact's instant, but never past the time at which we read of it."""
    pruned_to: Instant = NEVER
    """Facts without effect that are older were looked for, and forgotten."""
    forgotten_to: Instant = NEVER
    """Nothing forgotten is newer. A fact that is not newer either comes too late."""
    context: Context | None = None
    """The circumstances of the newest cart event; None before the first one."""
    context_at: Instant = NEVER
    """When that event happened."""


class KnownIdentity(NamedTuple):
    """Who the guest is, by the newest event that said so."""

    identity: Identity
    occurred_at: Instant
    event_id: EventId
    browser_ids: tuple[BrowserId | None, ...]
    """Where this identity was owed; the latest last."""


@value(frozen=True, slots=True)
class WaitingOrder:
    """An order that lacks something; its record stays with it until it is owed or set aside."""

    event: OrderPlaced
    record: Record
    since: Instant
    """Timestamp of the record that first named the order: its waits count from there."""
    lines_waived: bool = False
    """Whether the wait for lines has ended: it goes with what there is."""
    payment_waived: bool = False
    """Whether the wait for a payment has ended: it goes without."""


@value(frozen=True, slots=True)
class WaitingPayment:
    """A payment whose order is not owed yet, or was never heard of."""

    event: PaymentReceived
    record: Record
    since: Instant


class KnownOrder(NamedTuple):
    """An order that was owed, as far as telling a repeat from a change needs it."""

    digest: bytes
    ordered_at: Instant
    paid: bool
    """Whether a payment was owed, with the order or after it."""


class SeenEvents(NamedTuple):
    """Ids of events that left no other trace, 16 bytes each, in two generations."""

    current: bytes = b""
    previous: bytes = b""
    turned_at: Instant = NEVER
    """When the current generation began."""


_NO_ORDERS: Mapping[OrderId, KnownOrder] = {}


class Guest(NamedTuple):
    """What a guest has done, as far as an order may still need it."""

    guest_id: GuestId
    sequence: int
    """Number of the next thing owed."""
    seen_at: Instant
    """The latest record timestamp that left a trace here."""
    cart: Cart = Cart()
    identity: KnownIdentity | None = None
    waiting: tuple[WaitingOrder, ...] = ()
    payments: tuple[WaitingPayment, ...] = ()
    orders: Mapping[OrderId, KnownOrder] = _NO_ORDERS
    """Every order that was owed; what was set aside is not remembered."""
    orders_after: Instant = NEVER
    """Orders placed earlier were forgotten for want of room: they count as historic."""
    seen: SeenEvents = SeenEvents()
    erased: bool = False
    """An erasure mark: it holds nothing of the person, and never expires."""

    @classmethod
    def new(cls, guest_id: GuestId, now: Instant) -> "Guest":
        """A guest of whom nothing is known; numbers of what is owed start at *now*."""
        return cls(guest_id=guest_id, sequence=int(now), seen_at=now)


class Became(StrEnum):
    """What became of an event: a label value."""

    OWED = "owed"
    """It completed something that Sitecore must have."""
    NOTED = "noted"
    """It is remembered, and nothing is owed for it now."""
    WAITING = "waiting"
    """It is kept with its record until what it lacks has come."""
    REPEAT = "repeat"
    """It was known already."""
    LATE = "late"
    """Something newer was known already, so it changes nothing."""
    SET_ASIDE = "set_aside"
    """It cannot be told to Sitecore."""


@value(frozen=True, slots=True)
class SetAside:
    """One record that will not be told, and why."""

    refusal: Refusal
    position: Position
    """Where the refused record lies."""
    record: Record | None
    """The whole record; None where only its position may be kept: the guest was erased."""
    cause: Cause
    """The event that decided it, which may be the refused one, or the timer."""
    identifiers: tuple[Identifier, ...] = ()
    """Who the guest is, where another API of Sitecore's will have to be told and knows no guest
    ids of ours; empty where it is not known."""
    lines: tuple[WrittenLine, ...] = ()
    """What an order for another API bought, where the cart says it, not the order."""


class Step(NamedTuple):
    """A guest after one event or timer; what is owed, in order; what was set aside."""

    guest: Guest | None
    """The very object that came in when nothing changed. None: forget the guest."""
    became: Became
    owed: tuple[Owed | WrittenCart, ...] = ()
    set_aside: tuple[SetAside, ...] = ()
    wake_at: Instant | None = None
    """The guest's next timer, whatever it is for; it may lie in the past."""
