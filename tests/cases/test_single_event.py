"""Cases 38 to 66: an order as one event, ORDER_CHECKOUT."""

from typing import Any

import pytest

from pipeline.config import load
from pipeline.errors import ConfigError, DataError
from tests.cases.installation import told
from tests.cases.shop import (
    BASE,
    CARD,
    JEANS,
    OUTBOUND,
    RETURN,
    SHOES,
    event,
    identified,
    line,
    money,
    paid,
    placed,
    second,
    without,
)

CART_FORM = ["IDENTITY", "ADD", "CONFIRM", "CHECKOUT", "PAYMENT"]


def ordered(*documents: dict[str, Any], **point_of_sale: Any) -> dict[str, Any]:
    """The order of the one ORDER_CHECKOUT that leaves."""
    order: dict[str, Any] = told(identified(), *documents, **point_of_sale).only("ORDER_CHECKOUT")
    said: dict[str, Any] = order["order"]
    return said


def refused(*documents: dict[str, Any], **point_of_sale: Any) -> list[tuple[str, str]]:
    """Rule and field by which what a known guest does is refused, where there is one form."""
    installation = told(identified(), *documents, protocol="single", **point_of_sale)
    assert "ORDER_CHECKOUT" not in installation.types
    return installation.rules


def test_case_038_the_documented_order() -> None:
    """The order of Sitecore's own example.

    It leaves exactly as the example.
    """
    phone = line(
        "REF-123",
        "200",
        productId="MOBILE_PHONE_TYPE_X",
        type="mobile_phone",
        name="Mobile phone of type x",
        attributes={"phone_color": "Gold", "insurance": False},
    )
    order = placed(16, phone, orderId="123456", attributes={"refundable": True})

    said = told(identified(), order | {"page": "checkout page"}).only("ORDER_CHECKOUT")
    common = {
        "orderedAt": "2025-08-23T16:17:16.000Z",
        "status": "PURCHASED",
        "currencyCode": "EUR",
        "price": 200,
    }
    item = {
        "type": "MOBILE_PHONE",
        "referenceId": "REF-123",
        **common,
        "name": "Mobile phone of type x",
        "productId": "MOBILE_PHONE_TYPE_X",
        "quantity": 1,
        "extensions": [{"name": "ext", "key": "default", "phoneColor": "Gold", "insurance": False}],
    }
    assert said == {
        "type": "ORDER_CHECKOUT",
        "order": {
            "referenceId": "123456",
            **common,
            "paymentType": "Card",
            "cardType": "Visa",
            "extensions": [{"name": "ext", "key": "default", "refundable": True}],
            "orderItems": [item],
        },
        **BASE,
        "page": "checkout page",
    }


def test_case_039_an_order_without_items() -> None:
    """An order has no items, and the guest no cart.

    After `lines_wait_s` it leaves without `orderItems`.
    """
    assert "orderItems" not in ordered(placed(16, total=money("20")))


def test_case_040_an_order_without_a_number() -> None:
    """An order has no number.

    It is refused where it is read; an empty one is refused too.
    """
    order = without(placed(16, SHOES), "orderId")

    with pytest.raises(DataError, match="orderId"):
        ordered(order)
    with pytest.raises(DataError, match="orderId"):
        ordered(order | {"orderId": ""})


def test_case_041_an_order_without_a_time() -> None:
    """An order does not say when it was placed.

    It is refused where it is read.
    """
    with pytest.raises(DataError, match="orderedAt"):
        ordered(without(placed(16, SHOES), "orderedAt"))


def test_case_042_an_order_in_local_time() -> None:
    """An order was placed at `2025-08-23T18:17:16+02:00`.

    The instant leaves in UTC, with milliseconds.
    """
    order = placed(16, SHOES, orderedAt="2025-08-23T18:17:16+02:00")

    assert ordered(order)["orderedAt"] == "2025-08-23T16:17:16.000Z"


