"""What one form of an order cannot carry, though another may: ordered tables of documented rules.

Sitecore accepts most of what breaks them, and never shows the order.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from pipeline.commerce.events import Attributes
from pipeline.refusal import Refusal
from pipeline.sitecore import flights, normalise
from pipeline.sitecore.messages import is_card, item_price, pay_type
from pipeline.sitecore.owed import OwedBehaviour, OwedOrder
from pipeline.sitecore.point_of_sale import DataModel, PointOfSale

SINGLE_STATUSES = frozenset({"PURCHASED", "PAYMENT_PENDING"})
"""Statuses listed for ORDER_CHECKOUT."""
CART_STATUSES = SINGLE_STATUSES | {"CONFIRMED", "CANCELLED", "REFUNDED"}
"""Statuses listed for CHECKOUT."""
UNSUPPORTED_TYPES = frozenset(
    {"FLIGHT", "HOTEL", "MORTGAGE", "MORTGAGE_APPLICATION", "LOAN_APPLICATION", "PERSONAL_LOAN"}
    | {"RAIL"}
)
"""Item types that ORDER_CHECKOUT does not support, declared or not."""
_OWN_NAMES = frozenset({"name", "key"})
"""What an extension object of an order says of itself."""


class Found(NamedTuple):
    """Where a rule is broken, and by what."""

    field: str
    value: str


@dataclass(frozen=True, slots=True)
class OrderRule:
    """One thing that a form asks of an order."""

    name: str
    broken_by: Callable[[OwedOrder, PointOfSale], Found | None]


def broken(
    rules: tuple[OrderRule, ...], order: OwedOrder, point_of_sale: PointOfSale
) -> Refusal | None:
    """The first rule of a form that an order breaks; None when the form can carry it."""
    for rule in rules:
        if found := rule.broken_by(order, point_of_sale):
            return Refusal(rule.name, found.field, found.value[:100])
    return None


def broken_by_behaviour(owed: OwedBehaviour, point_of_sale: PointOfSale) -> Refusal | None:
    """The rule of extension data that an event breaks; data model 2.0 leaves such data out."""
    if point_of_sale.data_model is DataModel.V2_0:
        return None
    if found := _too_many(owed.attributes, ""):
        return Refusal("attributes_too_many", found.field, found.value)
    if found := _mistyped(owed.attributes, "", point_of_sale):
        return Refusal("attribute_type", found.field, found.value)
    return None


def _model(_: OwedOrder, shop: PointOfSale) -> Found | None:
    return Found("pointOfSale", "data model 2.0") if shop.data_model is DataModel.V2_0 else None


def _single_status(order: OwedOrder, shop: PointOfSale) -> Found | None:
    listed = normalise.order_status(order.status, shop) in SINGLE_STATUSES
    return None if listed else Found("status", order.status)


def _cart_status(order: OwedOrder, shop: PointOfSale) -> Found | None:
    listed = normalise.order_status(order.status, shop) in CART_STATUSES
    return None if listed else Found("status", order.status)


def _payment_type(order: OwedOrder, shop: PointOfSale) -> Found | None:
    return None if pay_type(order, shop) else Found("payment.type", "nothing")


def _card_type(order: OwedOrder, shop: PointOfSale) -> Found | None:
    brand = order.payment and order.payment.card_type
    return (
        Found("payment.cardType", "nothing")
        if is_card(pay_type(order, shop)) and not brand
        else None
    )


def _unsupported_type(order: OwedOrder, _: PointOfSale) -> Found | None:
    types = (line.type for line in order.lines if line.type.upper() in UNSUPPORTED_TYPES)
    return next((Found("lines.type", kind) for kind in types), None)


def _undeclared_type(order: OwedOrder, shop: PointOfSale) -> Found | None:
    if shop.item_types is None:
        return None
    types = (line.type for line in order.lines if line.type.upper() not in shop.item_types)
    return next((Found("lines.type", kind) for kind in types), None)


def _organization_price(order: OwedOrder, shop: PointOfSale) -> Found | None:
    prices = (line for line in order.lines if item_price(line, shop) is None)
    found = (Found("lines.organizationUnitPrice", line.unit_price.currency) for line in prices)
    return next(found, None)


def _attributes(order: OwedOrder) -> Iterator[tuple[str, Attributes]]:
    yield "", order.attributes
    for line in order.lines:
        yield "lines.", line.attributes


def _attributes_too_many(order: OwedOrder, _: PointOfSale) -> Found | None:
    found = (_too_many(attributes, where) for where, attributes in _attributes(order))
    return next(filter(None, found), None)


def _attribute_type(order: OwedOrder, shop: PointOfSale) -> Found | None:
    found = (_mistyped(attributes, where, shop) for where, attributes in _attributes(order))
    return next(filter(None, found), None)


def _attribute_name(order: OwedOrder, _: PointOfSale) -> Found | None:
    names = (
        Found(f"{where}attributes", name)
        for where, attributes in _attributes(order)
        for name in attributes
        if normalise.attribute_name(name) in _OWN_NAMES
    )
    return next(names, None)


def _too_many(attributes: Attributes, where: str) -> Found | None:
    many = len(attributes) > normalise.ATTRIBUTES_MAX
    return Found(f"{where}attributes", str(len(attributes))) if many else None


def _mistyped(attributes: Attributes, where: str, shop: PointOfSale) -> Found | None:
    types = shop.attribute_types
    for given, value in attributes.items():
        wanted = types.get(normalise.attribute_name(given)) if types else None
        if normalise.typed(value, wanted) is None:
            return Found(f"{where}attributes.{given}", type(value).__name__)
    return None


def _lines(order: OwedOrder, _: PointOfSale) -> Found | None:
    return None if order.lines else Found("lines", "nothing")


def _repeated_item(order: OwedOrder, _: PointOfSale) -> Found | None:
    items = [line.item_id for line in order.lines]
    return next((Found("lines.itemId", i) for i in items if items.count(i) > 1), None)


def _text(order: OwedOrder, _: PointOfSale) -> Found | None:
    names = ("itemId", "productId", "type", "name")
    said = ((line.item_id, line.product_id, line.type, line.name) for line in order.lines)
    missing = (name for texts in said for name, text in zip(names, texts, strict=True) if not text)
    return next((Found(f"lines.{name}", "empty") for name in missing), None)


def _flight(order: OwedOrder, _: PointOfSale) -> Found | None:
    lacks = next(filter(None, map(flights.missing, order.lines)), None)
    return lacks and Found(f"lines.attributes.{lacks.attribute}", lacks.found)


def _owner(order: OwedOrder, shop: PointOfSale) -> Found | None:
    if shop.data_model is not DataModel.V2_0:
        return None
    contact = order.identity.contact
    named = contact.title and contact.first_name and contact.last_name
    return None if named and shop.personal_fields else Found("contact", "no title or name")


SINGLE_RULES: tuple[OrderRule, ...] = (
    OrderRule("data_model", _model),
    OrderRule("order_status", _single_status),
    OrderRule("payment_type_missing", _payment_type),
    OrderRule("card_type_missing", _card_type),
    OrderRule("item_type_unsupported", _unsupported_type),
    OrderRule("item_type_undeclared", _undeclared_type),
    OrderRule("organization_price_missing", _organization_price),
    OrderRule("attributes_too_many", _attributes_too_many),
    OrderRule("attribute_type", _attribute_type),
    OrderRule("attribute_name", _attribute_name),
)
"""What ORDER_CHECKOUT asks of an order."""

CART_RULES: tuple[OrderRule, ...] = (
    OrderRule("lines_missing", _lines),
    OrderRule("order_status", _cart_status),
    # An ADD replaces the line of its item: of two such lines one would be lost.
    OrderRule("item_repeated", _repeated_item),
    # An ADD without one of them is accepted, and makes the CHECKOUT fail.
    OrderRule("missing_text", _text),
    OrderRule("flight_incomplete", _flight),
    # Data model 2.0 has no order without an owner, who has a title and a name.
    OrderRule("contact_incomplete", _owner),
)
"""What CONFIRM and CHECKOUT ask of an order."""
