"""The events as objects."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from pipeline.commerce.events import (
    BrowserId,
    Contact,
    Identifier,
    ItemId,
    Line,
    Money,
    OrderId,
    Payment,
)
from pipeline.record import Instant
from pipeline.sitecore import messages
from pipeline.sitecore.owed import Context, DeliveryId, Identity
from pipeline.sitecore.point_of_sale import DataModel
from pipeline.sitecore.request import SendEvent
from pipeline.sitecore.wire import to_http
from tests.unit.sitecore.samples import BASE, BROWSER, NOW, SHOES, SHOP, Owes, context, euros, shop

RECORDED = (
    '{"type":"ORDER_CHECKOUT","order":{"referenceId":"123456","orderedAt":'
    '"2025-08-23T16:17:16.000Z","status":"PURCHASED","currencyCode":"EUR","price":200,'
    '"paymentType":"Card","cardType":"Visa","extensions":[{"name":"ext","key":"default",'
    '"refundable":true}],"orderItems":[{"type":"MOBILE_PHONE","referenceId":"REF-123",'
    '"orderedAt":"2025-08-23T16:17:16.000Z","status":"PURCHASED","currencyCode":"EUR",'
    '"price":200,"name":"Mobile phone of type x","productId":"MOBILE_PHONE_TYPE_X","quantity":1,'
    '"extensions":[{"name":"ext","key":"default","phoneColor":"Gold","insurance":false}]}]},'
    '"browser_id":"a38b230c-11eb-4cf9-8d5d-274e9f344925","channel":"WEB","client_key":"key",'
    '"currency":"EUR","language":"EN","page":"checkout page","pos":"myretailsite/ireland"}'
)
"""What Sitecore's own library sends for the documented order."""

PHONE = Line(
    ItemId("REF-123"),
    "MOBILE_PHONE_TYPE_X",
    "mobile_phone",
    "Mobile phone of type x",
    1,
    euros("200.000000"),
    attributes={"phone_color": "Gold", "insurance": False},
)
ABOUT = messages.base(BROWSER, context(), shop())
ORDER = Owes().order(PHONE, order_id="123456", attributes={"refundable": True})


def test_case_038_the_documented_order_is_sent_to_the_byte() -> None:
    """As recorded from Sitecore's library; cases 043, 047, 056, 061 and 112 in it."""
    where = Context(BROWSER, "web", SHOP, "en-IE", "eur", "checkout page")
    about = messages.base(BROWSER, where, shop())
    event = SendEvent(DeliveryId("d"), messages.order_checkout(ORDER, shop(), about))

    wired = to_http(event, client_key="key", form="post", mark=False)

    assert (wired.body or b"").decode() == RECORDED


def order_of(order: Any, point_of_sale: Any = None) -> Any:
    return messages.order_checkout(order, point_of_sale or shop(), ABOUT)["order"]


def test_case_039_an_order_without_lines_has_no_items() -> None:
    """They are optional."""
    assert "orderItems" not in order_of(replace(ORDER, lines=()))


def test_case_060_an_item_is_told_in_the_organizations_currency() -> None:
    """The order stays in what the guest paid; Sitecore does not convert."""
    price = Money(Decimal("180.50"), "EUR")
    line = replace(PHONE, unit_price=Money(Decimal(200), "USD"), organization_unit_price=price)
    order = replace(ORDER, lines=(line,), total=Money(Decimal(200), "USD"))

    told = order_of(order, shop(organization_currency="EUR"))

    assert (told["currencyCode"], told["price"]) == ("USD", 200)
    item = told["orderItems"][0]
    assert (item["currencyCode"], item["price"]) == ("EUR", 180.5)


@pytest.mark.parametrize(("meaning", "price"), [("unit", 7.99), ("line", 23.97)])
def test_the_price_of_an_item_is_what_the_setting_says(meaning: str, price: float) -> None:
    """Whether it is of a piece or of a line is not documented."""
    line = replace(PHONE, quantity=3, unit_price=euros("7.99"))

    told = order_of(replace(ORDER, lines=(line,)), shop(order_item_price=meaning))

    assert told["orderItems"][0]["price"] == price


def test_case_059_a_discount_is_an_item_of_negative_price() -> None:
    """Shown as valid."""
    line = replace(PHONE, unit_price=euros("-45.00"))

    assert order_of(replace(ORDER, lines=(line,)))["orderItems"][0]["price"] == -45


def test_case_079_order_ids_are_in_upper_case_where_a_setting_says_so() -> None:
    """In both forms, or one order would have two names; only the shop knows whether case counts."""
    order = replace(ORDER, order_id=OrderId("ma-490094"))
    upper = shop(upper_case_order_ids=True)

    assert order_of(order)["referenceId"] == "ma-490094"
    assert order_of(order, upper)["referenceId"] == "MA-490094"
    assert messages.checkout(order, upper, ABOUT)["reference_id"] == "MA-490094"


def test_case_069_an_add_names_the_unit_price() -> None:
    """As a number; a total or a text would make another amount."""
    line = replace(SHOES, quantity=3, unit_price=euros("7.99"))

    product: Any = messages.add(line, NOW, shop(), ABOUT)["product"]

    assert (product["quantity"], product["price"]) == (3, 7.99)


