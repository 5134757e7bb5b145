"""Small shop days for properties, and a second opinion of what they must come to."""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TypeAlias

from hypothesis import strategies as st

from pipeline.commerce.events import (
    CartCleared,
    CartEvent,
    CommerceEvent,
    GuestIdentified,
    LineAdded,
    LineChanged,
    LineRemoved,
    Money,
    OrderPlaced,
    PaymentReceived,
)
from pipeline.sitecore.owed import OwedCart, OwedOrder, OwedPayment
from tests.unit.orders.story import (
    CARD,
    PAYPAL,
    Story,
    added,
    changed,
    cleared,
    identified,
    in_cart,
    line,
    paid,
    placed,
    removed,
    viewed,
)

Cart: TypeAlias = dict[str, int]
Bought: TypeAlias = dict[str, tuple[Cart, str]]
"""Of each order what was bought, and how it was paid."""

PRICES = {"shoes": 1, "coat": 10, "socks": 100}
"""With at most three pieces of each, a total tells what is in the cart."""

_CART_EVENTS = (LineAdded, LineChanged, LineRemoved, CartCleared)

_items = st.sampled_from(sorted(PRICES))
_seconds = st.integers(0, 20)
_quantities = st.integers(1, 3)


def _priced(event: LineAdded | LineChanged) -> LineAdded | LineChanged:
    item = event.line
    return replace(event, line=line(item.item_id, item.quantity, str(PRICES[item.item_id])))


_changes: st.SearchStrategy[CartEvent] = st.one_of(
    st.builds(added, _seconds, _items, _quantities).map(_priced),
    st.builds(changed, _seconds, _items, st.integers(0, 3)).map(_priced),
    st.builds(removed, _seconds, _items),
    st.builds(cleared, _seconds),
)


@dataclass(frozen=True)
class Day:
    """What a guest does, in the order in which it happened."""

    changes: tuple[CartEvent, ...]
    orders: tuple[OrderPlaced, ...]
    payments: tuple[PaymentReceived, ...]
    identities: tuple[GuestIdentified, ...]

    @property
    def events(self) -> list[CommerceEvent]:
        """Everything that is said, and a page view."""
        return [*self.changes, *self.orders, *self.payments, *self.identities, viewed(5)]

    def cart_at(self, order: OrderPlaced | None) -> Cart:
        """What the cart held when an order was placed, or in the end."""
        moments: list[CartEvent | OrderPlaced] = [*self.changes, *self.orders]
        moments.sort(key=_moment)
        cart: Cart = {}
        for event in moments:
            if order is not None and _moment(event) >= _moment(order):
                break
            _change(cart, event)
        return cart

    def bought(self) -> Bought:
        """What each order comes to, if the guest is known."""
        paid_later = {event.order_id: event.payment.type for event in self.payments}
        return {
            order.order_id: (
                dict(in_cart(order.lines)) or self.cart_at(order),
                order.payment.type if order.payment else paid_later.get(order.order_id, ""),
            )
            for order in self.orders
        }


@st.composite
def days(draw: st.DrawFn, *, known: bool = True) -> Day:
    """A day of one guest; *known*: somebody says who it is."""
    changes = tuple(draw(st.lists(_changes, max_size=8, unique_by=lambda each: each.event_id)))
    number = draw(st.integers(0, 3))
    orders = [draw(_orders(f"o{index}")) for index in range(number)]
    day = Day(changes, tuple(orders), (), ())
    unpaid = [order.order_id for order in orders if order.payment is None]
    payments = [paid(30, order_id, PAYPAL) for order_id in unpaid if draw(st.booleans())]
    logins = draw(st.lists(_seconds, min_size=1, max_size=2, unique=True)) if known else []
    return replace(
        day,
        orders=tuple(_with_total(day, order) for order in orders),
        payments=tuple(payments),
        identities=tuple(identified(second) for second in logins),
    )


@st.composite
def arrivals(draw: st.DrawFn, day: Day) -> list[CommerceEvent]:
    """A day's events in any order, some of them twice."""
    repeated = draw(st.lists(st.sampled_from(day.events), max_size=4))
    return draw(st.permutations([*day.events, *repeated]))


@st.composite
def _orders(draw: st.DrawFn, order_id: str) -> OrderPlaced:
    items = draw(st.lists(_items, max_size=2, unique=True))
    lines = [line(item, draw(_quantities), str(PRICES[item])) for item in items]
    payment = CARD if draw(st.booleans()) else None
    return placed(draw(_seconds), order_id, *lines, payment=payment)


def _with_total(day: Day, order: OrderPlaced) -> OrderPlaced:
    if order.lines:
        return order
    cost = sum(PRICES[item] * quantity for item, quantity in day.cart_at(order).items())
    return replace(order, total=Money(Decimal(cost), "EUR"))


def heard(events: list[CommerceEvent]) -> Story:
    """Read these within the shortest wait, then let every wait end."""
    story = Story()
    for index, event in enumerate(events):
        story.hears(event, second=100 + index)
    return story.waits_until(10_000)


def told_to_sitecore(story: Story) -> Cart:
    """The cart that Sitecore would hold after all that was owed."""
    cart: Cart = {}
    for owed in story.owed:
        if isinstance(owed, OwedCart):
            cart = dict(in_cart(owed.lines))
        elif isinstance(owed, OwedOrder):
            cart = {}
    return cart


def bought(story: Story) -> Bought:
    """What the orders that were owed come to, with payments owed alone."""
    later = {
        owed.order_id: owed.payment.type for owed in story.owed if isinstance(owed, OwedPayment)
    }
    return {
        order.order_id: (
            dict(in_cart(order.lines)),
            order.payment.type if order.payment else later.get(order.order_id, ""),
        )
        for order in story.orders
    }


def _moment(event: CartEvent | OrderPlaced) -> tuple[int, bool, str]:
    return (event.occurred_at, isinstance(event, OrderPlaced), event.event_id)


def _change(cart: Cart, event: CartEvent | OrderPlaced) -> None:
    match event:
        case LineAdded(line=item) | LineChanged(line=item) if item.quantity:
            cart[item.item_id] = item.quantity
        case LineAdded(line=item) | LineChanged(line=item):
            cart.pop(item.item_id, None)
        case LineRemoved(item_id=item_id):
            cart.pop(item_id, None)
        case _:
            cart.clear()
