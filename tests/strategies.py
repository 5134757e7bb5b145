"""Small worlds of guests, events and what is owed, for properties of any part."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from pipeline.commerce import events as commerce
from pipeline.commerce.events import (
    BrowserId,
    CommerceEvent,
    Contact,
    EventId,
    Identifier,
    ItemId,
    Line,
    Money,
    OrderId,
    Payment,
)
from pipeline.record import GuestId, Instant, Position
from pipeline.sitecore import owed as stream
from pipeline.sitecore.owed import Cause, Context, DeliveryId, Identity, Owed

NOW = Instant(1_767_225_600_000)
"""2026-01-01T00:00:00Z: every instant here lies within an hour of it."""

Drawn = st.SearchStrategy

uuids: Drawn[str] = st.integers(0, 2**128 - 1).map(lambda number: str(UUID(int=number)))
event_ids: Drawn[EventId] = uuids.map(EventId)
browser_ids: Drawn[BrowserId] = st.sampled_from(
    [BrowserId(str(UUID(int=number, version=4))) for number in (1, 2, 3)]
)
guest_ids: Drawn[GuestId] = st.sampled_from(["ann", "bo", "çelik"]).map(GuestId)
item_ids: Drawn[ItemId] = st.sampled_from(["shoes-1", "coat-2", "socks-3"]).map(ItemId)
order_ids: Drawn[OrderId] = st.sampled_from(["1001", "1002", "a-3"]).map(OrderId)
currencies: Drawn[str] = st.sampled_from(["EUR", "USD"])
instants: Drawn[Instant] = st.integers(-3600, 3600).map(lambda by: Instant(NOW + by * 1000))
words: Drawn[str] = st.text(min_size=1, max_size=12)
"""Any text that UTF-8 can say."""
amounts: Drawn[Decimal] = st.one_of(
    st.sampled_from([Decimal("10.000000"), Decimal("89.900000"), Decimal("-45.000000")]),
    st.decimals(min_value=-(10**17), max_value=10**17, places=6),
)
attributes: Drawn[dict[str, str | bool | int | float]] = st.dictionaries(
    st.sampled_from(["color", "size", "gift", "weight"]),
    st.one_of(
        words,
        st.booleans(),
        st.integers(-(2**63), 2**63 - 1),
        st.floats(allow_nan=False, allow_infinity=False),
    ),
    max_size=3,
)

money: Drawn[Money] = st.builds(Money, amounts, currencies)
lines: Drawn[Line] = st.builds(
    Line,
    item_ids,
    st.sampled_from(["SHOES", "COAT"]),
    st.sampled_from(["FASHION", "OTHER"]),
    words,
    st.integers(0, 5),
    money,
    st.none() | money,
    attributes,
)
identifiers: Drawn[Identifier] = st.builds(
    Identifier, st.sampled_from(["email", "crm"]), words, st.none() | instants
)
payments: Drawn[Payment] = st.builds(
    Payment, st.sampled_from(["Card", "Paypal"]), st.none() | st.just("Visa")
)
contacts: Drawn[Contact] = st.builds(
    Contact,
    title=st.none() | words,
    first_name=st.none() | words,
    last_name=st.none() | words,
    gender=st.none() | st.sampled_from(["female", "male"]),
    date_of_birth=st.none() | st.dates().map(str),
    email=st.none() | st.just("ann@example.com"),
    mobile=st.none() | words,
    phone=st.none() | words,
    street=st.lists(words, max_size=2).map(tuple),
    city=st.none() | words,
    state=st.none() | words,
    country=st.none() | st.just("DE"),
    postal_code=st.none() | words,
)


def _tuples(of: Drawn[Any]) -> Drawn[tuple[Any, ...]]:
    return st.lists(of, max_size=3).map(tuple)


def _event(kind: Callable[..., CommerceEvent], **own: Drawn[Any]) -> Drawn[CommerceEvent]:
    first: dict[str, Drawn[Any]] = {
        "event_id": event_ids,
        "occurred_at": instants,
        "guest_id": guest_ids,
        "browser_id": st.none() | browser_ids,
        "channel": st.sampled_from(["WEB", "CALL_CENTER"]),
        "point_of_sale": st.sampled_from(["shop", "shop/ireland"]),
        "language": st.none() | st.sampled_from(["EN", "DE"]),
        "currency": currencies,
        "page": st.none() | st.just("cart"),
        "attributes": attributes,
    }
    return st.builds(kind, **{**first, **own})


_ordered = {"order_id": order_ids, "ordered_at": instants}
_bought = {
    "status": st.sampled_from(["PURCHASED", "PAYMENT_PENDING"]),
    "total": money,
    "lines": _tuples(lines),
}

guests_identified = _event(
    commerce.GuestIdentified, identifiers=_tuples(identifiers), contact=contacts
)
cart_events = st.one_of(
    _event(commerce.LineAdded, line=lines),
    _event(commerce.LineChanged, line=lines),
    _event(commerce.LineRemoved, item_id=item_ids),
    _event(commerce.CartCleared),
)
orders_placed = _event(commerce.OrderPlaced, **_ordered, **_bought, payment=st.none() | payments)
payments_received = _event(commerce.PaymentReceived, order_id=order_ids, payment=payments)
after_orders = st.one_of(
    _event(commerce.OrderCancelled, **_ordered),
    _event(commerce.OrderRefunded, **_ordered, amount=money),
    _event(commerce.OrderChanged, **_ordered, **_bought),
)
behaviours = st.one_of(
    _event(commerce.PageViewed),
    _event(commerce.ProductsSearched, product_name=words, product_type=words),
    _event(commerce.CustomEventRaised, name=words),
)
guests_erased = _event(commerce.GuestErased)
commerce_events: Drawn[CommerceEvent] = st.one_of(
    guests_identified,
    cart_events,
    orders_placed,
    payments_received,
    after_orders,
    behaviours,
    guests_erased,
)
"""Every kind of event."""

contexts: Drawn[Context] = st.builds(
    Context,
    st.none() | browser_ids,
    st.sampled_from(["WEB", "CALL_CENTER"]),
    st.sampled_from(["shop", "shop/ireland"]),
    st.none() | st.sampled_from(["EN", "DE"]),
    currencies,
    st.none() | st.just("cart"),
)
positions: Drawn[Position] = st.builds(
    Position, st.just("commerce-events"), st.integers(0, 3), st.integers(0, 2**40)
)
causes: Drawn[Cause] = st.one_of(
    st.builds(Cause, event_ids, st.none(), positions.map(lambda at: (at,)), instants),
    st.builds(
        Cause,
        st.none(),
        st.sampled_from(["payment_wait", "lines_wait"]),
        _tuples(positions),
        instants,
    ),
)
identities: Drawn[Identity] = st.builds(Identity, _tuples(identifiers), contacts)


def _owed(kind: Callable[..., Owed], **own: Drawn[Any]) -> Drawn[Owed]:
    first: dict[str, Drawn[Any]] = {
        "delivery_id": uuids.map(DeliveryId),
        "guest_id": guest_ids,
        "sequence": st.integers(0, 50).map(lambda by: NOW + by),
        "occurred_at": instants,
        "context": contexts,
        "cause": causes,
    }
    return st.builds(kind, **{**first, **own})


owed_identities = _owed(stream.OwedIdentity, identity=identities)
owed_carts = _owed(stream.OwedCart, lines=_tuples(lines))
owed_orders = _owed(
    stream.OwedOrder,
    **_ordered,
    **_bought,
    payment=st.none() | payments,
    identity=identities,
    attributes=attributes,
)
owed_payments = _owed(stream.OwedPayment, order_id=order_ids, payment=payments)
owed_behaviours = _owed(
    stream.OwedBehaviour,
    type=st.sampled_from(["VIEW", "SEARCH", "WISH"]),
    product_name=st.none() | words,
    product_type=st.none() | words,
    attributes=attributes,
)
owed_erasures = _owed(stream.OwedErasure)
owed: Drawn[Owed] = st.one_of(
    owed_identities, owed_carts, owed_orders, owed_payments, owed_behaviours, owed_erasures
)
"""Every kind of what is owed."""
