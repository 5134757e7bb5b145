"""Cases 67 to 88: an order as several events, ADD, CONFIRM and CHECKOUT."""

from typing import Any

import pytest

from pipeline.errors import DataError
from pipeline.sandbox.settings import EXAMPLE_SHOP
from tests.cases.installation import Installation, answering, told
from tests.cases.shop import (
    BASE,
    JEANS,
    OUTBOUND,
    RETURN,
    SHOES,
    Document,
    added,
    changed,
    cleared,
    identified,
    line,
    paid,
    placed,
    without,
)
from tests.fakes import http_answer

MULTIPLE = {"protocol": "multiple"}


def cart_form(*documents: Document, **point_of_sale: Any) -> Installation:
    """What a known guest does at a point of sale that sends orders in the cart form alone."""
    return told(identified(), *documents, **(MULTIPLE | point_of_sale))


def products(installation: Installation) -> list[dict[str, Any]]:
    """The product of every ADD."""
    return [said["product"] for said in installation.messages if said["type"] == "ADD"]


def test_case_067_a_cart_of_two_products_is_bought() -> None:
    """Two products are put into the cart and bought.

    ADD of each, CONFIRM of both, CHECKOUT, and PAYMENT.
    """
    order = placed(16, SHOES, JEANS)
    installation = told(identified(), added(2, SHOES), added(3, JEANS), order)

    assert installation.types == ["IDENTITY", "ADD", "ADD", "CONFIRM", "CHECKOUT", "PAYMENT"]
    assert installation.only("CONFIRM") == {
        "type": "CONFIRM",
        "product": [{"item_id": "SHOES_8475GHT"}, {"item_id": "JEANS_W33L31"}],
        **BASE,
    }
    assert installation.only("CHECKOUT") == {
        "type": "CHECKOUT",
        "reference_id": "MA-490094",
        "status": "PURCHASED",
        **BASE,
    }


def test_case_068_two_products_in_one_add() -> None:
    """Two products could go in one ADD.

    Each goes in one of its own: an event has one line, and the schema cannot say two.
    """
    assert all(isinstance(said, dict) for said in products(cart_form(placed(16, SHOES, JEANS))))

    with pytest.raises(DataError, match="line is an array; want an object"):
        told(added(2, SHOES) | {"line": [SHOES, JEANS]})


def test_case_069_several_pieces() -> None:
    """Three pieces at 7.99 are put into the cart.

    Quantity 3 and the price of one piece leave.
    """
    (jeans,) = products(told(added(2, JEANS)))

    assert (jeans["quantity"], jeans["price"]) == (3, 7.99)


def test_case_070_a_quantity_as_text() -> None:
    """A quantity is the text `3`.

    It is refused where it is read: as text it would make the order fail.
    """
    with pytest.raises(DataError, match=r"line\.quantity"):
        told(added(2, JEANS | {"quantity": "3"}))


def test_case_071_a_line_without_an_item_id() -> None:
    """A line has no item id.

    It is refused where it is read: CONFIRM names lines by it.
    """
    for wrong in (without(SHOES, "itemId"), SHOES | {"itemId": ""}):
        with pytest.raises(DataError, match=r"line\.itemId"):
            told(added(2, wrong))


def test_case_072_a_line_without_a_product_or_a_currency() -> None:
    """A line lacks its reference, its product id or its currency.

    The item id is the reference; the others are refused where they are read. A line without a
    name or a type is refused, in a cart and in an order of the cart form.
    """
    (shoes,) = products(told(added(2, SHOES)))
    assert shoes["referenceId"] == shoes["item_id"] == "SHOES_8475GHT"
    assert (shoes["productId"], shoes["currency"]) == ("SHOES", "EUR")

    with pytest.raises(DataError, match="productId"):
        told(added(2, without(SHOES, "productId")))
    with pytest.raises(DataError, match="currency"):
        told(added(2, SHOES | {"unitPrice": {"amount": 60}}))
    nameless = line(type="HOTEL", name="")
    assert told(added(2, nameless)).rules == [("missing_text", "line.name")]
    assert "missing_text" in {rule for rule, _ in cart_form(placed(16, nameless)).rules}
    assert told(identified(), placed(16, nameless)).types == ["IDENTITY"]


