"""Small things that are owed: each takes one request, whose page is its number."""

import uuid
from typing import Any

from pipeline.commerce.events import BrowserId, EventId
from pipeline.record import GuestId, Instant, Position
from pipeline.sitecore.owed import Cause, Context, DeliveryId, Owed, OwedBehaviour, OwedErasure
from tests.unit.deliver.virtual_time import DAWN_MS


def browser_of(guest: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, guest))


def _first(guest: str, number: int, browser_id: str | None) -> dict[str, Any]:
    known = None if browser_id is None else BrowserId(browser_id)
    return {
        "delivery_id": DeliveryId(str(uuid.uuid5(uuid.NAMESPACE_OID, f"{guest}{number}"))),
        "guest_id": GuestId(guest),
        "sequence": number,
        "occurred_at": Instant(DAWN_MS),
        "context": Context(known, "WEB", "shop", "EN", "EUR", str(number)),
        "cause": Cause(EventId("e"), None, (Position("c", 0, 0),), Instant(DAWN_MS)),
    }


def view(guest: str, number: int, browser_id: str | None = "own") -> Owed:
    """One thing that takes one request; its page is its number."""
    browser_id = browser_of(guest) if browser_id == "own" else browser_id
    return OwedBehaviour(
        type="VIEW",
        product_name=None,
        product_type=None,
        attributes={},
        **_first(guest, number, browser_id),
    )


def erasure(guest: str, number: int) -> Owed:
    return OwedErasure(**_first(guest, number, None))
