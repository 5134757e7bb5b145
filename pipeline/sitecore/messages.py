"""The event objects of the Stream API, in its own names and its own order.

*about* is what every event says of its circumstances: `base` makes it.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from pipeline.commerce.events import BrowserId, Contact, Identifier, ItemId, Line, Money
from pipeline.record import Instant
from pipeline.sitecore import flights, normalise
from pipeline.sitecore.owed import Context, Identity, OwedBehaviour, OwedOrder
from pipeline.sitecore.point_of_sale import DataModel, PointOfSale
from pipeline.sitecore.request import JsonValue, Message

VIEW, SEARCH, IDENTITY, ADD = "VIEW", "SEARCH", "IDENTITY", "ADD"
ADD_CONTACTS, CONFIRM, CHECKOUT, PAYMENT = "ADD_CONTACTS", "CONFIRM", "CHECKOUT", "PAYMENT"
CLEAR_CART, ORDER_CHECKOUT = "CLEAR_CART", "ORDER_CHECKOUT"

CARD = "Card"
"""The payment type that wants a brand beside it."""


def base(browser_id: BrowserId, context: Context, point_of_sale: PointOfSale) -> Message:
    """What every event says of its circumstances; language is left out when nobody names one."""
    said: dict[str, JsonValue] = {
        "browser_id": browser_id,
        "channel": context.channel.upper(),
        "currency": context.currency.upper(),
    }
    given, own = context.language or "", point_of_sale.language or ""
    if language := normalise.language(given) or normalise.language(own):
        said["language"] = language
    said["page"] = context.page or point_of_sale.page
    said["pos"] = point_of_sale.name
    return said


def _event(kind: str, said: Message, about: Message) -> Message:
    return {"type": kind, **said, **about}


def _ext(attributes: Message) -> Message:
    return {"ext": attributes} if attributes else {}


def behaviour(owed: OwedBehaviour, point_of_sale: PointOfSale, about: Message) -> Message:
    """A page view, a search or a custom event."""
    said: dict[str, JsonValue] = {}
    if owed.product_name is not None:
        said["product_name"] = owed.product_name
    if owed.product_type is not None:
        said["product_type"] = owed.product_type.upper()
    ext = _extension(owed.attributes, point_of_sale)
    return _event(owed.type.upper(), {**said, **_ext(ext)}, about)


def identity(who: Identity, point_of_sale: PointOfSale, about: Message) -> Message:
    """Who the guest is: identifiers, and what else may be said."""
    return _event(IDENTITY, person(who, point_of_sale), about)


def person(who: Identity, point_of_sale: PointOfSale) -> Message:
    """Identifiers and contact data by their wire names; what is unknown is left out."""
    said: dict[str, JsonValue] = {"identifiers": [_identifier(i) for i in who.identifiers]}
    return {**said, **_contact(who.contact)} if point_of_sale.personal_fields else said


def _identifier(identifier: Identifier) -> Message:
    said: dict[str, JsonValue] = {"provider": identifier.provider, "id": identifier.id}
    if identifier.expires_at is not None:
        said["expiry_date"] = normalise.minute(identifier.expires_at)
    return said


def _contact(contact: Contact) -> Message:
    born, country = contact.date_of_birth, contact.country
    said: dict[str, JsonValue] = {
        "email": contact.email and contact.email.lower(),
        "title": contact.title,
        "firstname": contact.first_name,
        "lastname": contact.last_name,
        "gender": contact.gender,
        "dob": born and normalise.birthday(born),
        "mobile": contact.mobile,
        "phone": contact.phone,
        "street": list(contact.street),
        "city": contact.city,
        "state": contact.state,
        "country": country and country.upper(),
        "postal_code": contact.postal_code,
    }
    return {name: value for name, value in said.items() if value}


def add(line: Line, added_at: Instant, point_of_sale: PointOfSale, about: Message) -> Message:
    """One line of the cart; sent again it replaces the line of that item.

    A line with a price in the organization's currency says that one, and the guest's as original.
    """
    original = line.unit_price
    price = item_price(line, point_of_sale) or original
    product: dict[str, JsonValue] = {
        "type": line.type.upper(),
        "item_id": line.item_id,
        "name": normalise.item_name(line.name),
        "orderedAt": normalise.timestamp(added_at),
        "quantity": line.quantity,
        "price": normalise.number(price.amount),
        "productId": line.product_id,
        "currency": price.currency.upper(),
        "referenceId": line.item_id,
    }
    if original.currency.upper() != price.currency.upper():
        product["originalPrice"] = normalise.number(original.amount)
        product["originalCurrencyCode"] = original.currency.upper()
    product |= flights.places(line)
    ext = _extension(flights.others(line), point_of_sale)
    return _event(ADD, {"product": product, **_ext(ext)}, about)


def add_contacts(who: Identity, point_of_sale: PointOfSale, about: Message) -> Message:
    """The owner of the order; data model 2.0 wants one.

    The names inside ``contact`` are those of IDENTITY: no page shows them.
    """
    return _event(ADD_CONTACTS, {"contact": [person(who, point_of_sale)]}, about)


def confirm(items: Iterable[ItemId], about: Message) -> Message:
    """The lines that are bought: always an array, each of them added before."""
    return _event(CONFIRM, {"product": [{"item_id": item} for item in items]}, about)


def checkout(order: OwedOrder, point_of_sale: PointOfSale, about: Message) -> Message:
    """The purchase of what was confirmed; the order's extension data goes with the event."""
    said: dict[str, JsonValue] = {
        "reference_id": _order_id(order, point_of_sale),
        "status": normalise.order_status(order.status, point_of_sale),
    }
    ext = _extension(order.attributes, point_of_sale)
    return _event(CHECKOUT, {**said, **_ext(ext)}, about)


