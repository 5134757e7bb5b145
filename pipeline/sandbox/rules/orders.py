"""What ADD, CONFIRM, CHECKOUT, PAYMENT and ORDER_CHECKOUT must say."""

from pipeline.sandbox.rules.extensions import listed_extension
from pipeline.sandbox.rules.fields import (
    JsonObject,
    Violation,
    Violations,
    currency,
    entries,
    moment,
    number,
    objects,
    one_of,
    optional_texts,
    said,
    text,
    texts,
    upper_case,
)
from pipeline.sandbox.rules.vocabulary import (
    CHECKOUT_STATUSES,
    ORDER_STATUSES,
    UNSUPPORTED_ITEM_TYPES,
)

ITEM_NAME_MAX = 128


def add(message: JsonObject) -> Violations:
    """Check ADD: one product, complete, its numbers as numbers.

    An invalid currency is not listed: such a line exists and its amount shows as zero.
    """
    match message.get("product"):
        case dict() as product:
            yield from _product(product)
        case None:
            yield Violation("attribute_missing", "product")
        case other:
            yield Violation("product_not_an_object", "product", said(other))


def _product(product: JsonObject) -> Violations:
    within = "product."
    yield from texts(product, ("item_id", "name", "productId", "currency", "referenceId"), within)
    yield from upper_case(product, "type", within)
    yield from moment(product, "orderedAt", within)
    yield from number(product, "price", within)
    yield from _quantity(product, within)
    if "originalPrice" in product:
        yield from number(product, "originalPrice", within)
    if "originalCurrencyCode" in product:
        yield from currency(product, "originalCurrencyCode", within)
    if product.get("type") == "FLIGHT":
        yield from texts(product, ("origin", "destination"), within)


def _quantity(product: JsonObject, within: str) -> Violations:
    """Check the new absolute quantity; what zero or less would mean is not documented."""
    yield from number(product, "quantity", within)
    quantity = product.get("quantity")
    if not isinstance(quantity, int):
        yield Violation("quantity_not_an_integer", f"{within}quantity", said(quantity))
    elif quantity <= 0:
        yield Violation("quantity_not_positive", f"{within}quantity", said(quantity))


def confirm(message: JsonObject) -> Violations:
    """Check CONFIRM: an array, even of one."""
    yield from objects(message, "product")
    for index, product in enumerate(entries(message, "product")):
        yield from text(product, "item_id", f"product.{index}.")


def checkout(message: JsonObject) -> Violations:
    """Check CHECKOUT: order number and status."""
    yield from text(message, "reference_id")
    yield from one_of(message, "status", CHECKOUT_STATUSES)


def payment(message: JsonObject) -> Violations:
    """Check PAYMENT."""
    yield from text(message, "pay_type")


def order(message: JsonObject, item_types: frozenset[str] | None) -> Violations:
    """Check ORDER_CHECKOUT: the order, then each of its items."""
    match message.get("order"):
        case dict() as order:
            yield from _order(order)
            yield from _items(order, item_types)
        case None:
            yield Violation("attribute_missing", "order")
        case other:
            yield Violation("order_not_an_object", "order", said(other))


def _order(order: JsonObject) -> Violations:
    within = "order."
    yield from text(order, "referenceId", within)
    yield from moment(order, "orderedAt", within, utc=True)
    yield from one_of(order, "status", ORDER_STATUSES, within)
    yield from currency(order, "currencyCode", within)
    yield from number(order, "price", within)
    yield from text(order, "paymentType", within)
    if str(order.get("paymentType")).casefold() == "card":
        yield from text(order, "cardType", within)
    yield from optional_texts(order, ("cardType",), within)
    yield from listed_extension(order, within)


def _items(order: JsonObject, item_types: frozenset[str] | None) -> Violations:
    items = order.get("orderItems", [])
    if not isinstance(items, list):
        yield Violation("order_items_not_an_array", "order.orderItems", said(items))
        return
    for index, item in enumerate(items):
        within = f"order.orderItems.{index}."
        if not isinstance(item, dict):
            yield Violation("order_items_not_objects", within.rstrip("."), said(item))
            return
        yield from _item(item, within)
        yield from _item_type(item, item_types, within)
        yield from listed_extension(item, within)


def _item(item: JsonObject, within: str) -> Violations:
    """Check what an item says: it may leave out anything."""
    yield from optional_texts(item, ("referenceId", "productId", "name"), within)
    for name in ("price", "quantity"):
        if name in item:
            yield from number(item, name, within)
    if "orderedAt" in item:
        yield from moment(item, "orderedAt", within)
    if "status" in item:
        yield from one_of(item, "status", ORDER_STATUSES, within)
    if "currencyCode" in item:
        yield from currency(item, "currencyCode", within)
    if len(str(item.get("name", ""))) > ITEM_NAME_MAX:
        yield Violation("item_name_too_long", f"{within}name", str(len(str(item["name"]))))


def _item_type(item: JsonObject, declared: frozenset[str] | None, within: str) -> Violations:
    if "type" not in item:
        return
    yield from upper_case(item, "type", within)
    name = str(item["type"])
    if name in UNSUPPORTED_ITEM_TYPES:
        yield Violation("item_type_unsupported", f"{within}type", name)
    if declared is not None and name not in declared:
        yield Violation("item_type_undeclared", f"{within}type", said(name))
