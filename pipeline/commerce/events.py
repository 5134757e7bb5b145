"""Commerce events: what shops say has happened."""

from collections.abc import Mapping
from dataclasses import field
from decimal import Decimal
from typing import NamedTuple, NewType, TypeAlias

from pipeline.record import GuestId, Instant
from pipeline.value import value

EventId = NewType("EventId", str)
"""A UUID in its canonical text form; the same fact published twice carries the same one."""

BrowserId = NewType("BrowserId", str)
"""A UUID that Sitecore issued for one browser."""

ItemId = NewType("ItemId", str)
"""The key of a cart line."""

OrderId = NewType("OrderId", str)
"""The shop's own number of an order."""

Attribute: TypeAlias = str | bool | int | float
Attributes: TypeAlias = Mapping[str, Attribute]
"""Extension data by the name that the shop gave it; read only."""


@value(frozen=True, slots=True)
class Money:
    """An exact amount and its ISO 4217 currency."""

    amount: Decimal
    currency: str


@value(frozen=True, slots=True)
class Line:
    """One line of a cart or of an order: *quantity* pieces at *unit_price* each."""

    item_id: ItemId
    product_id: str
    type: str
    name: str
    quantity: int
    unit_price: Money
    organization_unit_price: Money | None = None
    """The same price in the organization's currency; Sitecore does not convert."""
    attributes: Attributes = field(default_factory=dict)
    written: bytes | None = field(default=None, init=False, compare=False, repr=False)
    """The Avro bytes that it was read from, where they are those that it would be written as."""


class Identifier(NamedTuple):
    """A name by which an identity rule of the tenant knows a person."""

    provider: str
    id: str
    expires_at: Instant | None = None


@value(frozen=True, slots=True)
class Payment:
    """How an order was paid: the method, and the card's brand when it was a card."""

    type: str
    card_type: str | None = None


class Contact(NamedTuple):
    """Personal data that supplements identifiers; every part may be unknown."""

    title: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    gender: str | None = None
    date_of_birth: str | None = None
    """A local date, YYYY-MM-DD."""
    email: str | None = None
    mobile: str | None = None
    phone: str | None = None
    street: tuple[str, ...] = ()
    city: str | None = None
    state: str | None = None
    country: str | None = None
    postal_code: str | None = None


@value(frozen=True, slots=True, kw_only=True)
class Event:
    """What every commerce event says first."""

    event_id: EventId
    occurred_at: Instant
    guest_id: GuestId
    browser_id: BrowserId | None
    channel: str
    point_of_sale: str
    language: str | None
    currency: str
    page: str | None
    attributes: Attributes


@value(frozen=True, slots=True, kw_only=True)
class GuestIdentified(Event):
    """The guest is known by these identifiers."""

    identifiers: tuple[Identifier, ...]
    contact: Contact


@value(frozen=True, slots=True, kw_only=True)
class LineAdded(Event):
    """A line was put into the cart."""

    line: Line


@value(frozen=True, slots=True, kw_only=True)
class LineChanged(Event):
    """A line of the cart is now this: its quantity is the new absolute one."""

    line: Line


@value(frozen=True, slots=True, kw_only=True)
class LineRemoved(Event):
    """A line left the cart."""

    item_id: ItemId


@value(frozen=True, slots=True, kw_only=True)
class CartCleared(Event):
    """The cart was emptied without a purchase."""


@value(frozen=True, slots=True, kw_only=True)
class OrderPlaced(Event):
    """The guest bought: the cart, or the lines named here."""

    order_id: OrderId
    ordered_at: Instant
    status: str
    total: Money
    lines: tuple[Line, ...]
    """The lines bought, the truth where given; empty: those of the cart at that time."""
    payment: Payment | None


@value(frozen=True, slots=True, kw_only=True)
class PaymentReceived(Event):
    """An order was paid, and how."""

    order_id: OrderId
    payment: Payment


@value(frozen=True, slots=True, kw_only=True)
class OrderCancelled(Event):
    """An order was called off."""

    order_id: OrderId
    ordered_at: Instant


@value(frozen=True, slots=True, kw_only=True)
class OrderRefunded(Event):
    """Money went back."""

    order_id: OrderId
    ordered_at: Instant
    amount: Money


@value(frozen=True, slots=True, kw_only=True)
class OrderChanged(Event):
    """An order that was placed is now this."""

    order_id: OrderId
    ordered_at: Instant
    status: str
    total: Money
    lines: tuple[Line, ...]


@value(frozen=True, slots=True, kw_only=True)
class PageViewed(Event):
    """A page was shown."""


@value(frozen=True, slots=True, kw_only=True)
class ProductsSearched(Event):
    """The guest searched, and the result page was shown."""

    product_name: str
    product_type: str


@value(frozen=True, slots=True, kw_only=True)
class CustomEventRaised(Event):
    """Something the shop has a name for."""

    name: str


@value(frozen=True, slots=True, kw_only=True)
class GuestErased(Event):
    """The person asked to be forgotten: nothing of theirs may be sent again."""


CartEvent: TypeAlias = LineAdded | LineChanged | LineRemoved | CartCleared
AfterOrder: TypeAlias = OrderCancelled | OrderRefunded | OrderChanged
Behaviour: TypeAlias = PageViewed | ProductsSearched | CustomEventRaised

CommerceEvent: TypeAlias = (
    GuestIdentified
    | LineAdded
    | LineChanged
    | LineRemoved
    | CartCleared
    | OrderPlaced
    | PaymentReceived
    | OrderCancelled
    | OrderRefunded
    | OrderChanged
    | PageViewed
    | ProductsSearched
    | CustomEventRaised
    | GuestErased
)
