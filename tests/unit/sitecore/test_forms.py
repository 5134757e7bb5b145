"""Which form an order takes: across devices, channels and time-outs."""

from dataclasses import replace

from pipeline.sitecore.point_of_sale import Protocol
from tests.unit.sitecore.samples import (
    APP,
    BASE,
    JEANS,
    SHOES,
    Owes,
    context,
    policy_of,
)
from tests.unit.sitecore.talk import Talk

CLEAR_CART = {"type": "CLEAR_CART", **BASE}
ADD_SHOES = {
    "type": "ADD",
    **BASE,
    "product": {
        "type": "SHOES",
        "item_id": "SHOES_8475GHT",
        "name": "Sneaker",
        "orderedAt": "2025-08-23T16:17:16.000Z",
        "quantity": 1,
        "price": 60,
        "productId": "SHOES_8475",
        "currency": "EUR",
        "referenceId": "SHOES_8475GHT",
    },
}


def test_automatic_sends_an_order_without_a_cart_as_one_event() -> None:
    """The cart form pays only where the session holds something of the order."""
    talk = Talk(policy_of(Protocol.AUTOMATIC))

    talk.tell(Owes().order(SHOES))

    assert talk.types == ["IDENTITY", "ORDER_CHECKOUT"]


def test_automatic_clears_the_cart_before_an_order_goes_as_one_event() -> None:
    """An order whose total is not the sum of its lines; its cart would count as abandoned."""
    talk, owes = Talk(policy_of(Protocol.AUTOMATIC)), Owes()
    order = owes.order(SHOES)

    talk.tell(owes.cart(SHOES))
    talk.tell(replace(order, total=replace(order.total, amount=order.total.amount + 5)))

    assert talk.types == ["ADD", "CLEAR_CART", "IDENTITY", "ORDER_CHECKOUT"]


def test_automatic_sends_an_order_with_extension_data_as_one_event() -> None:
    """CHECKOUT has no place for it."""
    talk, owes = Talk(policy_of(Protocol.AUTOMATIC)), Owes()

    talk.tell(owes.cart(SHOES))
    talk.tell(owes.order(SHOES, attributes={"refundable": True}))

    assert talk.types == ["ADD", "CLEAR_CART", "IDENTITY", "ORDER_CHECKOUT"]


def test_automatic_takes_the_cart_form_where_one_event_is_impossible() -> None:
    """Case 054: a flight cannot be told in one event; all its lines go into a new session."""
    talk = Talk(policy_of(Protocol.AUTOMATIC))

    places = {"origin": "DUB", "destination": "LHR"}
    talk.tell(Owes().order(replace(SHOES, type="flight", attributes=places), JEANS))

    assert talk.types == ["IDENTITY", "ADD", "ADD", "CONFIRM", "CHECKOUT", "PAYMENT"]


def test_case_102_an_order_after_the_time_out_goes_as_one_event() -> None:
    """CONFIRM and CHECKOUT alone would fall into another session than their lines."""
    talk, owes = Talk(policy_of(Protocol.AUTOMATIC)), Owes()

    talk.tell(owes.cart(SHOES))
    talk.pass_s(1170)
    talk.tell(owes.order(SHOES))

    assert talk.types == ["ADD", "IDENTITY", "ORDER_CHECKOUT"]
    assert talk.abandoned == 1


def test_an_order_just_within_the_trusted_time_stays_in_its_session() -> None:
    """The time-out less the margin: 1,170 seconds."""
    talk, owes = Talk(policy_of(Protocol.AUTOMATIC)), Owes()

    talk.tell(owes.cart(SHOES))
    talk.pass_s(1169.999)
    talk.tell(owes.order(SHOES))

    assert talk.types == ["ADD", "IDENTITY", "CONFIRM", "CHECKOUT", "PAYMENT"]


def test_case_102_with_multiple_all_lines_are_added_again_after_the_time_out() -> None:
    """CLEAR_CART first: the old session may just be open, with who knows what in it."""
    talk, owes = Talk(policy_of(Protocol.MULTIPLE)), Owes()

    talk.tell(owes.cart(SHOES))
    talk.pass_s(1170)
    talk.tell(owes.order(SHOES))

    assert talk.types == [
        *("ADD", "CLEAR_CART", "IDENTITY", "ADD", "CONFIRM", "CHECKOUT", "PAYMENT")
    ]
    assert talk.abandoned == 1


