"""Carts' lines and orders, as Sitecore would show them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Literal, TypeAlias

from pipeline.record import Instant
from pipeline.sandbox.rules.extensions import extension_of
from pipeline.sandbox.rules.fields import JsonObject, entries, is_currency, is_number, is_text

if TYPE_CHECKING:
    from pipeline.sandbox.guests import Guest

OrderForm: TypeAlias = Literal["cart", "single"]

ITEMS_KEPT = 100
"""Items of one order that stay available to segmentation and export."""


@dataclass(frozen=True, slots=True)
class Item:
    """A line of a cart, or an item of an order. What was left out is None."""

    item_id: str | None
    product_id: str | None
    type: str | None
    name: str | None
    reference_id: str | None
    quantity: int | float | None
    price: Decimal | None
    currency: str | None
    ordered_at: str | None
    status: str | None = None
    extension: JsonObject = field(default_factory=dict)

    @property
    def amount(self) -> Decimal:
        """Quantity times unit price of a cart's line; an invalid currency makes it zero.

        Of an item of ORDER_CHECKOUT it would be a guess: whether its price is for one piece or
        for all is not documented.
        """
        if self.price is None or self.quantity is None or not is_currency(self.currency):
            return Decimal()
        return self.price * Decimal(str(self.quantity))


@dataclass(slots=True)
class Order:
    """An order that Sitecore shows."""

    ref: str
    reference_id: str
    guest: Guest
    browser_id: str
    channel: str
    point_of_sale: str
    session_ref: str
    form: OrderForm
    status: str
    total: Decimal
    currency: str | None
    items: tuple[Item, ...]
    ordered_at: str | None
    arrived_at: Instant
    payment_type: str | None = None
    card_type: str | None = None
    extension: JsonObject = field(default_factory=dict)
    duplicate: bool = False
    """Whether an earlier order has the same reference: the API does not tell them apart."""
    flags: list[str] = field(default_factory=list)
    """What is odd about an order that is shown all the same."""


def cart_line(product: JsonObject) -> Item:
    """Read the product of an ADD that passed its checks."""
    return Item(
        item_id=_text(product, "item_id"),
        product_id=_text(product, "productId"),
        type=_text(product, "type"),
        name=_text(product, "name"),
        reference_id=_text(product, "referenceId"),
        quantity=_number(product, "quantity"),
        price=_decimal(product, "price"),
        currency=_text(product, "currency"),
        ordered_at=_text(product, "orderedAt"),
    )


def order_items(order: JsonObject) -> tuple[Item, ...]:
    """Read the items of an ORDER_CHECKOUT that passed its checks."""
    return tuple(_order_item(item) for item in entries(order, "orderItems"))


def _order_item(item: JsonObject) -> Item:
    return Item(
        item_id=None,
        product_id=_text(item, "productId"),
        type=_text(item, "type"),
        name=_text(item, "name"),
        reference_id=_text(item, "referenceId"),
        quantity=_number(item, "quantity"),
        price=_decimal(item, "price"),
        currency=_text(item, "currencyCode"),
        ordered_at=_text(item, "orderedAt"),
        status=_text(item, "status"),
        extension=extension_of(item),
    )


def flags_of(order: Order) -> list[str]:
    """Say what is odd about an order that is shown all the same."""
    currencies = {item.currency for item in order.items} if order.form == "cart" else set()
    odd = {
        "reference_not_upper_case": order.reference_id != order.reference_id.upper(),
        "more_than_100_items": len(order.items) > ITEMS_KEPT,
        "amount_is_zero": not order.total,
        "invalid_currency": any(not is_currency(currency) for currency in currencies),
        "several_currencies": len(currencies) > 1,
    }
    return [flag for flag, holds in odd.items() if holds]


def iso(instant: Instant) -> str:
    """Write an instant as Sitecore's examples do: UTC with milliseconds."""
    moment = datetime.fromtimestamp(instant // 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{instant % 1000:03}Z"


def _text(of: JsonObject, name: str) -> str | None:
    value = of.get(name)
    return value if is_text(value) else None


def _number(of: JsonObject, name: str) -> int | float | None:
    value = of.get(name)
    return value if is_number(value) else None


def _decimal(of: JsonObject, name: str) -> Decimal | None:
    value = of.get(name)
    return Decimal(str(value)) if is_number(value) else None