def test_case_073_a_quantity_that_changes() -> None:
    """The quantity of a line changes from 1 to 2.

    A second ADD of its item leaves, with the new quantity and not the difference.
    """
    sent = products(told(added(2, SHOES), changed(3, SHOES | {"quantity": 2})))

    assert [(said["item_id"], said["quantity"]) for said in sent] == [
        ("SHOES_8475GHT", 1),
        ("SHOES_8475GHT", 2),
    ]


def test_case_074_one_product_is_confirmed() -> None:
    """One product is bought.

    CONFIRM has an array of one.
    """
    assert cart_form(placed(16, SHOES)).only("CONFIRM")["product"] == [{"item_id": "SHOES_8475GHT"}]


def test_case_075_an_item_that_was_not_added_is_bought() -> None:
    """An order has an item that was never put into the cart.

    Its ADD leaves first: CONFIRM names nothing that the session does not hold.
    """
    installation = cart_form(added(2, SHOES), placed(16, SHOES, JEANS))

    assert [said["item_id"] for said in products(installation)] == ["SHOES_8475GHT", "JEANS_W33L31"]
    assert installation.types == ["IDENTITY", "ADD", "ADD", "CONFIRM", "CHECKOUT", "PAYMENT"]


def test_case_076_a_checkout_without_a_confirm() -> None:
    """CHECKOUT could go without a CONFIRM.

    It goes behind one, also when the CONFIRM has to be tried again.
    """
    fails = http_answer(500, b"")
    taken = http_answer()
    answers = answering(taken, taken, fails, fails)
    installation = Installation({"name": EXAMPLE_SHOP} | MULTIPLE, answer=answers)
    installation.hears(identified(), placed(16, SHOES)).rests()

    assert installation.types == [
        *("IDENTITY", "ADD", "CONFIRM", "CONFIRM", "CONFIRM"),
        *("CHECKOUT", "PAYMENT"),
    ]


def test_case_077_a_confirm_before_the_add() -> None:
    """A line comes after the order that bought it.

    An order that names its lines brings them along; one that takes those of the cart waits for
    them. ADD always goes before CONFIRM.
    """
    late = placed(16, total={"amount": "60", "currency": "EUR"})
    for installation in (
        cart_form(placed(16, SHOES), added(15, SHOES)),
        cart_form(late, added(15, SHOES)),
    ):
        assert installation.types[:4] == ["IDENTITY", "ADD", "CONFIRM", "CHECKOUT"]


def test_case_078_the_number_of_an_order_in_checkout() -> None:
    """CHECKOUT and ORDER_CHECKOUT call the number of an order differently.

    CHECKOUT says `reference_id`, ORDER_CHECKOUT `referenceId`.
    """
    checkout = cart_form(placed(16, SHOES)).only("CHECKOUT")
    order = told(identified(), placed(16, SHOES)).only("ORDER_CHECKOUT")["order"]

    assert checkout["reference_id"] == order["referenceId"] == "MA-490094"
    assert "referenceId" not in checkout


@pytest.mark.parametrize(("upper", "sent"), [(False, "ma-490094"), (True, "MA-490094")])
def test_case_079_an_order_number_in_lower_case(upper: bool, sent: str) -> None:
    """An order's number is `ma-490094`.

    It leaves as it is, or in upper case with `upper_case_order_ids`: in either form alike.
    """
    order = placed(16, SHOES, orderId="ma-490094")

    checkout = cart_form(order, upper_case_order_ids=upper).only("CHECKOUT")
    single = told(identified(), order, upper_case_order_ids=upper).only("ORDER_CHECKOUT")
    assert checkout["reference_id"] == single["order"]["referenceId"] == sent


def test_case_080_a_status_that_sitecore_does_not_know() -> None:
    """An order's status is `COMPLETED`.

    It is refused: one of five words is wanted. The three that CHECKOUT alone lists leave in the
    cart form.
    """
    assert cart_form(placed(16, SHOES, status="COMPLETED")).rules == [("unknown_status", "status")]
    for status in ("CONFIRMED", "CANCELLED", "REFUNDED"):
        installation = told(identified(), placed(16, SHOES, status=status))
        assert installation.only("CHECKOUT")["status"] == status


