"""Whole conversations in which everything is accepted, compared with the documented examples."""

from dataclasses import replace

import pytest

from pipeline.commerce.events import Contact, Payment
from pipeline.sitecore.next_step import Finished
from pipeline.sitecore.owed import Identity
from pipeline.sitecore.point_of_sale import DataModel, Protocol
from tests.unit.sitecore.samples import (
    BASE,
    CRM,
    JEANS,
    SHOES,
    Owes,
    policy,
    policy_of,
    shop,
)
from tests.unit.sitecore.talk import Talk

IDENTITY = {"type": "IDENTITY", **BASE, "identifiers": [{"provider": "CRM", "id": "B7524AE6"}]}
CLEAR_CART = {"type": "CLEAR_CART", **BASE}
CHECKOUT = {"type": "CHECKOUT", **BASE, "reference_id": "MA-490094", "status": "PURCHASED"}
PAYMENT = {"type": "PAYMENT", **BASE, "pay_type": "Card"}
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
ADD_JEANS = {
    "type": "ADD",
    **BASE,
    "product": {
        "type": "CLOTHES",
        "item_id": "JEANS_W33L31",
        "name": "Jeans",
        "orderedAt": "2025-08-23T16:17:16.000Z",
        "quantity": 3,
        "price": 7.99,
        "productId": "JEANS_W33",
        "currency": "EUR",
        "referenceId": "JEANS_W33L31",
    },
}
BOTH = [{"item_id": "SHOES_8475GHT"}, {"item_id": "JEANS_W33L31"}]
CONFIRM_BOTH = {"type": "CONFIRM", **BASE, "product": BOTH}
CONFIRM_SHOES = {"type": "CONFIRM", **BASE, "product": [{"item_id": "SHOES_8475GHT"}]}
CART_FORMS = [Protocol.MULTIPLE, Protocol.AUTOMATIC]


def test_case_025_a_guest_is_identified_before_the_order_goes_as_one_event() -> None:
    """Without it the order is accepted and never shown."""
    talk = Talk(policy_of(Protocol.SINGLE))

    end = talk.tell(Owes().order(SHOES))

    assert talk.messages[0] == IDENTITY
    assert talk.types == ["IDENTITY", "ORDER_CHECKOUT"]
    assert isinstance(end, Finished)
    assert end.skipped is None


def test_an_identity_that_was_accepted_is_not_sent_again_with_the_order() -> None:
    """One request less for every order of a known guest."""
    talk, owes = Talk(policy_of(Protocol.SINGLE)), Owes()

    talk.tell(owes.identity())
    talk.tell(owes.order(SHOES))
    talk.tell(owes.order(SHOES, order_id="2"))

    assert talk.types == ["IDENTITY", "ORDER_CHECKOUT", "ORDER_CHECKOUT"]


@pytest.mark.parametrize("protocol", CART_FORMS)
def test_case_067_a_cart_of_two_products_is_bought(protocol: Protocol) -> None:
    """The documented sequence; case 069 and 081 in it: a unit price, and PAYMENT at the end."""
    talk, owes = Talk(policy_of(protocol)), Owes()

    talk.tell(owes.identity())
    talk.tell(owes.cart(SHOES))
    talk.tell(owes.cart(SHOES, JEANS))
    talk.tell(owes.order(SHOES, JEANS))

    assert talk.messages == [IDENTITY, ADD_SHOES, ADD_JEANS, CONFIRM_BOTH, CHECKOUT, PAYMENT]


def test_case_067_an_order_without_a_cart_before_it_brings_its_own_lines() -> None:
    """The order carries everything that its telling may need."""
    talk = Talk(policy_of(Protocol.MULTIPLE))

    talk.tell(Owes().order(SHOES, JEANS))

    assert talk.messages == [IDENTITY, ADD_SHOES, ADD_JEANS, CONFIRM_BOTH, CHECKOUT, PAYMENT]


@pytest.mark.parametrize("protocol", CART_FORMS)
def test_case_073_a_changed_quantity_is_said_as_the_new_total(protocol: Protocol) -> None:
    """A repeated ADD replaces the line; a difference would make wrong amounts."""
    talk, owes = Talk(policy_of(protocol)), Owes()

    talk.tell(owes.cart(SHOES))
    talk.tell(owes.cart(replace(SHOES, quantity=2)))

    twice = {**ADD_SHOES, "product": {**ADD_SHOES["product"], "quantity": 2}}  # type: ignore[dict-item]
    assert talk.messages == [ADD_SHOES, twice]


def test_case_074_one_product_is_confirmed_as_an_array() -> None:
    """A single object is accepted, and the order lost."""
    talk = Talk(policy_of(Protocol.MULTIPLE))

    talk.tell(Owes().order(SHOES, payment=None))

    assert talk.messages == [IDENTITY, ADD_SHOES, CONFIRM_SHOES, CHECKOUT]