def test_case_043_paid_by_a_card_of_a_known_brand() -> None:
    """An order was paid by card, and the brand is known.

    Both leave.
    """
    said = ordered(placed(16, SHOES, payment=CARD))

    assert (said["paymentType"], said["cardType"]) == ("Card", "Visa")


def test_case_044_paid_by_a_card_of_an_unknown_brand() -> None:
    """An order was paid by card, and the brand is not known.

    ORDER_CHECKOUT is impossible. With `single` the order is refused; with `automatic` it leaves
    in the cart form, which asks for no brand.
    """
    order = placed(16, SHOES, payment={"type": "Card"})

    assert refused(order) == [("card_type_missing", "payment.cardType")]
    assert told(identified(), order).types == CART_FORM


def test_case_045_paid_by_paypal() -> None:
    """An order was paid by PayPal.

    The type leaves alone; a brand that is said with it does not.
    """
    said = ordered(placed(16, SHOES, payment={"type": "PayPal", "cardType": "Visa"}))

    assert said["paymentType"] == "PayPal"
    assert "cardType" not in said


def test_case_046_no_payment_method() -> None:
    """Nobody says how an order was paid.

    It waits `payment_wait_s`. Then `payment_type_default` is said; without one, `single` refuses
    the order and `automatic` sends it in the cart form, without PAYMENT: its total is then the
    sum of its lines.
    """
    order = placed(16, SHOES, payment=None)

    assert refused(order) == [("payment_type_missing", "payment.type")]
    assert told(identified(), order).types == CART_FORM[:-1]
    assert ordered(order, payment_type_default="Other")["paymentType"] == "Other"
    assert ordered(order, paid(20))["paymentType"] == "Card"


def test_case_047_a_price_as_text() -> None:
    """A shop writes the price as text, `200.00`.

    It leaves as the number 200; any amount keeps exactly its digits.
    """
    assert ordered(placed(16, line(price="200.00")))["price"] == 200
    many = placed(16, total={"amount": "123456789012345.678901", "currency": "EUR"})
    sent = told(identified(), many).sent[-1].http.body or b""
    assert b'"price":123456789012345.678901' in sent


@pytest.mark.parametrize(
    ("amount", "currency", "sent"),
    [("200.00", "EUR", 200), ("1250", "JPY", 1250), ("1.234", "KWD", 1.234)],
)
def test_case_048_an_amount_in_minor_units(amount: str, currency: str, sent: float) -> None:
    """A total could be said in cents.

    Commerce events say amounts in units of the currency, whatever its minor unit is, and so they
    leave. A total that is a hundred times its lines is flagged like any that differs.
    """
    shoes = SHOES | {"unitPrice": money(amount, currency)}
    said = ordered(placed(16, shoes, total=money(amount, currency)))
    assert said["price"] == said["orderItems"][0]["price"] == sent

    cents = told(identified(), placed(16, SHOES, total=money("6000")))
    assert cents.flags == ["total_differs"]
    assert cents.only("ORDER_CHECKOUT")["order"]["price"] == 6000


def test_case_049_an_order_that_is_paid() -> None:
    """A shop calls the status of an order `paid`.

    `order_statuses` says that this is `PURCHASED`, and so it leaves; without that it is refused.
    """
    order = placed(16, SHOES, status="Paid")

    said = ordered(order, order_statuses={"paid": "PURCHASED"})
    assert said["status"] == said["orderItems"][0]["status"] == "PURCHASED"
    assert refused(order) == [("unknown_status", "status")]


def test_case_050_an_order_that_is_not_paid_yet() -> None:
    """The payment of an order is still open.

    It leaves as `PAYMENT_PENDING`.
    """
    assert ordered(placed(16, SHOES, status="payment_pending"))["status"] == "PAYMENT_PENDING"


LATER = {"orderId": "MA-490094", "orderedAt": second(16)}


def test_case_051_an_order_that_is_cancelled() -> None:
    """An order is cancelled later.

    It is set aside for the REST or Batch API: the whole record, and the guest's identifiers.
    """
    kept("order_cancelled", event("OrderCancelled", 20, **LATER))


