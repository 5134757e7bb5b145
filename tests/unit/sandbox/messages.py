"""Messages as the documentation writes them, and a tenant to send them to."""

from itertools import count

from pipeline.record import Instant, later
from pipeline.sandbox.guests import Guest
from pipeline.sandbox.orders import Order
from pipeline.sandbox.rules.every_event import Form
from pipeline.sandbox.rules.fields import Violation
from pipeline.sandbox.sessions import Session
from pipeline.sandbox.settings import EXAMPLE_BROWSER_ID, EXAMPLE_SHOP, SandboxSettings, Shop
from pipeline.sandbox.tenant import Tenant

Message = dict[str, object]

BASE: Message = {
    "channel": "WEB",
    "currency": "EUR",
    "language": "EN",
    "page": "oms",
    "pos": EXAMPLE_SHOP,
    "browser_id": EXAMPLE_BROWSER_ID,
}
OTHER_BROWSER_ID = "00000000-0000-4000-8000-00000000000b"
OLD_SHOP = "myretailsite/old"
HASTY_SHOP = "myretailsite/hasty"
SETTINGS = SandboxSettings(
    shops={EXAMPLE_SHOP: Shop(), OLD_SHOP: Shop(data_model="2.0"), HASTY_SHOP: Shop(60.0)},
    identity_providers=("email", "CRM"),
    browser_ids=(EXAMPLE_BROWSER_ID, OTHER_BROWSER_ID),
)
ORDER: Message = {
    "referenceId": "123456",
    "orderedAt": "2025-08-23T16:17:16.000Z",
    "status": "PURCHASED",
    "currencyCode": "EUR",
    "price": 200,
    "paymentType": "Card",
    "cardType": "Visa",
}
ITEM: Message = {
    "type": "MOBILE_PHONE",
    "referenceId": "REF-123",
    "orderedAt": "2025-08-23T16:17:16.000Z",
    "status": "PURCHASED",
    "currencyCode": "EUR",
    "price": 200,
    "name": "Mobile phone of type x",
    "productId": "MOBILE_PHONE_TYPE_X",
    "quantity": 1,
}
VIEW: Message = {"type": "VIEW", **BASE}
CLEAR_CART: Message = {"type": "CLEAR_CART", **BASE}
PAYMENT: Message = {"type": "PAYMENT", **BASE, "pay_type": "Card"}
CHECKOUT: Message = {
    "type": "CHECKOUT",
    **BASE,
    "reference_id": "MA-490094",
    "status": "PURCHASED",
}


def identity(provider: str = "CRM", id_: str = "B7524AE6", **more: object) -> Message:
    """Say who the guest is."""
    said = {"identifiers": [{"provider": provider, "id": id_}]}
    return {"type": "IDENTITY", **BASE, **said, **more}


def product(item_id: str = "SHOES_8475GHT", **more: object) -> Message:
    """A product of an ADD."""
    return {
        "type": "APPAREL",
        "item_id": item_id,
        "name": "Running shoes",
        "orderedAt": "2025-08-23T16:17:16.000Z",
        "quantity": 3,
        "price": 7.99,
        "productId": "SHOES",
        "currency": "EUR",
        "referenceId": f"{item_id}-1",
        **more,
    }


def add(item_id: str = "SHOES_8475GHT", *, at: Message | None = None, **more: object) -> Message:
    """Put something into the cart; *at* changes where, the rest what."""
    return {"type": "ADD", **BASE, **(at or {}), "product": product(item_id, **more)}


def confirm(*item_ids: str, **at: object) -> Message:
    """Name what is about to be bought."""
    lines = [{"item_id": item_id} for item_id in item_ids or ("SHOES_8475GHT",)]
    return {"type": "CONFIRM", **BASE, **at, "product": lines}


def order_checkout(*items: object, **changes: object) -> Message:
    """Say a whole order in one event."""
    order = {**ORDER, **({"orderItems": list(items)} if items else {}), **changes}
    return {"type": "ORDER_CHECKOUT", "order": order, **BASE}


def without(message: Message, name: str) -> Message:
    """Leave one attribute out."""
    return {key: value for key, value in message.items() if key != name}


class Told:
    """A tenant that is told one message after another, a second apart."""

    def __init__(self, settings: SandboxSettings = SETTINGS) -> None:
        numbers = count(1)
        self.tenant = Tenant(settings, lambda: f"ref-{next(numbers)}")
        self.now = Instant(1_756_000_000_000)

    def take(self, message: Message, form: Form = "post") -> Violation | None:
        """Send one message; say why it will never be seen."""
        self.now = later(self.now, 1)
        return self.tenant.take(message, form=form, now=self.now).unseen

    def why(self, *messages: Message, form: Form = "post") -> str | None:
        """Send messages; give the reason why the last one will never be seen."""
        unseen = [self.take(message, form) for message in messages][-1]
        return unseen.reason if unseen else None

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.now = later(self.now, seconds)

    def guest(self, browser_id: str = EXAMPLE_BROWSER_ID) -> Guest:
        """The guest behind a browser."""
        guest = self.tenant.guests.behind(browser_id)
        assert guest is not None
        return guest

    def session(self, browser_id: str = EXAMPLE_BROWSER_ID, channel: str = "WEB") -> Session:
        """The open session."""
        session = self.tenant.sessions.open(browser_id, channel)
        assert session is not None
        return session

    @property
    def orders(self) -> list[Order]:
        """Every order that Sitecore would show."""
        return self.tenant.orders


def why(*messages: Message, form: Form = "post") -> str | None:
    """Send messages to a new tenant; say why the last one will never be seen."""
    return Told().why(*messages, form=form)
