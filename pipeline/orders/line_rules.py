"""Rules of lines and money: what no form of a point of sale's protocol can carry.

Sitecore accepts such lines and never shows them, or shows an amount of zero.
Rules that bind one of two possible forms are not here: they choose the form.
"""

from collections.abc import Iterable
from math import isfinite

from pipeline.commerce.events import Attribute, Attributes, Line, Money
from pipeline.orders.bounds import ATTRIBUTES_MAX, LINES_MAX
from pipeline.orders.currencies import is_currency
from pipeline.refusal import Refusal
from pipeline.sitecore import flights
from pipeline.sitecore.normalise import attribute_name, typed
from pipeline.sitecore.point_of_sale import AttributeType, DataModel, PointOfSale, Protocol

_FOUND_MAX = 100
_DIGITS_MAX = 18


def refuse(rule: str, field: str, found: object) -> Refusal:
    """Name a refusal; *found* is cut, and must hold no contact data."""
    return Refusal(rule, field[:_FOUND_MAX], str(found)[:_FOUND_MAX])


def refuse_money(money: Money, *field: str) -> Refusal | None:
    """Refuse an amount that is no number, or a currency that Sitecore would read as zero."""
    if not is_currency(money.currency):
        return refuse("invalid_currency", ".".join((*field, "currency")), money.currency)
    amount = money.amount
    if not amount.is_finite() or (amount and amount.adjusted() >= _DIGITS_MAX):
        return refuse("invalid_amount", ".".join((*field, "amount")), amount)
    return None


def refuse_attributes(attributes: Attributes, field: str, pos: PointOfSale) -> Refusal | None:
    """Refuse extension data that goes under no name, or under one that has another type.

    Data model 2.0 has none: there it is left out, whatever it is.
    """
    if not attributes or pos.data_model is DataModel.V2_0:
        return None
    if len(attributes) > ATTRIBUTES_MAX:
        return refuse("too_many_attributes", field, len(attributes))
    sent = set[str]()
    for name, value in attributes.items():
        told = attribute_name(name)
        if not told or told in sent:
            found = f"{told} is there twice" if told else "begins with no letter"
            return refuse("attribute_name", f"{field}.{name}", found)
        sent.add(told)
        refusal = _refuse_value(value, pos.attribute_types.get(told), f"{field}.{name}")
        if refusal is not None:
            return refusal
    return None


def _refuse_value(value: Attribute, wanted: AttributeType | None, field: str) -> Refusal | None:
    if isinstance(value, float) and not isfinite(value):
        return refuse("invalid_attribute", field, value)
    if wanted is not None and typed(value, wanted) is None:
        return refuse("attribute_type", field, f"{type(value).__name__}, want {wanted}")
    return None


def refuse_line(line: Line, field: str, pos: PointOfSale) -> Refusal | None:
    """Refuse a line that neither a cart nor an order can carry."""
    refusal = refuse_money(line.unit_price, field, "unitPrice")
    if refusal is None and line.organization_unit_price is not None:
        refusal = refuse_money(line.organization_unit_price, field, "organizationUnitPrice")
    if refusal is None and line.attributes:
        refusal = refuse_attributes(line.attributes, f"{field}.attributes", pos)
    return refusal


def refuse_cart_line(line: Line, field: str) -> Refusal | None:
    """Refuse a line that a cart cannot carry.

    The Stream API documents item id, product id, type and name of an ADD as
    required; an order in one event may leave each of them out. A flight goes from
    somewhere to somewhere.
    """
    if not (line.item_id and line.product_id and line.type and line.name):
        return _refuse_texts(line, field)
    lacks = flights.missing(line)
    if lacks is None:
        return None
    return refuse("flight_incomplete", f"{field}.attributes.{lacks.attribute}", lacks.found)


def _refuse_texts(line: Line, field: str) -> Refusal | None:
    for value, name in (
        (line.item_id, "itemId"),
        (line.product_id, "productId"),
        (line.type, "type"),
        (line.name, "name"),
    ):
        if not value:
            return refuse("missing_text", f"{field}.{name}", "empty")
    return None


def refuse_order_lines(lines: tuple[Line, ...], pos: PointOfSale) -> Refusal | None:
    """Refuse the lines of an order, those of the event or those that the cart gave.

    Where the cart form is the only one, it names what is bought by item id: so it
    needs lines, and an id names one line.
    """
    cart_form = pos.protocol is Protocol.MULTIPLE
    if len(lines) > LINES_MAX:
        return refuse("too_many_lines", "lines", len(lines))
    for index, line in enumerate(lines):
        field = f"lines.{index}"
        refusal = refuse_line(line, field, pos) or _refuse_quantity(line, field)
        if refusal is None and cart_form:
            refusal = refuse_cart_line(line, field)
        if refusal is not None:
            return refusal
    return _refuse_as_cart(lines) if cart_form else None


def _refuse_quantity(line: Line, field: str) -> Refusal | None:
    return (
        refuse("invalid_quantity", f"{field}.quantity", line.quantity)
        if line.quantity < 1
        else None
    )


def _refuse_as_cart(lines: Iterable[Line]) -> Refusal | None:
    items = [line.item_id for line in lines]
    if not items:
        return refuse("lines_missing", "lines", "no line, in the order or in the cart")
    if len(set(items)) < len(items):
        return refuse("repeated_item", "lines", f"{len(items)} lines of {len(set(items))} items")
    return None
