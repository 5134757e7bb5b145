"""One event of every kind, all of one guest, with every field said."""

from decimal import Decimal
from typing import Any

from pipeline.commerce.events import (
    BrowserId,
    CartCleared,
    CommerceEvent,
    Contact,
    CustomEventRaised,
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
    OrderCancelled,
    OrderChanged,
    OrderId,
    OrderPlaced,
    OrderRefunded,
    PageViewed,
    Payment,
    PaymentReceived,
    ProductsSearched,
)
from pipeline.record import GuestId, Instant

NOON = Instant(1_767_268_800_000)
"""2026-01-01T12:00:00Z."""

SHOES = Line(
    ItemId("shoes-1"),
    "SHOES",
    "FASHION",
    "Running shoes, “fast”",
    2,
    Money(Decimal("89.900000"), "EUR"),
    Money(Decimal("99.123456"), "USD"),
    {"color": "red", "gift": True, "size": 42, "weight": 0.5},
)
DISCOUNT = Line(
    ItemId("discount"), "NEW-YEAR", "OTHER", "Discount", 1, Money(Decimal("-45.000000"), "EUR")
)
TOTAL = Money(Decimal("134.800000"), "EUR")
CARD = Payment("Card", "Visa")
CONTACT = Contact(
    title="Ms",
    first_name="Ann",
    last_name="Lee",
    gender="female",
    date_of_birth="1990-02-28",
    email="ann@example.com",
    mobile="+353 85 0000000",
    phone="+353 1 0000000",
    street=("1 Main Street", "Flat 2"),
    city="Dublin",
    state="Leinster",
    country="IE",
    postal_code="D01 A0A0",
)


def _first(number: int) -> dict[str, Any]:
    return {
        "event_id": EventId(f"5f0a2d0e-9d5c-4c39-9f6e-0000000000{number:02}"),
        "occurred_at": Instant(NOON + number * 1000),
        "guest_id": GuestId("ann"),
        "browser_id": BrowserId("0f0a2d0e-9d5c-4c39-9f6e-6f5c7c8c2c11"),
        "channel": "WEB",
        "point_of_sale": "shop/ireland",
        "language": "EN",
        "currency": "EUR",
        "page": "checkout",
        "attributes": {"campaign": "winter", "returning": False, "visits": 3, "score": 1e300},
    }


def _order(number: int) -> dict[str, Any]:
    return {**_first(number), "order_id": OrderId("1001"), "ordered_at": NOON}


_BOUGHT: dict[str, Any] = {"status": "PURCHASED", "total": TOTAL, "lines": (SHOES, DISCOUNT)}

IDENTIFIED = GuestIdentified(
    **_first(1),
    identifiers=(Identifier("email", "ann@example.com"), Identifier("crm", "17", NOON)),
    contact=CONTACT,
)
ADDED = LineAdded(**_first(2), line=SHOES)
PLACED = OrderPlaced(**_order(6), **_BOUGHT, payment=CARD)
VIEWED = PageViewed(**_first(11))

EVENTS: tuple[CommerceEvent, ...] = (
    IDENTIFIED,
    ADDED,
    LineChanged(**_first(3), line=DISCOUNT),
    LineRemoved(**_first(4), item_id=SHOES.item_id),
    CartCleared(**_first(5)),
    PLACED,
    PaymentReceived(**_first(7), order_id=OrderId("1001"), payment=CARD),
    OrderCancelled(**_order(8)),
    OrderRefunded(**_order(9), amount=TOTAL),
    OrderChanged(**_order(10), **_BOUGHT),
    VIEWED,
    ProductsSearched(**_first(12), product_name="shoes", product_type="FASHION"),
    CustomEventRaised(**_first(13), name="WISHLIST"),
    GuestErased(**_first(14)),
)