def test_a_view_at_the_edge_of_the_time_out_leaves_a_doubt() -> None:
    """It may have kept the old session open, or begun a new one: its lines cannot be counted on."""
    talk, owes = Talk(policy_of(Protocol.MULTIPLE)), Owes()

    talk.tell(owes.cart(SHOES))
    talk.pass_s(1180)
    talk.tell(replace(owes.behaviour(), occurred_at=talk.now))
    talk.tell(replace(owes.cart(SHOES), occurred_at=talk.now))

    assert talk.types == ["ADD", "VIEW", "CLEAR_CART", "ADD"]
    assert talk.abandoned == 1


def test_case_109_a_cart_on_the_web_bought_in_the_app_goes_as_one_event() -> None:
    """Nothing links lines of one session to the purchase in another."""
    talk = Talk(policy_of(Protocol.AUTOMATIC))
    web, app = Owes(), Owes(context("b38b", "MOBILE_APP"))  # type: ignore[arg-type]

    talk.tell(web.cart(SHOES))
    talk.tell(app.order(SHOES))

    assert talk.types == ["ADD", "CLEAR_CART", "IDENTITY", "ORDER_CHECKOUT"]
    assert talk.messages[1] == CLEAR_CART
    assert talk.messages[2]["browser_id"] == "b38b"
    assert talk.messages[3]["channel"] == "MOBILE_APP"


def test_case_109_a_cart_moves_with_the_guest_to_the_other_device() -> None:
    """In the old session it would be counted as abandoned."""
    talk = Talk(policy_of(Protocol.MULTIPLE))
    web, app = Owes(), Owes(context("b38b", "MOBILE_APP"))  # type: ignore[arg-type]

    talk.tell(web.cart(SHOES))
    talk.tell(app.cart(SHOES, JEANS))
    talk.tell(app.order(SHOES, JEANS, payment=None))

    assert talk.types == [*("ADD", "CLEAR_CART", "ADD", "ADD", "IDENTITY", "CONFIRM", "CHECKOUT")]
    assert {m["browser_id"] for m in talk.messages[2:]} == {"b38b"}


def test_case_110_devices_that_share_browser_id_and_channel_share_a_session() -> None:
    """Then it is one cart."""
    talk = Talk(policy_of(Protocol.AUTOMATIC))

    talk.tell(Owes().cart(SHOES))
    talk.tell(replace(Owes().order(SHOES, payment=None), delivery_id="other"))  # type: ignore[arg-type]

    assert talk.types == ["ADD", "IDENTITY", "CONFIRM", "CHECKOUT"]


def test_a_cart_that_is_emptied_elsewhere_is_cleared_where_it_lies() -> None:
    """The guest has one cart, wherever it was filled."""
    talk = Talk(policy_of(Protocol.MULTIPLE))

    talk.tell(Owes().cart(SHOES))
    talk.tell(Owes(context("b38b", "MOBILE_APP")).cart())  # type: ignore[arg-type]

    assert talk.messages == [ADD_SHOES, CLEAR_CART]


def test_automatic_counts_no_sum_over_two_currencies() -> None:
    """Sixty dollars are not sixty euros."""
    talk, owes = Talk(policy_of(Protocol.AUTOMATIC)), Owes()
    dollars = replace(SHOES, unit_price=replace(SHOES.unit_price, currency="USD"))

    talk.tell(owes.cart(dollars))
    talk.tell(owes.order(dollars))

    assert talk.types == ["ADD", "CLEAR_CART", "IDENTITY", "ORDER_CHECKOUT"]


def test_an_order_in_the_cart_form_leaves_no_cart_behind_elsewhere() -> None:
    """It would be counted as abandoned, though its lines are bought."""
    talk = Talk(policy_of(Protocol.MULTIPLE))

    talk.tell(Owes().cart(SHOES))
    talk.tell(Owes(context(APP)).order(SHOES, payment=None))

    assert talk.types == ["ADD", "CLEAR_CART", "IDENTITY", "ADD", "CONFIRM", "CHECKOUT"]
    assert talk.messages[1] == CLEAR_CART
