"""Orders of a single event (cases 38 to 66, 107, 111 and 112)."""

from decimal import Decimal

import pytest

from pipeline.sandbox.settings import SandboxSettings
from tests.unit.sandbox.messages import (
    BASE,
    CHECKOUT,
    ITEM,
    ORDER,
    OTHER_BROWSER_ID,
    Message,
    Told,
    add,
    confirm,
    identity,
    order_checkout,
    why,
)


def ext(**attributes: object) -> list[object]:
    """Extension data of an order or an item."""
    return [{"name": "ext", "key": "default", **attributes}]


def test_the_documentation_s_own_order_is_seen() -> None:
    """Case 38, whose guest was identified before (case 25)."""
    told = Told()
    item = {**ITEM, "extensions": ext(phoneColor="Gold", insurance=False)}

    told.take(identity())
    assert told.take(order_checkout(item, extensions=ext(refundable=True))) is None

    order = told.orders[0]
    assert (order.reference_id, order.form, order.total) == ("123456", "single", Decimal(200))
    assert (order.ordered_at, order.currency) == ("2025-08-23T16:17:16.000Z", "EUR")
    assert (order.status, order.payment_type, order.card_type) == ("PURCHASED", "Card", "Visa")
    assert (order.browser_id, order.channel) == (BASE["browser_id"], "WEB")
    assert (order.extension, order.flags) == ({"refundable": True}, [])
    assert order.items[0].extension == {"phoneColor": "Gold", "insurance": False}


def test_a_guest_who_was_never_identified_gets_no_order() -> None:
    """Case 26; identifying them later does not bring it back."""
    assert why(order_checkout()) == "not_a_customer"


def test_an_order_needs_no_items() -> None:
    """Case 39."""
    assert why(identity(), order_checkout()) is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"referenceId": None}, "attribute_missing"),
        ({"referenceId": 123456}, "attribute_not_text"),
        ({"orderedAt": None}, "attribute_missing"),
        ({"orderedAt": "2025-08-23T18:17:16+02:00"}, "ordered_at_invalid"),
        ({"orderedAt": "2025-08-23T16:17:16"}, "ordered_at_invalid"),
        ({"orderedAt": 1755965836000}, "attribute_not_text"),
        ({"cardType": None}, "attribute_missing"),
        ({"paymentType": None}, "attribute_missing"),
        ({"price": "200.00"}, "number_as_string"),
        ({"price": None}, "attribute_missing"),
        ({"price": [200]}, "attribute_not_a_number"),
        ({"status": "CANCELLED"}, "status_invalid"),
        ({"status": "REFUNDED"}, "status_invalid"),
        ({"status": None}, "attribute_missing"),
        ({"currencyCode": "€"}, "currency_invalid"),
        ({"currencyCode": None}, "attribute_missing"),
        ({"orderItems": {}}, "order_items_not_an_array"),
        ({"orderItems": ["PHONE"]}, "order_items_not_objects"),
        ({"extensions": {"refundable": True}}, "ext_not_an_array"),
        ({"extensions": ["ext"]}, "ext_not_an_array"),
        ({"extensions": [{"name": "promo", "key": "default"}]}, "ext_key_invalid"),
        ({"extensions": [{"name": "ext"}]}, "ext_key_invalid"),
        ({"extensions": ext(parts=["a"])}, "ext_value_invalid"),
        ({"extensions": ext(a_b=1)}, "ext_name_invalid"),
        ({"extensions": ext(**{f"a{number}": 1 for number in range(51)})}, "ext_too_many"),
    ],
)
def test_a_wrong_order_is_never_seen(change: Message, reason: str) -> None:
    """Cases 40 to 64 and 111: each breaks one documented rule."""
    told = Told()

    assert told.why(identity(), order_checkout(**change)) == reason
    assert told.orders == []


@pytest.mark.parametrize(
    "change",
    [
        {"paymentType": "PayPal", "cardType": "Visa"},
        {"paymentType": "voucher"},
        {"status": "PAYMENT_PENDING"},
        {"price": 30.6},
        {"price": 0},
        {"orderedAt": "2025-08-23T16:17:16+00:00"},
        {"extensions": ext(**{f"a{number}": 1 for number in range(50)})},
    ],
)
def test_a_right_order_is_seen(change: Message) -> None:
    """Cases 45, 48 and 50."""
    assert why(identity(), order_checkout(**change)) is None


