"""What no form of a point of sale's protocol can carry, by kind of event.

Each rule has a fixed name. Sitecore answers 201 to most of what is refused here
and never shows it, so it must not leave.
"""

from typing import assert_never

from pipeline.commerce.events import (
    AfterOrder,
    Behaviour,
    CartCleared,
    CartEvent,
    Contact,
    CustomEventRaised,
    Event,
    GuestIdentified,
    Line,
    LineAdded,
    LineChanged,
    LineRemoved,
    OrderCancelled,
    OrderChanged,
    OrderPlaced,
    OrderRefunded,
    PaymentReceived,
    ProductsSearched,
)
from pipeline.orders.bounds import AHEAD_MAX_S, ID_CHARACTERS_MAX, IDENTITY_BYTES_MAX
from pipeline.orders.currencies import is_currency
from pipeline.orders.line_rules import (
    refuse,
    refuse_attributes,
    refuse_cart_line,
    refuse_line,
    refuse_money,
    refuse_order_lines,
)
from pipeline.orders.policy import OrderPolicy
from pipeline.record import DAY_S, Instant, seconds_between
from pipeline.refusal import Refusal
from pipeline.sitecore import flights, normalise
from pipeline.sitecore.point_of_sale import CHANNELS, DataModel, PointOfSale, Protocol

_SINGLE_FORM_STATUSES = frozenset(("PURCHASED", "PAYMENT_PENDING"))
_CART_FORM_STATUSES = _SINGLE_FORM_STATUSES | {"CONFIRMED", "CANCELLED", "REFUNDED"}

# fmt: off
RESERVED_NAMES = frozenset((
    "ADD", "ADD_CONSUMERS", "ADD_CONTACTS", "ADD_PRODUCT", "CALCULATOR", "CAMPAIGN_TRACKING",
    "CHAT", "CHECKOUT", "CLEAR_CART", "CLICK", "COMMENT", "CONFIRM", "CONSUMERS",
    "CONTACT_REQUEST", "EMAIL", "FEEDBACK", "FORCE_CLOSE", "IDENTITY", "INTERACTION", "LOGIN",
    "NOTIFICATION", "ORDER_CHECKOUT", "ORDER_UPDATE", "PAYMENT", "PNR_RECORD", "PURCHASE",
    "SEARCH", "SELECT", "SMS", "SUBSCRIPTION", "TRACKING", "TRIGGER", "TRIP_SUMMARY", "UPDATE",
    "VIEW",
))
# fmt: on
"""Event types that Sitecore keeps for itself, in any data model or library."""
_MISSPELT = {"IDENTIFY": "IDENTITY"}
"""Seen in published samples: a custom event of that name would identify nobody."""


def refuse_circumstances(event: Event, now: Instant, policy: OrderPolicy) -> Refusal | None:
    """Refuse what every event says first; *now* is the record's timestamp."""
    pos = policy.points_of_sale.get(event.point_of_sale)
    if pos is None:
        return refuse("unknown_point_of_sale", "pointOfSale", event.point_of_sale)
    channel = event.channel
    if channel not in CHANNELS and channel.upper() not in CHANNELS:
        return refuse("unknown_channel", "channel", channel)
    if not is_currency(event.currency):
        return refuse("invalid_currency", "currency", event.currency)
    if pos.is_choosy and (refusal := _refuse_elsewhere(event, pos)) is not None:
        return refusal
    if (
        event.occurred_at > now
        and (ahead_s := seconds_between(now, event.occurred_at)) > AHEAD_MAX_S
    ):
        return refuse("occurred_in_future", "occurredAt", f"{ahead_s:.0f} s ahead of its record")
    return None


def _refuse_elsewhere(event: Event, pos: PointOfSale) -> Refusal | None:
    """Refuse what its point of sale does not have, though others may."""
    if pos.channels is not None and event.channel.upper() not in pos.channels:
        return refuse("channel_not_allowed", "channel", event.channel)
    if pos.currencies is not None and event.currency.upper() not in pos.currencies:
        return refuse("currency_not_allowed", "currency", event.currency)
    language = event.language
    if pos.languages is None or language is None:
        return None
    if normalise.language(language) in pos.languages:
        return None
    return refuse("language_not_allowed", "language", language)


def refuse_cart_event(event: CartEvent, pos: PointOfSale) -> Refusal | None:
    """Refuse a change of the cart that would not be one."""
    match event:
        case LineAdded(line=line) | LineChanged(line=line):
            return _refuse_changed_line(line, pos)
        case LineRemoved(item_id=item_id):
            return _refuse_empty(item_id, "itemId")
        case CartCleared():
            return None
        case _:
            assert_never(event)


def refuse_order(
    event: OrderPlaced, pos: PointOfSale, now: Instant, policy: OrderPolicy
) -> Refusal | None:
    """Refuse an order, but for lines that it has yet to get from the cart."""
    refusal = (
        _refuse_order_id(event.order_id)
        or _refuse_ordered_at(event.ordered_at, now, policy)
        or _refuse_status(event.status, pos)
        or refuse_money(event.total, "total")
        or refuse_attributes(event.attributes, "attributes", pos)
    )
    if refusal is None and event.payment is not None:
        refusal = _refuse_empty(event.payment.type, "payment.type")
    if refusal is None and event.lines:
        refusal = refuse_order_lines(event.lines, pos)
    return refusal


