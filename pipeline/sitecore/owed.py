"""What is owed to Sitecore: each carries all that saying it may need, in any form."""

from typing import NamedTuple, NewType, TypeAlias

from pipeline.commerce.events import (
    Attributes,
    BrowserId,
    Contact,
    EventId,
    Identifier,
    Line,
    Money,
    OrderId,
    Payment,
)
from pipeline.record import GuestId, Instant, Position
from pipeline.value import value

DeliveryId = NewType("DeliveryId", str)
"""UUIDv5 of application, cause and index: the same over tries, restarts and replays."""

WrittenLine = NewType("WrittenLine", bytes)
"""A `Line` in the bytes that it has within what is owed."""


class Context(NamedTuple):
    """The circumstances that the Stream API wants with every event."""

    browser_id: BrowserId | None
    channel: str
    point_of_sale: str
    language: str | None
    currency: str
    page: str | None


class Cause(NamedTuple):
    """Why something is owed: the event that completed it, or a timer, and where that lay."""

    event_id: EventId | None
    """None when a timer came due."""
    timer: str | None
    """The timer's kind, such as ``payment_wait``; None when an event was the cause."""
    positions: tuple[Position, ...]
    """The record itself; for a timer the input positions at which it fired."""
    timestamp: Instant
    """The record's Kafka timestamp, or the timer's deadline."""


class Identity(NamedTuple):
    """Who a guest is, as far as Sitecore may know it."""

    identifiers: tuple[Identifier, ...]
    contact: Contact


@value(frozen=True, slots=True, kw_only=True)
class Owing:
    """What everything owed says first."""

    delivery_id: DeliveryId
    guest_id: GuestId
    sequence: int
    """Rises by one with everything owed to a guest. Starts at the guest's creation time in ms."""
    occurred_at: Instant
    """When the causing event happened, by the shop's clock."""
    context: Context
    cause: Cause


@value(frozen=True, slots=True, kw_only=True)
class OwedIdentity(Owing):
    """Who the guest is."""

    identity: Identity


@value(frozen=True, slots=True, kw_only=True)
class OwedCart(Owing):
    """The whole cart as it now is; empty means cleared."""

    lines: tuple[Line, ...]


@value(frozen=True, slots=True, kw_only=True)
class WrittenCart(Owing):
    """An `OwedCart` to be written, of lines that are bytes already."""

    lines: tuple[WrittenLine, ...]


@value(frozen=True, slots=True, kw_only=True)
class OwedOrder(Owing):
    """A purchase, complete: lines, payment and who bought."""

    order_id: OrderId
    ordered_at: Instant
    status: str
    total: Money
    lines: tuple[Line, ...]
    payment: Payment | None
    identity: Identity
    attributes: Attributes
    """Extension data of the order."""


@value(frozen=True, slots=True, kw_only=True)
class OwedPayment(Owing):
    """The payment of an order that was owed before."""

    order_id: OrderId
    payment: Payment


@value(frozen=True, slots=True, kw_only=True)
class OwedBehaviour(Owing):
    """A page view, a search or a custom event."""

    type: str
    """``VIEW``, ``SEARCH`` or the custom event's name, upper case."""
    product_name: str | None
    """Of a SEARCH only."""
    product_type: str | None
    """Of a SEARCH only."""
    attributes: Attributes


@value(frozen=True, slots=True, kw_only=True)
class OwedErasure(Owing):
    """The guest was erased: nothing of theirs may leave any more."""


def kind_of(owed: "Owed | WrittenCart") -> str:
    """The name of the schema by which it is written."""
    return "OwedCart" if isinstance(owed, WrittenCart) else type(owed).__name__


Owed: TypeAlias = OwedIdentity | OwedCart | OwedOrder | OwedPayment | OwedBehaviour | OwedErasure