@pytest.mark.parametrize("order", [None, [], "order", 7])
def test_an_order_is_an_object(order: object) -> None:
    """Anything else loses it."""
    message: Message = {**order_checkout(), "order": order}
    assert why(identity(), message) in {"attribute_missing", "order_not_an_object"}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"type": "FLIGHT"}, "item_type_unsupported"),
        ({"type": "HOTEL"}, "item_type_unsupported"),
        ({"type": "RAIL"}, "item_type_unsupported"),
        ({"type": "MORTGAGE"}, "item_type_unsupported"),
        ({"type": "MORTGAGE_APPLICATION"}, "item_type_unsupported"),
        ({"type": "LOAN_APPLICATION"}, "item_type_unsupported"),
        ({"type": "PERSONAL_LOAN"}, "item_type_unsupported"),
        ({"type": "mobile_phone"}, "not_upper_case"),
        ({"name": "x" * 129}, "item_name_too_long"),
        ({"price": "200"}, "number_as_string"),
        ({"quantity": "1"}, "number_as_string"),
        ({"status": "SHIPPED"}, "status_invalid"),
        ({"currencyCode": "EURO"}, "currency_invalid"),
        ({"orderedAt": "yesterday"}, "ordered_at_invalid"),
        ({"extensions": ext() + ext()}, "ext_more_than_one"),
        ({"extensions": ext(phone_color="Gold")}, "ext_name_invalid"),
        ({"price": -45}, None),
        ({"name": "x" * 128}, None),
        ({"quantity": 1.5}, None),
    ],
)
def test_an_item_follows_its_rules(change: Message, reason: str | None) -> None:
    """Cases 54 to 63 and 112; a discount of −45 is valid (case 59)."""
    assert why(identity(), order_checkout({**ITEM, **change})) == reason


def test_an_item_may_leave_out_everything() -> None:
    """All its attributes are optional."""
    told = Told()

    assert told.why(identity(), order_checkout({})) is None
    assert told.orders[0].items[0].price is None


def test_an_undeclared_item_type_is_never_seen() -> None:
    """Types must be predefined in the tenant's schema (case 57)."""
    told = Told(SandboxSettings(item_types=frozenset({"MOBILE_PHONE"})))

    assert told.why(identity(), order_checkout(ITEM)) is None
    assert told.why(order_checkout({**ITEM, "type": "TABLET"})) == "item_type_undeclared"


def test_an_order_extension_keeps_its_type() -> None:
    """The rule of events, held for orders too; items have it for each item type."""
    told = Told()
    told.why(identity(), order_checkout({**ITEM, "extensions": ext(size=1)}, extensions=ext(no=1)))

    assert told.why(order_checkout(extensions=ext(no="1"))) == "ext_type_changed"
    item = {**ITEM, "extensions": ext(size="L")}
    assert told.why(order_checkout(item)) == "ext_type_changed"
    assert told.why(order_checkout({**item, "type": "SHIRT"})) is None


def test_a_repeated_reference_makes_a_second_order() -> None:
    """The API documents no de-duplication: the sandbox keeps both and says so (case 105)."""
    told = Told()
    told.why(identity(), order_checkout(), order_checkout(referenceId="7"))
    told.why(identity(browser_id=OTHER_BROWSER_ID), order_checkout())

    assert [order.duplicate for order in told.orders] == [False, False, True]


def test_more_than_100_items_are_flagged() -> None:
    """Only 100 stay available to segmentation and export (case 107)."""
    told = Told()
    told.why(identity(), order_checkout(*[ITEM] * 150))

    assert told.orders[0].flags == ["more_than_100_items"]


def test_contacts_are_not_used_with_a_single_event_order() -> None:
    """Case 87: the order is shown, and flagged."""
    told = Told()
    contacts: Message = {"type": "ADD_CONTACTS", **BASE, "contact": [{"title": "Ms"}]}
    told.why(identity(), contacts, order_checkout())

    assert told.orders[0].flags == ["contacts_with_order_checkout"]


def test_a_single_event_order_leaves_the_cart_alone() -> None:
    """Its session is converted, and its lines can still be bought."""
    told = Told()
    told.why(identity(), add(), order_checkout())

    assert told.session().cart_type == "CONVERTED"
    assert told.why(confirm(), CHECKOUT) is None


def test_a_session_that_timed_out_does_not_matter() -> None:
    """The whole order is in the event: this is how a late purchase arrives (case 102)."""
    told = Told()
    told.why(identity(), add())
    told.sleep(5000)

    assert told.why(order_checkout()) is None
    assert told.guest().ended[0].cart_type == "ABANDONED"


def test_the_order_is_the_one_that_was_said() -> None:
    """Price and items are not compared: whether they must agree is not documented."""
    told = Told()
    told.why(identity(), order_checkout(ITEM, price=150))

    assert (told.orders[0].total, ORDER["price"]) == (Decimal(150), 200)
