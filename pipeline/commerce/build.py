"""Events from plain Avro values: one constructor an event, found by the event's name."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from pipeline.commerce import values
from pipeline.commerce.events import (
    CartCleared,
    CommerceEvent,
    Contact,
    CustomEventRaised,
    EventId,
    GuestErased,
    GuestIdentified,
    ItemId,
    LineAdded,
    LineChanged,
    LineRemoved,
    OrderCancelled,
    OrderChanged,
    OrderId,
    OrderPlaced,
    OrderRefunded,
    PageViewed,
    PaymentReceived,
    ProductsSearched,
)
from pipeline.commerce.values import Plain
from pipeline.record import GuestId

Build: TypeAlias = Callable[[Plain], CommerceEvent]
"""Makes an event of a record by Avro's names, or raises FieldError."""


def _first(plain: Plain) -> dict[str, Any]:
    return {
        "event_id": EventId(values.uuid("eventId", plain["eventId"]).lower()),
        "occurred_at": values.instant("occurredAt", plain["occurredAt"]),
        "guest_id": GuestId(values.said("guestId", plain["guestId"])),
        "browser_id": values.browser_id(plain["browserId"]),
        "channel": plain["channel"],
        "point_of_sale": plain["pointOfSale"],
        "language": plain["language"],
        "currency": values.currency(plain["currency"]),
        "page": plain["page"],
        "attributes": values.attributes(plain["attributes"]),
    }


def _order(plain: Plain) -> dict[str, Any]:
    return {
        **_first(plain),
        "order_id": OrderId(values.said("orderId", plain["orderId"])),
        "ordered_at": values.instant("orderedAt", plain["orderedAt"]),
    }


def _guest_identified(plain: Plain) -> GuestIdentified:
    contact = plain["contact"]
    return GuestIdentified(
        **_first(plain),
        identifiers=values.each("identifiers", values.identifier, plain["identifiers"]),
        contact=Contact() if contact is None else values.within("contact", values.contact, contact),
    )


def _line_added(plain: Plain) -> LineAdded:
    return LineAdded(**_first(plain), line=values.within("line", values.line, plain["line"]))


def _line_changed(plain: Plain) -> LineChanged:
    return LineChanged(**_first(plain), line=values.within("line", values.line, plain["line"]))


def _line_removed(plain: Plain) -> LineRemoved:
    return LineRemoved(**_first(plain), item_id=ItemId(values.said("itemId", plain["itemId"])))


def _order_placed(plain: Plain) -> OrderPlaced:
    payment = plain["payment"]
    return OrderPlaced(
        **_order(plain),
        status=plain["status"],
        total=values.within("total", values.money, plain["total"]),
        lines=values.each("lines", values.line, plain["lines"]),
        payment=None if payment is None else values.within("payment", values.payment, payment),
    )


def _payment_received(plain: Plain) -> PaymentReceived:
    return PaymentReceived(
        **_first(plain),
        order_id=OrderId(values.said("orderId", plain["orderId"])),
        payment=values.within("payment", values.payment, plain["payment"]),
    )


def _order_refunded(plain: Plain) -> OrderRefunded:
    return OrderRefunded(
        **_order(plain), amount=values.within("amount", values.money, plain["amount"])
    )


def _order_changed(plain: Plain) -> OrderChanged:
    return OrderChanged(
        **_order(plain),
        status=plain["status"],
        total=values.within("total", values.money, plain["total"]),
        lines=values.each("lines", values.line, plain["lines"]),
    )


def _products_searched(plain: Plain) -> ProductsSearched:
    return ProductsSearched(
        **_first(plain), product_name=plain["productName"], product_type=plain["productType"]
    )


BUILDERS: Mapping[str, Build] = {
    "GuestIdentified": _guest_identified,
    "LineAdded": _line_added,
    "LineChanged": _line_changed,
    "LineRemoved": _line_removed,
    "CartCleared": lambda plain: CartCleared(**_first(plain)),
    "OrderPlaced": _order_placed,
    "PaymentReceived": _payment_received,
    "OrderCancelled": lambda plain: OrderCancelled(**_order(plain)),
    "OrderRefunded": _order_refunded,
    "OrderChanged": _order_changed,
    "PageViewed": lambda plain: PageViewed(**_first(plain)),
    "ProductsSearched": _products_searched,
    "CustomEventRaised": lambda plain: CustomEventRaised(
        **_first(plain), name=values.said("name", plain["name"])
    ),
    "GuestErased": lambda plain: GuestErased(**_first(plain)),
}
"""By name of the event, for every event there is."""
