"""One guest of the demo's day, who says what shops publish."""

from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import TypedDict
from uuid import UUID

from pipeline.commerce.events import (
    Attributes,
    BrowserId,
    CartCleared,
    Contact,
    EventId,
    GuestIdentified,
    Identifier,
    ItemId,
    Line,
    LineAdded,
    LineChanged,
    LineRemoved,
    Money,
    OrderCancelled,
    OrderId,
    OrderPlaced,
    PageViewed,
    Payment,
    PaymentReceived,
)
from pipeline.record import GuestId, Instant, later

CURRENCY = "EUR"

_PRODUCTS = (
    ("SHOES", "Running shoes", "89.90"),
    ("JEANS", "Jeans", "59.95"),
    ("SHIRT", "Linen shirt", "39.00"),
    ("SOCKS", "Socks, three pairs", "11.97"),
    ("COAT", "Rain coat", "129.50"),
)


class _First(TypedDict):
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


@dataclass(slots=True)
class DemoGuest:
    """Says one thing after another, half a second apart by the shop's clock."""

    number: int
    shop: str
    random: Random
    now: Instant
    channel: str = "WEB"
    cart: dict[ItemId, Line] = field(default_factory=dict)

    @property
    def guest_id(self) -> GuestId:
        """The key of everything that this guest says."""
        return GuestId(f"guest-{self.number:04}")

    @property
    def order_id(self) -> OrderId:
        """The guest's one order of the day."""
        return OrderId(f"ORDER-{self.number:05}")

    def identify(self) -> GuestIdentified:
        """Log in."""
        return GuestIdentified(
            **self._first(),
            identifiers=(Identifier("CRM", f"C{self.number:06}"),),
            contact=Contact(first_name="Ada", last_name="Example"),
        )

    def view(self) -> PageViewed:
        """Look at a page."""
        return PageViewed(**self._first())

    def add(self, item_type: str = "APPAREL") -> LineAdded:
        """Put something into the cart."""
        code, name, price = self.random.choice(_PRODUCTS)
        line = Line(
            item_id=ItemId(f"{code}-{len(self.cart) + 1}"),
            product_id=code,
            type=item_type,
            name=name,
            quantity=self.random.randint(1, 3),
            unit_price=Money(Decimal(price), CURRENCY),
        )
        self.cart[line.item_id] = line
        return LineAdded(**self._first(), line=line)

    def change(self) -> LineChanged:
        """Want one piece more of something in the cart."""
        old = self.random.choice(list(self.cart.values()))
        line = Line(
            item_id=old.item_id,
            product_id=old.product_id,
            type=old.type,
            name=old.name,
            quantity=old.quantity + 1,
            unit_price=old.unit_price,
        )
        self.cart[line.item_id] = line
        return LineChanged(**self._first(), line=line)

    def remove(self) -> LineRemoved:
        """Take something out of the cart."""
        item_id = self.random.choice(list(self.cart))
        del self.cart[item_id]
        return LineRemoved(**self._first(), item_id=item_id)

    def clear(self) -> CartCleared:
        """Empty the cart."""
        self.cart.clear()
        return CartCleared(**self._first())

    def place(self, payment: Payment | None, *, order_id: OrderId | None = None) -> OrderPlaced:
        """Buy the cart; without an id as the guest's one order of the day."""
        lines = tuple(self.cart.values())
        total = sum((line.unit_price.amount * line.quantity for line in lines), Decimal())
        first = self._first()
        self.cart.clear()
        return OrderPlaced(
            **first,
            order_id=order_id or self.order_id,
            ordered_at=first["occurred_at"],
            status="PURCHASED",
            total=Money(total, CURRENCY),
            lines=lines,
            payment=payment,
        )

    def pay(self, payment: Payment) -> PaymentReceived:
        """Pay the order."""
        return PaymentReceived(**self._first(), order_id=self.order_id, payment=payment)

    def cancel(self) -> OrderCancelled:
        """Call the order off."""
        first = self._first()
        return OrderCancelled(**first, order_id=self.order_id, ordered_at=first["occurred_at"])

    def _first(self) -> _First:
        self.now = later(self.now, 0.5)
        return {
            "event_id": EventId(str(UUID(int=self.random.getrandbits(128), version=4))),
            "occurred_at": self.now,
            "guest_id": self.guest_id,
            "browser_id": None,
            "channel": self.channel,
            "point_of_sale": self.shop,
            "language": "EN",
            "currency": CURRENCY,
            "page": "/",
            "attributes": {},
        }
