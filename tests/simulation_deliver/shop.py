"""What is owed: records of a few guests, as the assembler would write them."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import Any, Final
from uuid import UUID

from pipeline.assemble.log import Input
from pipeline.commerce.events import (
    BrowserId,
    Contact,
    EventId,
    Identifier,
    ItemId,
    Line,
    Money,
    OrderId,
    Payment,
)
from pipeline.kafka.dead_letters import SEQUENCE
from pipeline.kafka.entries import Write
from pipeline.record import GuestId, Instant, Position
from pipeline.sitecore.codec import encode_owed
from pipeline.sitecore.owed import (
    Cause,
    Context,
    DeliveryId,
    Identity,
    Owed,
    OwedBehaviour,
    OwedCart,
    OwedErasure,
    OwedIdentity,
    OwedOrder,
    OwedPayment,
)
from tests.simulation.broker import Broker
from tests.simulation.transactions import Fate

STREAM: Final = "stream-events"
_ITEMS: Final = ("shoes", "coat", "socks")
_PAYMENTS: Final = (None, Payment("PayPal"), Payment("Card", "Visa"))


@dataclass(frozen=True, slots=True)
class Due:
    """One record of what is owed."""

    partition: int
    offset: int
    guest: GuestId
    owed: Owed | None
    """None: nobody can read it."""


@dataclass(slots=True)
class _Shopper:
    """One guest, as the shop sees it."""

    guest: GuestId
    browser_id: BrowserId | None
    channel: str
    shop: str
    sequence: int = 0
    cart: dict[str, int] = field(default_factory=dict)
    who: int = 0
    orders: list[OrderId] = field(default_factory=list)


class Shop:
    """Publishes what is owed, and remembers it."""

    def __init__(self, broker: Broker, rng: Random, *, guests: int) -> None:
        self._broker = broker
        self._rng = rng
        self._shoppers = [self._shopper(number) for number in range(guests)]
        self._drawn = 0
        self.dues: dict[str, Due] = {}
        """By delivery id."""
        self.at: dict[tuple[int, int], Due] = {}
        """By partition and offset; those of aborted transactions too."""
        self.carts: dict[GuestId, list[Due]] = defaultdict(list)
        """In their order."""
        self.erasures: dict[GuestId, list[Due]] = defaultdict(list)

    def publish(self, count: int) -> list[str]:
        """Write some records in one transaction, which may be aborted."""
        name = f"assemble-{self._drawn}"
        transactions = self._broker.transactions
        epoch = transactions.open(name)
        fate = Fate.COMMITTED if self._rng.random() < 0.85 else Fate.ABORTED
        told = [fate.value]
        for _ in range(count):
            due, write = self._next()
            if fate is Fate.COMMITTED:
                self._remember(due)
            transactions.write(name, epoch, write, lives_s=60.0)
            kind = type(due.owed).__name__ if due.owed else "junk"
            told.append(f"{due.partition}@{due.offset} {due.guest} {kind}")
        transactions.end(name, epoch, fate)
        return told

    def _remember(self, due: Due) -> None:
        self.at[due.partition, due.offset] = due
        if due.owed is not None:
            self.dues[due.owed.delivery_id] = due
        if isinstance(due.owed, OwedCart):
            self.carts[due.guest].append(due)
        if isinstance(due.owed, OwedErasure):
            self.erasures[due.guest].append(due)

    def _next(self) -> tuple[Due, Write]:
        shopper = self._rng.choice(self._shoppers)
        partition = int(shopper.guest[1:]) % len(self._broker.numbers)
        offset = self._broker.logs[Input(STREAM, partition)].end
        key = shopper.guest.encode()
        if self._rng.random() < 0.02:
            value = self._rng.choice((None, b"junk"))
            due = Due(partition, offset, shopper.guest, None)
            return due, Write(STREAM, partition, key, value)
        owed = self._owed(shopper)
        due = Due(partition, offset, shopper.guest, owed)
        headers = ((SEQUENCE, str(owed.sequence).encode()),)
        return due, Write(STREAM, partition, key, encode_owed(owed), headers)

    def _owed(self, shopper: _Shopper) -> Owed:
        ((_, make),) = self._rng.choices(_MAKERS, _WEIGHTS)
        return make(self, shopper)

    def _shopper(self, number: int) -> _Shopper:
        rng = self._rng
        browser = None if rng.random() < 0.2 else BrowserId(str(UUID(int=number + 1)))
        shop = rng.choice(("shop", "shop", "classic", "kiosk"))
        return _Shopper(GuestId(f"g{number}"), browser, "WEB", shop)

    def first(self, shopper: _Shopper) -> dict[str, Any]:
        """What everything owed says first."""
        rng = self._rng
        self._drawn += 1
        shopper.sequence += 1
        channel = "MOBILE_APP" if rng.random() < 0.1 else shopper.channel
        age_ms = rng.choice((0, 0, 0, 500, 4000))
        at = Instant(self._broker.now - age_ms)
        page = f"page{self._drawn}"
        return {
            "delivery_id": DeliveryId(str(UUID(int=self._drawn))),
            "guest_id": shopper.guest,
            "sequence": shopper.sequence,
            "occurred_at": at,
            "context": Context(shopper.browser_id, channel, shopper.shop, "EN", "EUR", page),
            "cause": Cause(EventId("e"), None, (Position("c", 0, 0),), at),
        }

    def behaviour(self, shopper: _Shopper) -> Owed:
        """A view."""
        return OwedBehaviour(
            type="VIEW", product_name=None, product_type=None, attributes={}, **self.first(shopper)
        )

    def identity(self, shopper: _Shopper) -> Owed:
        """Another one than before."""
        shopper.who += 1
        return OwedIdentity(identity=_who(shopper), **self.first(shopper))

    def cart(self, shopper: _Shopper) -> Owed:
        """The cart after one change."""
        item, quantity = self._rng.choice(_ITEMS), self._rng.choice((0, 1, 1, 2))
        shopper.cart[item] = quantity
        if quantity == 0:
            del shopper.cart[item]
        return OwedCart(lines=_lines(shopper.cart), **self.first(shopper))

    def order(self, shopper: _Shopper) -> Owed:
        """Of what is in the cart, or of something else."""
        lines = _lines(shopper.cart or {self._rng.choice(_ITEMS): 1})
        shopper.cart = {}
        first = self.first(shopper)
        shopper.orders.append(OrderId(f"o{self._drawn}"))
        total = sum((line.quantity * line.unit_price.amount for line in lines), Decimal(0))
        return OwedOrder(
            order_id=shopper.orders[-1],
            ordered_at=first["occurred_at"],
            status="PURCHASED",
            total=Money(total, "EUR"),
            lines=lines,
            payment=self._rng.choice(_PAYMENTS),
            identity=_who(shopper),
            attributes={},
            **first,
        )

    def payment(self, shopper: _Shopper) -> Owed:
        """Of an order, or of one that never was."""
        order_id = shopper.orders[-1] if shopper.orders else OrderId("none")
        return OwedPayment(order_id=order_id, payment=Payment("Voucher"), **self.first(shopper))

    def erasure(self, shopper: _Shopper) -> Owed:
        """Of the guest, who comes back all the same."""
        return OwedErasure(**self.first(shopper))


def _who(shopper: _Shopper) -> Identity:
    email = f"{shopper.guest}.{shopper.who}@example.com"
    return Identity((Identifier("CRM", str(shopper.guest)),), Contact(email=email))


def _lines(cart: dict[str, int]) -> tuple[Line, ...]:
    return tuple(
        Line(ItemId(item), item, "CLOTHES", item, quantity, Money(Decimal("10.00"), "EUR"))
        for item, quantity in sorted(cart.items())
    )


_MAKERS: tuple[tuple[float, Callable[[Shop, _Shopper], Owed]], ...] = (
    (8, Shop.behaviour),
    (2, Shop.identity),
    (5, Shop.cart),
    (3, Shop.order),
    (2, Shop.payment),
    (0.15, Shop.erasure),
)
_WEIGHTS: Final = [weight for weight, _ in _MAKERS]
