"""A guest's story: what is said when, and what comes of it.

Times are seconds from the story's beginning. An event said twice in the same
words is the same event, with the same event id.
"""

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from typing import TypedDict, TypeVar
from uuid import UUID, uuid5

from pipeline.assemble import fact_codec
from pipeline.commerce.events import (
    Attributes,
    BrowserId,
    CartCleared,
    CommerceEvent,
    Contact,
    CustomEventRaised,
    Event,
    EventId,
    GuestErased,
    GuestIdentified,
    Identifier,
    ItemId,
    Line,
    LineAdded,
    LineChanged,
    LineRemoved,
    Money,
    OrderId,
    OrderPlaced,
    PageViewed,
    Payment,
    PaymentReceived,
    ProductsSearched,
)
from pipeline.orders.advance import advance, wake
from pipeline.orders.guest import Became, Guest, SetAside, Step
from pipeline.orders.policy import OrderPolicy
from pipeline.record import GuestId, Instant, Position, Record, later
from pipeline.sitecore import line_codec
from pipeline.sitecore.codec import as_read
from pipeline.sitecore.owed import Owed, OwedCart, OwedOrder
from pipeline.sitecore.point_of_sale import DataModel, PointOfSale, Protocol

START = Instant(1_767_225_600_000)
GUEST = GuestId("ann")
CARD = Payment("Card", "Visa")
PAYPAL = Payment("PayPal")

POLICY = OrderPolicy(
    points_of_sale={
        "shop": PointOfSale("shop"),
        "kiosk": PointOfSale("kiosk", protocol=Protocol.SINGLE),
        "classic": PointOfSale("classic", protocol=Protocol.MULTIPLE),
        "old": PointOfSale("old", protocol=Protocol.MULTIPLE, data_model=DataModel.V2_0),
        "discreet": PointOfSale("discreet", personal_fields=False),
        "strict": PointOfSale("strict", identity_providers=frozenset({"CRM"})),
    },
    application=UUID(int=7),
    line_codec=line_codec,
    fact_codec=fact_codec,
)

_IDS = UUID(int=42)


class First(TypedDict):
    """What every event says first."""

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


def at(second: float) -> Instant:
    """An instant of the story."""
    return later(START, second)


def first(second: float, *words: object) -> First:
    """The first fields; the words make the event id."""
    return {
        "event_id": EventId(str(uuid5(_IDS, repr((second, *words))))),
        "occurred_at": at(second),
        "guest_id": GUEST,
        "browser_id": None,
        "channel": "WEB",
        "point_of_sale": "shop",
        "language": "EN",
        "currency": "EUR",
        "page": "/",
        "attributes": {},
    }


def line(item: str, quantity: int = 1, price: str = "10.00") -> Line:
    """A line of a cart or an order."""
    return Line(
        ItemId(item), f"P-{item}", "APPAREL", f"A {item}", quantity, Money(Decimal(price), "EUR")
    )


def added(second: float, item: str, quantity: int = 1) -> LineAdded:
    """The guest puts something into the cart."""
    return LineAdded(**first(second, "added", item, quantity), line=line(item, quantity))


def changed(second: float, item: str, quantity: int) -> LineChanged:
    """The guest wants this many of it."""
    return LineChanged(**first(second, "changed", item, quantity), line=line(item, quantity))


def removed(second: float, item: str) -> LineRemoved:
    """The guest takes something out of the cart."""
    return LineRemoved(**first(second, "removed", item), item_id=ItemId(item))


def cleared(second: float) -> CartCleared:
    """The guest empties the cart."""
    return CartCleared(**first(second, "cleared"))


def identified(second: float, crm: str = "C1", *, browser: str | None = None) -> GuestIdentified:
    """The guest logs in."""
    event = GuestIdentified(
        **first(second, "identified", crm, browser),
        identifiers=(Identifier("CRM", crm),),
        contact=Contact(first_name="Ada"),
    )
    return replace(event, browser_id=BrowserId(browser) if browser else None)


def placed(
    second: float,
    order: str = "1001",
    *lines: Line,
    total: str | None = None,
    payment: Payment | None = CARD,
) -> OrderPlaced:
    """The guest buys these lines, or the cart."""
    cost = sum((bought.unit_price.amount * bought.quantity for bought in lines), Decimal())
    amount = cost if total is None else Decimal(total)
    return OrderPlaced(
        **first(second, "placed", order, [bought.item_id for bought in lines], total, payment),
        order_id=OrderId(order),
        ordered_at=at(second),
        status="PURCHASED",
        total=Money(amount, "EUR"),
        lines=lines,
        payment=payment,
    )