def test_case_052_an_order_that_is_refunded() -> None:
    """An order is refunded later.

    It is set aside for the REST or Batch API: the whole record, and the guest's identifiers.
    """
    kept("order_refunded", event("OrderRefunded", 20, **LATER, amount=money("60")))


def test_case_053_an_order_that_changes() -> None:
    """An order that was sent changes.

    It is set aside for the REST or Batch API, whether the shop says that it changed or places it
    again with other content.
    """
    more = SHOES | {"quantity": 2}
    changes = {"status": "PURCHASED", "total": money("120"), "lines": [more]}

    kept("order_changed", event("OrderChanged", 20, **LATER, **changes))
    kept("order_changed", placed(20, more, orderedAt=second(16)))


def kept(rule: str, said: dict[str, Any]) -> None:
    """Check that an event is set aside with all that another API needs."""
    installation = told(identified(), placed(16, SHOES), said)

    assert installation.types == ["IDENTITY", "ORDER_CHECKOUT"]
    (letter,) = installation.letters
    assert letter.refusal.rule == rule
    assert "REST or Batch API" in letter.refusal.found
    assert letter.record is not None
    assert letter.record.value
    assert [(who.provider, who.id) for who in letter.identifiers] == [("CRM", "B7524AE6")]


def test_case_054_a_flight() -> None:
    """An order has an item of type `FLIGHT`.

    ORDER_CHECKOUT does not support it. `single` refuses the order; `automatic` sends it in the
    cart form, with `origin` and `destination` in the product. A flight without them is refused.
    """
    order = placed(16, OUTBOUND)
    assert refused(order) == [("item_type_unsupported", "lines.type")]

    installation = told(identified(), order)
    assert installation.types == CART_FORM
    said = installation.only("ADD")
    assert (said["product"]["origin"], said["product"]["destination"]) == ("DUB", "LHR")
    assert "ext" not in said

    nowhere = OUTBOUND | {"attributes": {"origin": "Dublin"}}
    assert told(identified(), placed(16, nowhere)).types == ["IDENTITY"]
    assert told(identified(), placed(16, nowhere), protocol="multiple").rules == [
        ("flight_incomplete", "lines.0.attributes.origin")
    ]


@pytest.mark.parametrize(
    "kind",
    ["HOTEL", "RAIL", "MORTGAGE", "MORTGAGE_APPLICATION", "LOAN_APPLICATION", "PERSONAL_LOAN"],
)
def test_case_055_an_item_type_that_is_not_supported(kind: str) -> None:
    """An order has an item of a type that ORDER_CHECKOUT does not support, such as `HOTEL`.

    `single` refuses the order; `automatic` sends it in the cart form.
    """
    order = placed(16, SHOES | {"type": kind.lower()})

    assert refused(order) == [("item_type_unsupported", "lines.type")]
    assert told(identified(), order).types == CART_FORM


def test_case_056_an_item_type_in_lower_case() -> None:
    """An item's type is `mobile_phone`, and the tenant declares `MOBILE_PHONE`.

    It leaves in upper case.
    """
    said = ordered(placed(16, line(type="mobile_phone")), item_types=["Mobile_Phone"])

    assert said["orderItems"][0]["type"] == "MOBILE_PHONE"


def test_case_057_an_item_type_that_is_not_declared() -> None:
    """An item's type is not declared in the tenant's schema.

    `single` refuses the order; `automatic` sends it in the cart form, whose types are not
    declared.
    """
    order = placed(16, SHOES)

    assert refused(order, item_types=["CLOTHES"]) == [("item_type_undeclared", "lines.type")]
    assert told(identified(), order, item_types=["CLOTHES"]).types == CART_FORM


def test_case_058_a_long_name() -> None:
    """An item's name has 140 characters.

    It is cut to 128.
    """
    said = ordered(placed(16, line(name="x" * 140)))

    assert said["orderItems"][0]["name"] == "x" * 128


def test_case_059_a_discount() -> None:
    """A discount is a line of -45.

    It leaves as an item of that price.
    """
    discount = line("DISCOUNT", "-45", type="OTHER", name="Discount")
    said = ordered(placed(16, SHOES, discount))

    assert [item["price"] for item in said["orderItems"]] == [60, -45]
    assert said["price"] == 15