def test_case_081_a_payment_after_the_purchase() -> None:
    """The payment is known after the order was sent.

    PAYMENT leaves behind CHECKOUT while its session is open. An order of one event, or of a
    session that may be closed, takes no payment any more: it is set aside.
    """
    order = placed(16, SHOES, payment=None)
    installation = cart_form(order, paid(200))
    assert installation.types[-2:] == ["CHECKOUT", "PAYMENT"]
    assert installation.only("PAYMENT") == {"type": "PAYMENT", "pay_type": "Card", **BASE}

    late = cart_form(order, paid(1400))
    assert late.rules == [("payment_not_possible", "payment")]


def test_case_082_a_payment_before_the_order() -> None:
    """The payment comes before the order that it is for.

    It waits for its order, up to `order_wait_s`, and leaves behind CHECKOUT.
    """
    installation = cart_form(paid(10), placed(16, SHOES, payment=None))

    assert installation.types == ["IDENTITY", "ADD", "CONFIRM", "CHECKOUT", "PAYMENT"]
    assert told(paid(10)).rules == [("order_unknown", "orderId")]


def test_case_083_a_cart_that_is_emptied() -> None:
    """The guest empties the cart.

    CLEAR_CART leaves, without a product.
    """
    installation = told(added(2, SHOES), cleared(3))

    assert installation.only("CLEAR_CART") == {"type": "CLEAR_CART", **BASE}


def test_case_084_a_purchase_after_the_cart_was_emptied() -> None:
    """The guest empties the cart, and buys the same things after all.

    ADD of every line leaves again, before CONFIRM.
    """
    installation = cart_form(added(2, SHOES), cleared(3), placed(16, SHOES))

    assert installation.types == [
        *("IDENTITY", "ADD", "CLEAR_CART", "ADD", "CONFIRM"),
        *("CHECKOUT", "PAYMENT"),
    ]


def test_case_085_data_model_2_0_without_an_owner() -> None:
    """A tenant of data model 2.0 is sent an order, and the guest has no title or name.

    The order is refused: it needs an owner. With one, ADD_CONTACTS leaves before CONFIRM, and
    again after CLEAR_CART.
    """
    old = MULTIPLE | {"data_model": "2.0"}
    assert told(identified(), placed(16, SHOES), **old).rules == [("contact_incomplete", "contact")]

    who = identified(contact={"title": "Ms", "firstName": "Ann", "lastName": "Lee"})
    installation = told(who, placed(16, SHOES), placed(17, JEANS, orderId="MA-2"), **old)
    order = ["ADD", "ADD_CONTACTS", "CONFIRM", "CHECKOUT", "PAYMENT"]
    assert installation.types == ["IDENTITY", *order, *order]


def test_case_086_a_contact_as_an_object() -> None:
    """The contact of ADD_CONTACTS could be an object.

    It is always an array of one.
    """
    who = identified(contact={"title": "Ms", "firstName": "Ann", "lastName": "Lee"})
    said = told(who, placed(16, SHOES), **MULTIPLE, data_model="2.0").only("ADD_CONTACTS")

    assert said["contact"] == [
        {
            "identifiers": [{"provider": "CRM", "id": "B7524AE6"}],
            "title": "Ms",
            "firstname": "Ann",
            "lastname": "Lee",
        }
    ]


def test_case_087_an_owner_of_an_order_in_one_event() -> None:
    """ADD_CONTACTS could go with ORDER_CHECKOUT.

    It never does: data model 2.1 knows the owner by IDENTITY.
    """
    who = identified(contact={"title": "Ms", "firstName": "Ann", "lastName": "Lee"})

    assert told(who, placed(16, SHOES)).types == ["IDENTITY", "ORDER_CHECKOUT"]


def test_case_088_a_return_flight() -> None:
    """A guest books a flight and the flight back.

    The outbound flight leaves first, and the one back only once that is taken.
    """
    fails = http_answer(503, b"")
    taken = http_answer()
    installation = Installation(
        {"name": EXAMPLE_SHOP} | MULTIPLE, answer=answering(taken, fails, fails)
    )
    installation.hears(identified(), placed(16, OUTBOUND, RETURN)).rests()

    sent = [said["item_id"] for said in products(installation)]
    assert sent == ["DUB-LHR", "DUB-LHR", "DUB-LHR", "LHR-DUB"]
    assert installation.types[-3:] == ["CONFIRM", "CHECKOUT", "PAYMENT"]
