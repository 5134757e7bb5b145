"""Orders of several events, and everything that loses them in silence (cases 67 to 88)."""

from decimal import Decimal

import pytest

from tests.unit.sandbox.messages import (
    BASE,
    CHECKOUT,
    CLEAR_CART,
    HASTY_SHOP,
    OLD_SHOP,
    OTHER_BROWSER_ID,
    PAYMENT,
    VIEW,
    Message,
    Told,
    add,
    confirm,
    identity,
    order_checkout,
    product,
    without,
)

CONTACT: Message = {
    "type": "ADD_CONTACTS",
    **BASE,
    "contact": [{"title": "Ms", "firstname": "Ada", "lastname": "Example"}],
}


@pytest.fixture
def told() -> Told:
    """A tenant that knows the guest of the example browser as a customer."""
    told = Told()
    assert told.why(identity()) is None
    return told


def test_two_products_are_bought(told: Told) -> None:
    """The documented sequence makes one order of both lines (case 67)."""
    assert told.why(add("SHOES"), add("JEANS", quantity=1, price=59.95)) is None
    assert told.why(confirm("SHOES", "JEANS"), CHECKOUT) is None

    order = told.orders[0]
    assert (order.reference_id, order.status, order.form) == ("MA-490094", "PURCHASED", "cart")
    assert [item.item_id for item in order.items] == ["SHOES", "JEANS"]
    assert (order.total, order.currency, order.flags) == (Decimal("83.92"), "EUR", [])
    assert told.session().cart_type == "CONVERTED"


def test_quantity_times_unit_price_is_the_amount(told: Told) -> None:
    """Three at 7.99 are 23.97, exactly (case 69)."""
    told.take(add(quantity=3, price=7.99))

    assert told.session().revenue == Decimal("23.97")


def test_a_second_add_replaces_the_line(told: Told) -> None:
    """The latest quantity and price count (case 73)."""
    told.why(add(quantity=1), add(quantity=2, price=10), confirm(), CHECKOUT)

    assert [(item.quantity, item.price) for item in told.orders[0].items] == [(2, Decimal(10))]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"quantity": "3"}, "number_as_string"),
        ({"price": "7.99"}, "number_as_string"),
        ({"price": None}, "attribute_missing"),
        ({"price": True}, "attribute_not_a_number"),
        ({"quantity": 1.5}, "quantity_not_an_integer"),
        ({"quantity": 0}, "quantity_not_positive"),
        ({"quantity": -1}, "quantity_not_positive"),
        ({"referenceId": None}, "attribute_missing"),
        ({"productId": ""}, "attribute_missing"),
        ({"currency": None}, "attribute_missing"),
        ({"name": None}, "attribute_missing"),
        ({"type": "apparel"}, "not_upper_case"),
        ({"orderedAt": "2025-08-23"}, "ordered_at_invalid"),
        ({"orderedAt": "2025-08-23T16:17:16"}, "ordered_at_invalid"),
        ({"orderedAt": "2025-13-23T16:17:16Z"}, "ordered_at_invalid"),
        ({"originalPrice": "7.99"}, "number_as_string"),
        ({"originalCurrencyCode": "EURO"}, "currency_invalid"),
        ({"type": "FLIGHT"}, "attribute_missing"),
    ],
)
def test_an_invalid_add_makes_the_checkout_fail(told: Told, change: Message, reason: str) -> None:
    """Cases 70 to 72: every message is accepted, and no order appears."""
    assert told.why({**add(), "product": {**product(), **change}}) == reason
    assert told.why(confirm()) == "add_invalid"
    assert told.why(CHECKOUT) == "add_invalid"
    assert told.orders == []


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ([{"item_id": "A"}, {"item_id": "B"}], "product_not_an_object"),
        (None, "attribute_missing"),
        ({"name": "Shoes"}, "attribute_missing"),
    ],
)
def test_an_add_has_one_product_with_an_item_id(told: Told, said: object, reason: str) -> None:
    """Cases 68 and 71."""
    assert told.why({**add(), "product": said}) == reason
    assert told.why(add(), confirm(), CHECKOUT) == "add_invalid"


def test_a_correct_add_mends_its_line(told: Told) -> None:
    """The second ADD of an item replaces the first."""
    told.take(add(quantity="3"))

    assert told.why(add(quantity=3), confirm(), CHECKOUT) is None