def refuse_payment(event: PaymentReceived) -> Refusal | None:
    """Refuse a payment of nothing, or by nothing."""
    return _refuse_order_id(event.order_id) or _refuse_empty(event.payment.type, "payment.type")


def refuse_identity(event: GuestIdentified, pos: PointOfSale, size: int) -> Refusal | None:
    """Refuse an identity by which no rule of the tenant can know the guest.

    Data model 2.1 documents identifiers as the only way to be identified; a
    tenant of 2.0 may identify by contact data.
    """
    if size > IDENTITY_BYTES_MAX:
        return refuse("identity_too_large", "", f"{size} bytes")
    by_contact = pos.data_model is DataModel.V2_0 and event.contact != Contact()
    if not event.identifiers and not by_contact:
        return refuse("identifiers_missing", "identifiers", "empty")
    for index, identifier in enumerate(event.identifiers):
        field = f"identifiers.{index}"
        refusal = _refuse_empty(identifier.id, f"{field}.id") or _refuse_provider(
            identifier.provider, f"{field}.provider", pos
        )
        if refusal is not None:
            return refusal
    return None


def refuse_behaviour(event: Behaviour, pos: PointOfSale) -> Refusal | None:
    """Refuse behaviour that Sitecore would take for something else, or not at all."""
    refusal = refuse_attributes(event.attributes, "attributes", pos)
    if refusal is None and isinstance(event, CustomEventRaised):
        refusal = _refuse_name(event.name)
    if refusal is None and isinstance(event, ProductsSearched):
        refusal = (
            _refuse_empty(event.product_name, "productName")
            or _refuse_empty(event.product_type, "productType")
            or _refuse_flights(event.product_type)
        )
    return refusal


def refuse_after_order(event: AfterOrder) -> Refusal:
    """Refuse what happens to an order later: the Stream API creates orders and no more."""
    match event:
        case OrderCancelled():
            rule = "order_cancelled"
        case OrderRefunded():
            rule = "order_refunded"
        case OrderChanged():
            rule = "order_changed"
        case _:
            assert_never(event)
    return refuse(
        rule, "", "the Stream API only creates orders: update it by the REST or Batch API"
    )


def _refuse_changed_line(line: Line, pos: PointOfSale) -> Refusal | None:
    if line.quantity < 0:
        return refuse("invalid_quantity", "line.quantity", line.quantity)
    refusal = _refuse_empty(line.item_id, "line.itemId") or refuse_line(line, "line", pos)
    if refusal is None and pos.protocol is not Protocol.SINGLE:
        refusal = refuse_cart_line(line, "line")
    return refusal


def _refuse_order_id(order_id: str) -> Refusal | None:
    if len(order_id) > ID_CHARACTERS_MAX:
        return refuse("id_too_long", "orderId", f"{len(order_id)} characters")
    return _refuse_empty(order_id, "orderId")


def _refuse_ordered_at(ordered_at: Instant, now: Instant, policy: OrderPolicy) -> Refusal | None:
    age_s = seconds_between(ordered_at, now)
    if age_s > policy.order_age_max_days * DAY_S:
        return refuse(
            "historic_order", "orderedAt", f"{age_s / DAY_S:.1f} days old: use the Batch API"
        )
    if age_s < -AHEAD_MAX_S:
        return refuse("ordered_in_future", "orderedAt", f"{-age_s:.0f} s ahead of its record")
    return None


def _refuse_status(status: str, pos: PointOfSale) -> Refusal | None:
    single = pos.protocol is Protocol.SINGLE
    known = _SINGLE_FORM_STATUSES if single else _CART_FORM_STATUSES
    if normalise.order_status(status, pos) in known:
        return None
    return refuse("unknown_status", "status", status)


def _refuse_provider(provider: str, field: str, pos: PointOfSale) -> Refusal | None:
    known = pos.identity_providers
    if known is not None and provider not in known:
        return refuse("unknown_identity_provider", field, provider)
    return _refuse_empty(provider, field)


def _refuse_name(name: str) -> Refusal | None:
    upper = name.upper()
    if upper in RESERVED_NAMES or upper.startswith("SC_"):
        return refuse("reserved_name", "name", name)
    if upper in _MISSPELT:
        return refuse("misspelt_name", "name", f"{name}: the standard event is {_MISSPELT[upper]}")
    return _refuse_empty(name, "name")


def _refuse_flights(product_type: str) -> Refusal | None:
    # A SEARCH of this type needs airports, times and travellers, which no event of ours has.
    return (
        refuse("flight_search", "productType", product_type)
        if product_type.upper() == flights.FLIGHT
        else None
    )


def _refuse_empty(text: str, field: str) -> Refusal | None:
    return None if text else refuse("missing_text", field, "empty")