def test_case_072_an_add_has_all_that_is_required() -> None:
    """What lacks one fails at CHECKOUT."""
    product: Any = messages.add(SHOES, NOW, shop(), ABOUT)["product"]

    required = {"type", "item_id", "name", "orderedAt", "quantity", "price", "productId"}
    assert set(product) == required | {"currency", "referenceId"}


def test_an_add_in_another_currency_keeps_the_original_beside_it() -> None:
    """The unit price before conversion to the organization's currency."""
    line = replace(
        SHOES,
        unit_price=Money(Decimal("10.50"), "usd"),
        organization_unit_price=Money(Decimal("9.99"), "eur"),
    )

    product: Any = messages.add(line, NOW, shop(organization_currency="EUR"), ABOUT)["product"]

    assert (product["price"], product["currency"]) == (9.99, "EUR")
    assert (product["originalPrice"], product["originalCurrencyCode"]) == (10.5, "USD")


def test_attributes_of_a_line_go_with_its_add() -> None:
    """As extension data of the event: products have none."""
    message = messages.add(PHONE, NOW, shop(), ABOUT)

    assert message["ext"] == {"phoneColor": "Gold", "insurance": False}


def test_case_095_data_model_2_0_has_no_extension_data() -> None:
    """It is left out."""
    old = shop(data_model=DataModel.V2_0)

    assert "ext" not in messages.add(PHONE, NOW, old, ABOUT)
    assert "ext" not in messages.checkout(ORDER, old, ABOUT)
    assert "ext" not in messages.behaviour(Owes().behaviour("VIEW", {"a": 1}), old, ABOUT)


def test_case_033_contact_data_has_its_wire_names() -> None:
    """Cases 030, 031, 034 and 035 in it: expiry, several identifiers, birthday."""
    who = Identity(
        (
            Identifier("CRM", "B7524AE6", Instant(1_913_732_236_000)),
            Identifier("email", "ada@example.com"),
        ),
        Contact(
            title="Ms",
            first_name="Ada",
            last_name="Byron",
            gender="female",
            date_of_birth="1985-12-24",
            email="Ada@Example.com",
            mobile="+3531",
            phone="+3532",
            street=("1 Main St", "Flat 2"),
            city="Dublin",
            state="Leinster",
            country="ie",
            postal_code="D01",
        ),
    )

    assert dict(messages.identity(who, shop(), ABOUT)) == {
        "type": "IDENTITY",
        **BASE,
        "identifiers": [
            {"provider": "CRM", "id": "B7524AE6", "expiry_date": "2030-08-23T16:17"},
            {"provider": "email", "id": "ada@example.com"},
        ],
        "email": "ada@example.com",
        "title": "Ms",
        "firstname": "Ada",
        "lastname": "Byron",
        "gender": "female",
        "dob": "1985-12-24T00:00",
        "mobile": "+3531",
        "phone": "+3532",
        "street": ["1 Main St", "Flat 2"],
        "city": "Dublin",
        "state": "Leinster",
        "country": "IE",
        "postal_code": "D01",
    }


def test_personal_fields_can_be_switched_off() -> None:
    """Identifiers are what Sitecore needs."""
    who = Identity((Identifier("CRM", "B7524AE6"),), Contact(email="ada@example.com"))

    message = messages.identity(who, shop(personal_fields=False), ABOUT)

    assert set(message) == {"type", *BASE, "identifiers"}


def test_case_086_contact_is_an_array() -> None:
    """A single object is not taken."""
    who = Identity((Identifier("CRM", "1"),), Contact(title="Ms"))

    contact = messages.add_contacts(who, shop(), ABOUT)["contact"]

    assert contact == [{"identifiers": [{"provider": "CRM", "id": "1"}], "title": "Ms"}]


def test_case_013_016_018_circumstances_are_normalised() -> None:
    """Upper case, two letters, and the names of the direct form (case 020)."""
    where = Context(BrowserId("b"), "web", SHOP, "en-IE", "eur", "oms")

    assert dict(messages.base(BrowserId("b"), where, shop())) == {**BASE, "browser_id": "b"}


def test_case_019_a_page_is_always_named() -> None:
    """It is required, and free."""
    where = Context(BROWSER, "WEB", SHOP, None, "EUR", None)

    said = messages.base(BROWSER, where, shop(language="de", page="shop"))

    assert (said["page"], said["language"]) == ("shop", "DE")
    assert "language" not in messages.base(BROWSER, where, shop())


def test_case_021_a_custom_event_has_its_name_in_upper_case() -> None:
    """And its data in ``ext``."""
    owed = Owes().behaviour("order_shipped", {"order-ID": 7})

    assert dict(messages.behaviour(owed, shop(), ABOUT)) == {
        "type": "ORDER_SHIPPED",
        "ext": {"orderID": 7},
        **BASE,
    }


def test_a_search_names_what_was_searched() -> None:
    """The type in upper case."""
    owed = replace(Owes().behaviour("SEARCH"), product_name="Phones", product_type="mobile")

    message = messages.behaviour(owed, shop(), ABOUT)

    assert dict(message) == {
        "type": "SEARCH",
        "product_name": "Phones",
        "product_type": "MOBILE",
        **BASE,
    }


def test_a_card_is_a_card_however_it_is_written() -> None:
    """Its brand goes with it."""
    order = replace(ORDER, payment=Payment("card", "Visa"))

    assert order_of(order)["cardType"] == "Visa"
