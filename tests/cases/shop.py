"""What a shop says: commerce events as documents, in the words of Sitecore's own examples."""

from collections.abc import Mapping
from typing import Any, TypeAlias
from uuid import UUID, uuid5

from pipeline.record import Instant, in_utc, later
from pipeline.sandbox.settings import EXAMPLE_BROWSER_ID, EXAMPLE_SHOP

Document: TypeAlias = dict[str, Any]

START = Instant(1_755_965_820_000)
"""2025-08-23T16:17:00Z: second 0."""
GUEST = "guest-1"
WEB = EXAMPLE_BROWSER_ID
APP = "b38b230c-11eb-4cf9-8d5d-274e9f344925"
BASE: Mapping[str, Any] = {
    "channel": "WEB",
    "currency": "EUR",
    "language": "EN",
    "page": "oms",
    "pos": EXAMPLE_SHOP,
    "browser_id": WEB,
}
"""What every message says of these events' circumstances."""
CARD: Mapping[str, Any] = {"type": "Card", "cardType": "Visa"}

_IDS = UUID(int=113)


def second(number: float) -> str:
    """An instant of the story, as a shop writes it."""
    return in_utc(later(START, number))


def event(name: str, at: float, /, **fields: Any) -> Document:
    """An event; equal words make an equal event id."""
    first = {
        "event": name,
        "eventId": str(uuid5(_IDS, repr((name, at, sorted(fields.items()))))),
        "occurredAt": second(at),
        "guestId": GUEST,
        "browserId": WEB,
        "channel": "WEB",
        "pointOfSale": EXAMPLE_SHOP,
        "language": "EN",
        "currency": "EUR",
        "page": "oms",
    }
    return first | fields


def without(document: Mapping[str, Any], *names: str) -> Document:
    """A document that lacks these fields."""
    return {name: value for name, value in document.items() if name not in names}


def money(amount: str | float, currency: str = "EUR") -> Document:
    """An amount."""
    return {"amount": str(amount), "currency": currency}


def line(item: str = "SHOES_8475GHT", price: str = "60.00", **fields: Any) -> Document:
    """One line of a cart or an order."""
    said = {
        "itemId": item,
        "productId": item.partition("_")[0],
        "type": "SHOES",
        "name": "Sneaker",
        "quantity": 1,
        "unitPrice": money(price),
    }
    return said | fields


SHOES = line()
JEANS = line("JEANS_W33L31", "7.99", type="CLOTHES", name="Jeans", quantity=3)
OUTBOUND = line(
    "DUB-LHR", "99.00", type="FLIGHT", attributes={"origin": "DUB", "destination": "lhr"}
)
RETURN = line("LHR-DUB", "89.00", type="FLIGHT", attributes={"origin": "LHR", "destination": "DUB"})


def identified(at: float = 1, **fields: Any) -> Document:
    """The guest is known by a number of the CRM system."""
    crm = [{"provider": "CRM", "id": "B7524AE6"}]
    return event("GuestIdentified", at, **({"identifiers": crm} | fields))


def added(at: float, what: Mapping[str, Any], **fields: Any) -> Document:
    """A line is put into the cart."""
    return event("LineAdded", at, line=what, **fields)


def changed(at: float, what: Mapping[str, Any], **fields: Any) -> Document:
    """A line of the cart is now this."""
    return event("LineChanged", at, line=what, **fields)


def cleared(at: float, **fields: Any) -> Document:
    """The cart is emptied."""
    return event("CartCleared", at, **fields)


def placed(at: float = 16, *lines: Mapping[str, Any], **fields: Any) -> Document:
    """The guest buys these lines, for their sum, by card."""
    cost = sum(float(one["unitPrice"]["amount"]) * one["quantity"] for one in lines)
    said = {
        "orderId": "MA-490094",
        "orderedAt": second(at),
        "status": "PURCHASED",
        "total": money(f"{cost:.2f}"),
        "lines": list(lines),
        "payment": CARD,
    }
    return event("OrderPlaced", at, **(said | fields))


def paid(at: float, order_id: str = "MA-490094", **fields: Any) -> Document:
    """An order is paid by card."""
    return event("PaymentReceived", at, **({"orderId": order_id, "payment": CARD} | fields))


def viewed(at: float = 1, **fields: Any) -> Document:
    """A page was shown."""
    return event("PageViewed", at, **fields)


def raised(name: str, at: float = 1, /, **fields: Any) -> Document:
    """Something the shop has a name for."""
    return event("CustomEventRaised", at, name=name, **fields)


def erased(at: float) -> Document:
    """The guest asks to be forgotten."""
    return event("GuestErased", at)