def test_case_060_an_item_in_another_currency_than_the_organizations() -> None:
    """An item costs dollars, and the organization's currency is the euro.

    The item leaves at the price in euros that the shop says beside it, the order in what was
    paid. Where there is none, `single` refuses the order: Sitecore does not convert.
    """
    dollars = line(unitPrice=money("70", "USD"), organizationUnitPrice=money("60", "EUR"))
    order = placed(16, dollars, total=money("70", "USD"))

    said = ordered(order, organization_currency="EUR")
    assert (said["currencyCode"], said["price"]) == ("USD", 70)
    (item,) = said["orderItems"]
    assert (item["currencyCode"], item["price"]) == ("EUR", 60)

    unpriced = placed(16, without(dollars, "organizationUnitPrice"), total=money("70", "USD"))
    assert refused(unpriced, organization_currency="EUR") == [
        ("organization_price_missing", "lines.organizationUnitPrice")
    ]


def test_case_061_extension_data_of_an_order() -> None:
    """An order has data of the shop's own, such as `refundable`.

    It leaves in the one extension of the order.
    """
    said = ordered(placed(16, SHOES, attributes={"refundable": True}))

    assert said["extensions"] == [{"name": "ext", "key": "default", "refundable": True}]


@pytest.mark.parametrize("name", ["name", "Key"])
def test_case_062_an_extension_of_another_name(name: str) -> None:
    """An extension of an order could be called `promo` instead of `ext`.

    It is always `ext`, with key `default`; an attribute that would hide either is refused.
    """
    order = placed(16, SHOES, attributes={name: "promo"})

    assert refused(order) == [("attribute_name", "attributes")]


def test_case_063_two_extensions_of_one_item() -> None:
    """An item could have two extensions.

    All its attributes leave in one; the schema cannot say two.
    """
    shoes = SHOES | {"attributes": {"color": "red", "size": 42}}
    (item,) = ordered(placed(16, shoes))["orderItems"]
    assert item["extensions"] == [{"name": "ext", "key": "default", "color": "red", "size": 42}]

    with pytest.raises(DataError, match="attributes is an array; want an object"):
        ordered(placed(16, SHOES | {"attributes": [{}, {}]}))


@pytest.mark.parametrize("value", [{"a": 1}, [1], None])
def test_case_064_an_extension_value_that_is_no_plain_one(value: object) -> None:
    """An extension value is an object or an array.

    It is refused where it is read: text, true or false, and numbers are all that Sitecore takes.
    """
    with pytest.raises(DataError, match=r"attributes\.a"):
        ordered(placed(16, SHOES, attributes={"a": value}))


def test_case_065_a_tenant_of_data_model_2_0() -> None:
    """The tenant has data model 2.0.

    It has no ORDER_CHECKOUT: a setting that asks for it is refused, and the order leaves in the
    cart form, with its owner.
    """
    with pytest.raises(ConfigError, match="protocol: multiple"):
        load(None, {"PIPELINE_SITECORE__POINTS_OF_SALE": '[{"name":"a","data_model":"2.0"}]'})

    contact = {"title": "Ms", "firstName": "Ann", "lastName": "Lee"}
    who = identified(contact=contact)
    installation = told(who, placed(16, SHOES), data_model="2.0", protocol="multiple")
    assert installation.types == ["IDENTITY", "ADD", "ADD_CONTACTS", *CART_FORM[2:]]


def test_case_066_a_tenant_of_the_flight_data_model() -> None:
    """The tenant is an airline, with the flight data model.

    `protocol: multiple` never sends ORDER_CHECKOUT: the flights leave as ADD, then CONFIRM and
    CHECKOUT.
    """
    order = placed(16, OUTBOUND, RETURN, JEANS)
    installation = told(identified(), order, protocol="multiple")

    assert installation.types == ["IDENTITY", "ADD", "ADD", *CART_FORM[1:]]