def test_an_invalid_currency_makes_the_amount_zero(told: Told) -> None:
    """The order is shown, without its value (case 113)."""
    assert told.why(add(currency="EURO"), confirm(), CHECKOUT) is None
    assert told.orders[0].total == 0
    assert told.orders[0].flags == ["amount_is_zero", "invalid_currency"]


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"item_id": "SHOES_8475GHT"}, "product_not_an_array"),
        ([], "product_empty"),
        (["SHOES_8475GHT"], "product_not_objects"),
        (None, "attribute_missing"),
        ([{"id": "SHOES_8475GHT"}], "attribute_missing"),
        ([{"item_id": "HAT"}], "confirm_without_add"),
    ],
)
def test_a_wrong_confirm_makes_the_checkout_fail(told: Told, said: object, reason: str) -> None:
    """It is accepted and even shown as processed (cases 74 and 75)."""
    told.take(add())

    assert told.why({**confirm(), "product": said}) == reason
    assert told.why(confirm(), CHECKOUT) == reason
    assert told.why(CLEAR_CART, add(), confirm(), CHECKOUT) is None


def test_a_confirm_comes_after_its_add(told: Told) -> None:
    """Case 77."""
    assert told.why(confirm()) == "confirm_without_add"
    assert told.why(add(), CHECKOUT) == "confirm_without_add"


def test_a_checkout_wants_adds_and_a_confirm(told: Told) -> None:
    """Case 76."""
    assert told.why(CHECKOUT) == "checkout_without_add"
    assert told.why(add(), CHECKOUT) == "checkout_without_confirm"
    assert told.why(confirm(), CHECKOUT) is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"status": "COMPLETED"}, "status_invalid"),
        ({"status": "purchased"}, "status_invalid"),
        ({"status": None}, "attribute_missing"),
        ({"reference_id": None, "referenceId": "MA-490094"}, "attribute_missing"),
        ({"reference_id": 490094}, "attribute_not_text"),
    ],
)
def test_a_wrong_checkout_makes_no_order(told: Told, change: Message, reason: str) -> None:
    """Cases 78 and 80."""
    assert told.why(add(), confirm(), {**CHECKOUT, **change}) == reason
    assert told.orders == []


@pytest.mark.parametrize(
    "status", ["PURCHASED", "PAYMENT_PENDING", "CONFIRMED", "CANCELLED", "REFUNDED"]
)
def test_a_checkout_takes_five_statuses(told: Told, status: str) -> None:
    """They are the statuses of the order that is created."""
    told.why(add(), confirm(), {**CHECKOUT, "status": status})

    assert told.orders[0].status == status


def test_a_lower_case_order_number_is_shown_and_flagged(told: Told) -> None:
    """Documented as upper case; whether the server enforces it is not (case 79)."""
    told.why(add(), confirm(), {**CHECKOUT, "reference_id": "ma-490094"})

    assert told.orders[0].flags == ["reference_not_upper_case"]


def test_a_stranger_gets_no_order() -> None:
    """Orders are shown for customers only, also if the guest becomes one later."""
    told = Told()

    assert told.why(add(), confirm(), CHECKOUT) == "not_a_customer"
    told.take(identity())
    assert told.orders == []


def test_a_payment_follows_the_checkout(told: Told) -> None:
    """Cases 81 and 82."""
    assert told.why(PAYMENT) == "payment_before_checkout"
    assert told.why(add(), confirm(), CHECKOUT, without(PAYMENT, "pay_type")) == "attribute_missing"
    assert told.why(PAYMENT) is None
    assert told.orders[0].payment_type == "Card"


def test_a_single_event_order_takes_no_payment_event(told: Told) -> None:
    """PAYMENT is the optional end of the sequence of several events."""
    assert told.why(order_checkout(), PAYMENT) == "payment_before_checkout"


def test_a_payment_after_the_session_reaches_no_order(told: Told) -> None:
    """The order's session is over."""
    told.why(add(), confirm(), CHECKOUT)
    told.sleep(1200)

    assert told.why(PAYMENT) == "session_timed_out"


def test_a_cleared_cart_forgets_everything(told: Told) -> None:
    """Earlier products are ignored and have to be added again (cases 83 and 84)."""
    told.why(add("SHOES"), add("JEANS"), CLEAR_CART)

    assert told.session().cart_type == "CLOSED"
    assert told.why(CHECKOUT) == "cart_cleared"
    assert told.why(add("SHOES"), confirm("SHOES", "JEANS")) == "cart_cleared"
    assert told.why(CLEAR_CART, add("SHOES"), confirm("SHOES"), CHECKOUT) is None
    assert [item.item_id for item in told.orders[0].items] == ["SHOES"]


def test_a_checkout_empties_the_cart(told: Told) -> None:
    """A second order in the same session needs its own ADDs and CONFIRM."""
    told.why(add(), confirm(), CHECKOUT)

    assert told.why(CHECKOUT) == "already_ordered"
    assert told.why(CLEAR_CART, add("HAT"), confirm("SHOES_8475GHT")) == "already_ordered"
    assert told.why(CLEAR_CART, add("HAT"), confirm("HAT"), CHECKOUT) is None
    assert [order.duplicate for order in told.orders] == [False, True]