@pytest.mark.parametrize("protocol", CART_FORMS)
def test_case_082_a_payment_goes_behind_the_checkout(protocol: Protocol) -> None:
    """Even when it became known long before."""
    talk, owes = Talk(policy_of(protocol)), Owes()

    talk.tell(owes.cart(SHOES))
    talk.tell(owes.order(SHOES))

    assert talk.types == ["ADD", "IDENTITY", "CONFIRM", "CHECKOUT", "PAYMENT"]


@pytest.mark.parametrize("protocol", CART_FORMS)
def test_case_083_an_emptied_cart_is_cleared(protocol: Protocol) -> None:
    """Otherwise it counts as abandoned."""
    talk, owes = Talk(policy_of(protocol)), Owes()

    talk.tell(owes.cart(SHOES))
    end = talk.tell(owes.cart())

    assert talk.messages == [ADD_SHOES, CLEAR_CART]
    assert isinstance(end, Finished)
    assert end.skipped is None


@pytest.mark.parametrize("protocol", CART_FORMS)
def test_case_084_after_clear_cart_every_line_is_added_again(protocol: Protocol) -> None:
    """What was added before is ignored."""
    talk, owes = Talk(policy_of(protocol)), Owes()

    talk.tell(owes.identity())
    talk.tell(owes.cart(SHOES, JEANS))
    talk.tell(owes.cart())
    talk.tell(owes.cart(SHOES, JEANS))
    talk.tell(owes.order(SHOES, JEANS))

    assert talk.messages[3:] == [
        *(CLEAR_CART, ADD_SHOES, ADD_JEANS, CONFIRM_BOTH, CHECKOUT, PAYMENT)
    ]


@pytest.mark.parametrize("protocol", CART_FORMS)
def test_a_removed_line_clears_the_cart_and_adds_what_remains(protocol: Protocol) -> None:
    """No message takes one line out."""
    talk, owes = Talk(policy_of(protocol)), Owes()

    talk.tell(owes.cart(SHOES, JEANS))
    talk.tell(owes.cart(JEANS))

    assert talk.messages == [ADD_SHOES, ADD_JEANS, CLEAR_CART, ADD_JEANS]


@pytest.mark.parametrize("protocol", CART_FORMS)
def test_an_equal_cart_needs_no_message(protocol: Protocol) -> None:
    """The session holds it already."""
    talk, owes = Talk(policy_of(protocol)), Owes()

    talk.tell(owes.cart(SHOES))
    end = talk.tell(owes.cart(SHOES))

    assert talk.types == ["ADD"]
    assert isinstance(end, Finished)
    assert end.skipped == "cart_accepted"


def test_a_point_of_sale_of_single_orders_sends_no_carts() -> None:
    """A cart without a checkout would be counted as abandoned."""
    talk = Talk(policy_of(Protocol.SINGLE))

    end = talk.tell(Owes().cart(SHOES))

    assert talk.types == []
    assert isinstance(end, Finished)
    assert end.skipped == "orders_only"


def test_case_085_data_model_2_0_names_the_owner_before_it_confirms() -> None:
    """An order needs a contact there, once a session and again after CLEAR_CART."""
    known = Contact(title="Ms", first_name="Ada", last_name="Byron")
    who = Identity(CRM.identifiers, known)
    rules = policy(shop(protocol=Protocol.MULTIPLE, data_model=DataModel.V2_0))
    talk, owes = Talk(rules), Owes()

    talk.tell(replace(owes.order(SHOES, payment=None), identity=who))
    talk.tell(replace(owes.order(JEANS, payment=None, order_id="2"), identity=who))

    once = ["ADD", "ADD_CONTACTS", "CONFIRM", "CHECKOUT"]
    assert talk.types == ["IDENTITY", *once, *once]
    contact = talk.messages[2]["contact"]
    assert contact == [
        {
            "identifiers": [{"provider": "CRM", "id": "B7524AE6"}],
            "title": "Ms",
            "firstname": "Ada",
            "lastname": "Byron",
        }
    ]


def test_after_a_purchase_the_next_cart_starts_from_nothing() -> None:
    """What was bought is no longer in the cart."""
    talk, owes = Talk(policy_of(Protocol.MULTIPLE)), Owes()

    talk.tell(owes.order(SHOES, payment=None))
    talk.tell(owes.cart(SHOES))

    assert talk.types == ["IDENTITY", "ADD", "CONFIRM", "CHECKOUT", "ADD"]


def test_an_unpaid_order_of_the_cart_form_takes_the_default() -> None:
    """What is said of an order whose payment stayed unknown is a setting."""
    rules = policy(shop(protocol=Protocol.MULTIPLE, payment_type_default="Other"))
    talk = Talk(rules)

    talk.tell(Owes().order(SHOES, payment=None))

    assert talk.messages[-1] == {**PAYMENT, "pay_type": "Other"}


def test_case_045_only_a_card_has_a_brand() -> None:
    """PayPal goes without, even if the shop names one."""
    talk = Talk(policy_of(Protocol.SINGLE))

    talk.tell(Owes().order(SHOES, payment=Payment("PayPal", "Visa")))

    assert talk.messages[-1]["order"]["paymentType"] == "PayPal"  # type: ignore[index]
    assert "cardType" not in talk.messages[-1]["order"]  # type: ignore[operator]