def payment(pay_type: str, about: Message) -> Message:
    """How the order that was checked out last is paid."""
    return _event(PAYMENT, {"pay_type": pay_type}, about)


def clear_cart(about: Message) -> Message:
    """Everything put into this session is void."""
    return _event(CLEAR_CART, {}, about)


def order_checkout(order: OwedOrder, point_of_sale: PointOfSale, about: Message) -> Message:
    """A whole order in one event."""
    said: dict[str, JsonValue] = {
        "referenceId": _order_id(order, point_of_sale),
        "orderedAt": normalise.timestamp(order.ordered_at),
        "status": normalise.order_status(order.status, point_of_sale),
        "currencyCode": order.total.currency.upper(),
        "price": normalise.number(order.total.amount),
        **_paid(order, point_of_sale),
        **_extensions(_extension(order.attributes, point_of_sale)),
    }
    if order.lines:
        said["orderItems"] = [_item(line, order, point_of_sale) for line in order.lines]
    return _event(ORDER_CHECKOUT, {"order": said}, about)


def pay_type(order: OwedOrder, point_of_sale: PointOfSale) -> str:
    """How an order was paid; the point of sale's default when unknown; empty without one."""
    return (order.payment.type if order.payment else point_of_sale.payment_type_default) or ""


def is_card(payment_type: str) -> bool:
    """Whether a payment type wants the card's brand beside it."""
    return payment_type.upper() == CARD.upper()


def _paid(order: OwedOrder, point_of_sale: PointOfSale) -> Message:
    kind = pay_type(order, point_of_sale)
    brand = order.payment.card_type if order.payment else None
    return {"paymentType": kind, "cardType": brand} if is_card(kind) else {"paymentType": kind}


def _item(line: Line, order: OwedOrder, point_of_sale: PointOfSale) -> Message:
    price = item_price(line, point_of_sale) or line.unit_price
    pieces = line.quantity if point_of_sale.order_item_price == "line" else 1
    return {
        "type": line.type.upper(),
        "referenceId": line.item_id,
        "orderedAt": normalise.timestamp(order.ordered_at),
        "status": normalise.order_status(order.status, point_of_sale),
        "currencyCode": price.currency.upper(),
        "price": normalise.number(price.amount * Decimal(pieces)),
        "name": normalise.item_name(line.name),
        "productId": line.product_id,
        "quantity": line.quantity,
        **_extensions(_extension(line.attributes, point_of_sale)),
    }


def item_price(line: Line, point_of_sale: PointOfSale) -> Money | None:
    """The unit price in the currency that an order's items are told in; None when unknown."""
    wanted = point_of_sale.organization_currency
    known = (line.unit_price, line.organization_unit_price)
    if wanted is None:
        return line.unit_price
    return next((p for p in known if p and p.currency.upper() == wanted.upper()), None)


def _order_id(order: OwedOrder, point_of_sale: PointOfSale) -> str:
    return order.order_id.upper() if point_of_sale.upper_case_order_ids else order.order_id


def _extension(attributes: Mapping[str, str | bool | int | float], shop: PointOfSale) -> Message:
    """Extension data, which data model 2.0 does not have."""
    return {} if shop.data_model is DataModel.V2_0 else normalise.extension(attributes, shop)


def _extensions(attributes: Message) -> Message:
    """Extension data of an order or an item: one object of this name and key."""
    if not attributes:
        return {}
    return {"extensions": [{"name": "ext", "key": "default", **attributes}]}