def test_a_cart_that_timed_out_cannot_be_bought(told: Told) -> None:
    """The ADDs belong to a session that is closed (case 102)."""
    told.take(add())
    told.sleep(1199)

    assert told.why(confirm()) == "session_timed_out"
    assert told.why(CHECKOUT) == "session_timed_out"
    assert told.orders == []


def test_a_session_lives_on_with_every_event(told: Told) -> None:
    """Silence closes it, not age."""
    told.take(add())
    for _ in range(3):
        told.sleep(1000)
        told.take(VIEW)

    assert told.why(confirm(), CHECKOUT) is None


def test_an_event_that_is_not_processed_keeps_no_session_open(told: Told) -> None:
    """Not documented: the strict view is that it never happened."""
    told.take(add())
    told.sleep(1000)
    told.take({**VIEW, "language": "english"})
    told.sleep(500)

    assert told.why(confirm()) == "session_timed_out"


def test_the_least_patient_point_of_sale_ends_a_session(told: Told) -> None:
    """Timeouts are configured per point of sale; a session with several is not documented."""
    told.take(add(at={"pos": HASTY_SHOP}))
    told.sleep(60)

    assert told.why(confirm()) == "session_timed_out"


def test_a_silent_cart_is_abandoned(told: Told) -> None:
    """Revenue is the sum of latest quantity times latest price (case 101)."""
    told.why(add("SHOES", quantity=1), add("SHOES", quantity=2), add("HAT", quantity=1, price=5))
    told.sleep(1200)

    told.tenant.settle(told.now)

    ended = told.guest().ended[0]
    assert (ended.cart_type, ended.revenue) == ("ABANDONED", Decimal("20.98"))


def test_a_cleared_cart_is_not_abandoned(told: Told) -> None:
    """No message about it follows."""
    told.why(add(), CLEAR_CART)
    told.sleep(1200)

    told.tenant.settle(told.now)

    assert [session.cart_type for session in told.guest().ended] == ["CLOSED"]


def test_force_close_ends_the_session(told: Told) -> None:
    """Described for non-production tenants, which the sandbox is."""
    told.why(add(), {"type": "FORCE_CLOSE", **BASE})

    assert [session.cart_type for session in told.guest().ended] == ["ABANDONED"]
    assert told.why(confirm()) == "session_timed_out"


@pytest.mark.parametrize("there", [{"browser_id": OTHER_BROWSER_ID}, {"channel": "MOBILE_APP"}])
def test_a_cart_cannot_be_bought_in_another_session(told: Told, there: Message) -> None:
    """Another device or channel, even of the same identified guest (case 109)."""
    told.why(identity(browser_id=OTHER_BROWSER_ID), add())

    assert told.why(confirm(**there)) == "cross_session"
    assert told.why({**CHECKOUT, **there}) == "cross_session"
    assert told.orders == []


def test_two_devices_with_one_browser_id_and_channel_are_one_session(told: Told) -> None:
    """Case 110."""
    assert told.why(add("A"), add("B"), confirm("A", "B"), CHECKOUT) is None


def test_data_model_2_0_wants_a_contact(told: Told) -> None:
    """An order cannot exist without one (case 85); CLEAR_CART and CHECKOUT forget it."""
    old: Message = {"pos": OLD_SHOP}
    buy = (add(at=old), confirm(**old), {**CHECKOUT, **old})

    assert told.why(*buy) == "contact_missing"
    assert told.why({**CONTACT, **old}, {**CHECKOUT, **old}) is None
    assert told.why(*buy) == "contact_missing"
    assert told.why({**CLEAR_CART, **old}, {**CONTACT, **old}, *buy) is None


def test_a_contact_of_data_model_2_0_has_title_and_names(told: Told) -> None:
    """Under 2.1 they are optional."""
    bare: Message = {**CONTACT, "contact": [{"title": "Ms"}]}

    assert told.why(bare) is None
    assert told.why({**bare, "pos": OLD_SHOP}) == "attribute_missing"


def test_a_contact_can_identify_the_guest() -> None:
    """ADD_CONTACTS is the other way to identify before CHECKOUT."""
    told = Told()
    contact = {"identifiers": [{"provider": "CRM", "id": "1"}]}

    assert told.why({**CONTACT, "contact": [contact]}, add(), confirm(), CHECKOUT) is None


def test_a_repeated_checkout_of_new_adds_is_a_duplicate(told: Told) -> None:
    """Nothing documents that a reference counts once: both orders are kept."""
    for _ in range(2):
        told.why(add(), confirm(), CHECKOUT)

    assert [order.duplicate for order in told.orders] == [False, True]
