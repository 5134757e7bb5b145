"""Digests: to see whether something was said before without remembering what."""

from collections.abc import Iterable
from hashlib import blake2b

from pipeline.commerce.events import ItemId, Line, Money, OrderId
from pipeline.record import GuestId
from pipeline.sitecore import messages
from pipeline.sitecore.owed import Identity
from pipeline.sitecore.point_of_sale import PointOfSale
from pipeline.sitecore.wire import to_json


def of_line(line: Line) -> str:
    """Digest of all that an ADD says of a line, but for when it was added."""
    said = (
        *(line.item_id, line.product_id, line.type, line.name, line.quantity),
        *(_of_money(line.unit_price), _of_money(line.organization_unit_price)),
        sorted(line.attributes.items()),
    )
    return _digest(repr(said))


def of_identity(identity: Identity, guest_id: GuestId, point_of_sale: PointOfSale) -> str:
    """Digest of who a guest is, as far as it is sent; equal people of two guests differ."""
    return _digest(to_json(messages.person(identity, point_of_sale)), guest_id)


def of_confirmed(order_id: OrderId, items: Iterable[ItemId]) -> str:
    """Digest of an order and the lines that were confirmed for it."""
    return _digest(repr((order_id, *items)))


def _of_money(money: Money | None) -> str:
    return "" if money is None else f"{money.amount.normalize()} {money.currency}"


def _digest(text: str, salt: str = "") -> str:
    # A salt of more bytes than the key takes goes into the text: no two guests share digests.
    return blake2b(f"{salt}\0{text}".encode(), digest_size=12, usedforsecurity=False).hexdigest()
