"""One guest's purchases, in the words of the documentation's examples."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from pipeline.commerce.events import (
    Attributes,
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
from pipeline.record import GuestId, Instant, Position
from pipeline.sitecore.owed import (
    Cause,
    Context,
    DeliveryId,
    Identity,
    OwedBehaviour,
    OwedCart,
    OwedErasure,
    OwedIdentity,
    OwedOrder,
    OwedPayment,
)
from pipeline.sitecore.point_of_sale import PointOfSale, Protocol
from pipeline.sitecore.policy import DeliveryPolicy

NOW = Instant(1_755_965_836_000)
"""2025-08-23T16:17:16Z."""
GUEST = GuestId("guest-1")
BROWSER = BrowserId("a38b230c-11eb-4cf9-8d5d-274e9f344925")
APP = BrowserId("b38b230c-11eb-4cf9-8d5d-274e9f344925")
ISSUED = BrowserId("c38b230c-11eb-4cf9-8d5d-274e9f344925")
SHOP = "myretailsite/ireland"
BASE: Mapping[str, object] = {
    "channel": "WEB",
    "currency": "EUR",
    "language": "EN",
    "page": "oms",
    "pos": SHOP,
    "browser_id": BROWSER,
}
SHOES_ID, JEANS_ID = ItemId("SHOES_8475GHT"), ItemId("JEANS_W33L31")


def euros(amount: str) -> Money:
    return Money(Decimal(amount), "EUR")


SHOES = Line(SHOES_ID, "SHOES_8475", "SHOES", "Sneaker", 1, euros("60.00"))
JEANS = Line(JEANS_ID, "JEANS_W33", "CLOTHES", "Jeans", 3, euros("7.99"))
CRM = Identity((Identifier("CRM", "B7524AE6"),), Contact())
CARD = Payment("Card", "Visa")


def shop(**settings: object) -> PointOfSale:
    return replace(PointOfSale(SHOP), **settings)  # type: ignore[arg-type]


def policy(*shops: PointOfSale, **settings: object) -> DeliveryPolicy:
    named = {s.name: s for s in shops or (shop(),)}
    return replace(DeliveryPolicy(named), **settings)  # type: ignore[arg-type]


def policy_of(protocol: Protocol) -> DeliveryPolicy:
    return policy(shop(protocol=protocol))


def context(browser_id: BrowserId | None = BROWSER, channel: str = "WEB") -> Context:
    return Context(browser_id, channel, SHOP, "en-IE", "EUR", "oms")


_CAUSE = Cause(EventId("e"), None, (Position("commerce-events", 0, 7),), NOW)


class Owes:
    """Makes what is owed to one guest, each under a delivery id of its own."""

    def __init__(self, where: Context | None = None, at: Instant = NOW) -> None:
        self._where = where or context()
        self._at = at
        self._count = 0

    def _first(self) -> dict[str, object]:
        self._count += 1
        return {
            "delivery_id": DeliveryId(f"delivery-{self._count}-{self._where.channel}"),
            "guest_id": GUEST,
            "sequence": self._count,
            "occurred_at": self._at,
            "context": self._where,
            "cause": _CAUSE,
        }

    def identity(self, who: Identity = CRM) -> OwedIdentity:
        return OwedIdentity(identity=who, **self._first())  # type: ignore[arg-type]

    def cart(self, *lines: Line) -> OwedCart:
        return OwedCart(lines=lines, **self._first())  # type: ignore[arg-type]

    def order(
        self,
        *lines: Line,
        order_id: str = "MA-490094",
        total: Money | None = None,
        payment: Payment | None = CARD,
        attributes: Attributes | None = None,
    ) -> OwedOrder:
        sums = sum((line.quantity * line.unit_price.amount for line in lines), Decimal(0))
        return OwedOrder(
            order_id=OrderId(order_id),
            ordered_at=self._at,
            status="PURCHASED",
            total=total or Money(sums, "EUR"),
            lines=lines,
            payment=payment,
            identity=CRM,
            attributes=attributes or {},
            **self._first(),  # type: ignore[arg-type]
        )

    def payment(self, payment: Payment = CARD, order_id: str = "MA-490094") -> OwedPayment:
        return OwedPayment(order_id=OrderId(order_id), payment=payment, **self._first())  # type: ignore[arg-type]

    def behaviour(self, kind: str = "VIEW", attributes: Attributes | None = None) -> OwedBehaviour:
        return OwedBehaviour(
            type=kind,
            product_name=None,
            product_type=None,
            attributes=attributes or {},
            **self._first(),  # type: ignore[arg-type]
        )

    def erasure(self) -> OwedErasure:
        return OwedErasure(**self._first())  # type: ignore[arg-type]
