"""In which order a guest's parts stand in its bytes: without names, since every guest has them.

What waits is rare and keeps its names.
"""

from decimal import Decimal
from operator import attrgetter
from typing import Any, Final, NamedTuple

from pipeline.commerce.events import (
    Attributes,
    BrowserId,
    Contact,
    EventId,
    Identifier,
    ItemId,
    Line,
    Money,
    OrderId,
)
from pipeline.orders.guest import (
    Cart,
    Fact,
    Guest,
    KnownIdentity,
    KnownOrder,
    SeenEvents,
    WaitingOrder,
    WaitingPayment,
)
from pipeline.record import GuestId, Instant
from pipeline.sitecore.owed import Context, Identity


class _Line(NamedTuple):
    item_id: ItemId
    product_id: str
    type: str
    name: str
    quantity: int
    amount: Decimal
    currency: str
    organization: Money | None
    attributes: Attributes


class _Fact(NamedTuple):
    at: Instant
    rank: int
    event_id: EventId
    item_id: ItemId | None
    line: _Line | None
    size: int


class _Context(NamedTuple):
    browser_id: BrowserId | None
    channel: str
    point_of_sale: str
    language: str | None
    currency: str
    page: str | None


class _Contact(NamedTuple):
    title: str | None
    first_name: str | None
    last_name: str | None
    gender: str | None
    date_of_birth: str | None
    email: str | None
    mobile: str | None
    phone: str | None
    street: tuple[str, ...]
    city: str | None
    state: str | None
    country: str | None
    postal_code: str | None


class _Identity(NamedTuple):
    identifiers: tuple[tuple[str, str, Instant | None], ...]
    contact: _Contact
    occurred_at: Instant
    event_id: EventId
    browser_ids: tuple[BrowserId | None, ...]


class Packed(NamedTuple):
    """A guest as it is written."""

    guest_id: GuestId
    sequence: int
    seen_at: Instant
    facts: tuple[_Fact, ...]
    newest_at: Instant
    forgotten_to: Instant
    context: _Context | None
    context_at: Instant
    identity: _Identity | None
    waiting: tuple[WaitingOrder, ...]
    payments: tuple[WaitingPayment, ...]
    orders: dict[OrderId, tuple[bytes, Instant, bool]]
    orders_after: Instant
    seen: tuple[bytes, bytes, Instant]
    erased: bool


def pack(guest: Guest) -> tuple[Any, ...]:
    """Put a guest's parts in the order of `Packed`."""
    cart, context, identity, seen = guest.cart, guest.cart.context, guest.identity, guest.seen
    return (
        guest.guest_id,
        guest.sequence,
        guest.seen_at,
        list(map(_fact, cart.facts)),
        cart.newest_at,
        cart.forgotten_to,
        None if context is None else _CONTEXT(context),
        cart.context_at,
        None if identity is None else _identity(identity),
        guest.waiting,
        guest.payments,
        {name: (one.digest, one.ordered_at, one.paid) for name, one in guest.orders.items()},
        guest.orders_after,
        (seen.current, seen.previous, seen.turned_at),
        guest.erased,
    )


def unpack(packed: Packed) -> Guest:
    """Make the guest that was packed."""
    context, identity = packed.context, packed.identity
    return Guest(
        packed.guest_id,
        packed.sequence,
        packed.seen_at,
        Cart(
            tuple(map(_fact_of, packed.facts)),
            packed.newest_at,
            packed.forgotten_to,
            None if context is None else Context(*context),
            packed.context_at,
        ),
        None if identity is None else _identity_of(identity),
        packed.waiting,
        packed.payments,
        {name: KnownOrder(*known) for name, known in packed.orders.items()},
        packed.orders_after,
        SeenEvents(*packed.seen),
        packed.erased,
    )


_CONTEXT: Final = attrgetter(*_Context._fields)
_CONTACT: Final = attrgetter(*_Contact._fields)


def _fact(fact: Fact) -> tuple[Any, ...]:
    at, rank, event_id, item_id, line, size = fact
    if line is None:
        return fact
    price = line.unit_price
    said = (
        line.item_id,
        line.product_id,
        line.type,
        line.name,
        line.quantity,
        price.amount,
        price.currency,
        line.organization_unit_price,
        line.attributes,
    )
    return (at, rank, event_id, item_id, said, size)


def _fact_of(fact: _Fact) -> Fact:
    at, rank, event_id, item_id, said, size = fact
    if said is None:
        return Fact(at, rank, event_id, item_id, None, size)
    item, product, kind, name, quantity, amount, currency, organization, attributes = said
    price = Money(amount, currency)
    line = Line(item, product, kind, name, quantity, price, organization, attributes)
    return Fact(at, rank, event_id, item_id, line, size)


def _identity(known: KnownIdentity) -> tuple[Any, ...]:
    return (
        [(one.provider, one.id, one.expires_at) for one in known.identity.identifiers],
        _CONTACT(known.identity.contact),
        known.occurred_at,
        known.event_id,
        known.browser_ids,
    )


def _identity_of(packed: _Identity) -> KnownIdentity:
    identifiers = tuple([Identifier(*one) for one in packed.identifiers])
    return KnownIdentity(
        Identity(identifiers, Contact(*packed.contact)),
        packed.occurred_at,
        packed.event_id,
        packed.browser_ids,
    )