def paid(second: float, order: str = "1001", payment: Payment = PAYPAL) -> PaymentReceived:
    """An order is paid."""
    return PaymentReceived(
        **first(second, "paid", order, payment), order_id=OrderId(order), payment=payment
    )


def viewed(second: float) -> PageViewed:
    """The guest looks at a page."""
    return PageViewed(**first(second, "viewed"))


def searched(second: float, name: str = "shoes", kind: str = "APPAREL") -> ProductsSearched:
    """The guest searches."""
    return ProductsSearched(
        **first(second, "searched", name, kind), product_name=name, product_type=kind
    )


def raised(second: float, name: str) -> CustomEventRaised:
    """Something the shop has a name for."""
    return CustomEventRaised(**first(second, "raised", name), name=name)


def erased(second: float) -> GuestErased:
    """The guest asks to be forgotten."""
    return GuestErased(**first(second, "erased"))


class Story:
    """One guest as the worker sees it: records come in, timers fire, things are owed."""

    def __init__(self, policy: OrderPolicy = POLICY) -> None:
        self.policy = policy
        self.guest: Guest | None = None
        self.steps: list[Step] = []
        self._offset = 0

    def hears(self, *events: CommerceEvent, second: float | None = None) -> Step:
        """Take events, each when it happened, or all of them at one second."""
        for event in events:
            timestamp = event.occurred_at if second is None else at(second)
            self._keep(advance(self.guest, event, self._record(event, timestamp), self.policy))
        return self.steps[-1]

    def waits_until(self, second: float) -> "Story":
        """Let time pass: fire each timer at its deadline, one after the other."""
        due = self.wake_at
        while due is not None and due <= at(second):
            assert self.guest is not None
            self._keep(wake(self.guest, due, (Position("shop", 0, self._offset),), self.policy))
            fired, due = due, self.wake_at
            assert due is None or due > fired, "a timer fires again at once"
        return self

    @property
    def wake_at(self) -> Instant | None:
        """The guest's next timer."""
        return self.steps[-1].wake_at if self.steps else None

    @property
    def became(self) -> list[Became]:
        """What became of each event and timer."""
        return [step.became for step in self.steps]

    @property
    def owed(self) -> list[Owed]:
        """All that was owed, in order."""
        return [as_read(owed) for step in self.steps for owed in step.owed]

    @property
    def orders(self) -> list[OwedOrder]:
        """The orders that were owed."""
        return [owed for owed in self.owed if isinstance(owed, OwedOrder)]

    @property
    def carts(self) -> list[list[tuple[str, int]]]:
        """The carts that were owed: items and quantities."""
        return [in_cart(owed.lines) for owed in self.owed if isinstance(owed, OwedCart)]

    @property
    def set_aside(self) -> list[SetAside]:
        """All that was set aside."""
        return [aside for step in self.steps for aside in step.set_aside]

    @property
    def rules(self) -> list[str]:
        """By which rules."""
        return [aside.refusal.rule for aside in self.set_aside]

    def _keep(self, step: Step) -> None:
        self.steps.append(step)
        self.guest = step.guest

    def _record(self, event: CommerceEvent, timestamp: Instant) -> Record:
        self._offset += 1
        value = f"{event.event_id} {'.' * 100}".encode()
        headers = (("source", b"till"), ("empty", None))
        return Record(Position("shop", 0, self._offset), timestamp, GUEST.encode(), value, headers)


def told(*events: CommerceEvent, policy: OrderPolicy = POLICY) -> Story:
    """A story of these events, each read when it happened."""
    story = Story(policy)
    story.hears(*events)
    return story


def in_cart(lines: Iterable[Line]) -> list[tuple[str, int]]:
    """Items and quantities."""
    return [(line.item_id, line.quantity) for line in lines]


def names(owed: Iterable[Owed]) -> list[str]:
    """The kinds of what is owed."""
    return [type(each).__name__ for each in owed]


E = TypeVar("E", bound=Event)


def but(event: E, **fields: object) -> E:
    """The same event, but for these fields."""
    return replace(event, **fields)  # type: ignore[arg-type]
