"""What one form of an order cannot carry."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from pipeline.commerce.events import Contact, Money, Payment
from pipeline.refusal import Refusal
from pipeline.sitecore.next_step import Finished, SetAside
from pipeline.sitecore.owed import Identity, OwedOrder
from pipeline.sitecore.point_of_sale import DataModel, Protocol
from pipeline.sitecore.rules import (
    CART_RULES,
    SINGLE_RULES,
    UNSUPPORTED_TYPES,
    broken,
    broken_by_behaviour,
)
from tests.unit.sitecore.samples import CRM, JEANS, SHOES, Owes, policy, shop
from tests.unit.sitecore.talk import Talk

ORDER = Owes().order(SHOES, JEANS)
NAMED = Identity(CRM.identifiers, Contact(title="Ms", first_name="Ada", last_name="Byron"))
FIFTY_ONE = {f"a{n}": n for n in range(51)}


def single(order: OwedOrder = ORDER, **settings: Any) -> Refusal | None:
    return broken(SINGLE_RULES, order, shop(**settings))


def cart(order: OwedOrder = ORDER, **settings: Any) -> Refusal | None:
    return broken(CART_RULES, order, shop(**settings))


def with_line(**changes: Any) -> OwedOrder:
    return replace(ORDER, lines=(SHOES, replace(JEANS, **changes)))


def test_an_ordinary_order_breaks_no_rule() -> None:
    """Both forms can carry it."""
    assert single() is None
    assert cart() is None


def test_case_065_data_model_2_0_has_no_order_in_one_event() -> None:
    """It needs the multi-event form."""
    refusal = single(data_model=DataModel.V2_0)

    assert refusal == Refusal("data_model", "pointOfSale", "data model 2.0")


@pytest.mark.parametrize("status", ["CONFIRMED", "CANCELLED", "REFUNDED"])
def test_case_050_one_event_takes_two_statuses_and_checkout_takes_five(status: str) -> None:
    """Whether it would take more is not documented."""
    order = replace(ORDER, status=status)

    assert single(order) == Refusal("order_status", "status", status)
    assert cart(order) is None
    assert single(replace(ORDER, status="payment_pending")) is None


def test_case_080_no_form_takes_any_other_status() -> None:
    """One of five values."""
    assert cart(replace(ORDER, status="COMPLETED")) == Refusal(
        "order_status", "status", "COMPLETED"
    )


@pytest.mark.parametrize("payment", [None, Payment("")])
def test_case_046_one_event_needs_a_payment_type(payment: Payment | None) -> None:
    """Of the order, or of the point of sale."""
    order = replace(ORDER, payment=payment)

    assert single(order) == Refusal("payment_type_missing", "payment.type", "nothing")
    assert (single(order, payment_type_default="Other") is None) == (payment is None)
    assert cart(order) is None


@pytest.mark.parametrize("kind", ["Card", "CARD", "card"])
def test_case_044_one_event_needs_the_brand_of_a_card(kind: str) -> None:
    """However the shop writes it."""
    order = replace(ORDER, payment=Payment(kind))

    assert single(order) == Refusal("card_type_missing", "payment.cardType", "nothing")
    assert cart(order) is None
    assert single(replace(ORDER, payment=Payment("PayPal"))) is None


@pytest.mark.parametrize("kind", sorted(UNSUPPORTED_TYPES))
def test_case_054_055_one_event_does_not_support_some_item_types(kind: str) -> None:
    """Even if they are declared."""
    order = with_line(type=kind.lower(), attributes={"origin": "DUB", "destination": "LHR"})

    refusal = single(order, item_types=frozenset({kind, "SHOES"}))

    assert refusal == Refusal("item_type_unsupported", "lines.type", kind.lower())
    assert cart(order) is None


def test_case_057_one_event_takes_declared_item_types_only() -> None:
    """Where the settings name them."""
    declared = frozenset({"SHOES"})

    assert single(item_types=declared) == Refusal("item_type_undeclared", "lines.type", "CLOTHES")
    assert single(item_types=frozenset({"SHOES", "CLOTHES"})) is None
    assert cart(item_types=declared) is None


def test_case_060_one_event_needs_prices_in_the_organizations_currency() -> None:
    """Nobody but the shop knows the rate."""
    dollars = Money(Decimal(10), "usd")
    order = with_line(unit_price=dollars)
    known = with_line(unit_price=dollars, organization_unit_price=JEANS.unit_price)

    refusal = single(order, organization_currency="EUR")

    assert refusal == Refusal("organization_price_missing", "lines.organizationUnitPrice", "usd")
    assert single(known, organization_currency="eur") is None
    assert single(order) is None


@pytest.mark.parametrize("where", ["", "lines."])
def test_case_111_an_order_and_an_item_have_fifty_attributes_at_most(where: str) -> None:
    """Both limits are documented."""
    order = with_line(attributes=FIFTY_ONE) if where else replace(ORDER, attributes=FIFTY_ONE)

    assert single(order) == Refusal("attributes_too_many", f"{where}attributes", "51")


def test_an_attribute_of_an_order_has_its_declared_type() -> None:
    """Two types under one name conflict."""
    order = replace(ORDER, attributes={"gift-wrap": "yes"})

    refusal = single(order, attribute_types={"giftWrap": "boolean"})

    assert refusal == Refusal("attribute_type", "attributes.gift-wrap", "str")


@pytest.mark.parametrize("name", ["name", "key", "Name", "-key-"])
def test_case_062_an_attribute_of_an_order_must_not_hide_the_extensions_own(name: str) -> None:
    """Its ``name`` must be ``ext`` and its ``key`` ``default``."""
    order = replace(ORDER, attributes={name: "promo"})

    assert single(order) == Refusal("attribute_name", "attributes", name)


def test_an_order_without_lines_cannot_be_confirmed() -> None:
    """CONFIRM lists what was added."""
    order = replace(ORDER, lines=())

    assert cart(order) == Refusal("lines_missing", "lines", "nothing")
    assert single(order) is None


def test_an_item_that_is_there_twice_cannot_be_added_twice() -> None:
    """The second ADD would replace the first."""
    order = replace(ORDER, lines=(SHOES, JEANS, SHOES))

    assert cart(order) == Refusal("item_repeated", "lines.itemId", SHOES.item_id)
    assert single(order) is None


@pytest.mark.parametrize("missing", ["title", "first_name", "last_name"])
def test_case_085_data_model_2_0_needs_an_owner_with_title_and_name(missing: str) -> None:
    """All three are required there."""
    old = DataModel.V2_0
    order = replace(ORDER, identity=NAMED)
    unnamed = NAMED._replace(contact=NAMED.contact._replace(**{missing: None}))  # type: ignore[arg-type]

    refusal = cart(replace(ORDER, identity=unnamed), data_model=old)

    assert refusal == Refusal("contact_incomplete", "contact", "no title or name")
    assert cart(order, data_model=old) is None
    assert cart(order, data_model=old, personal_fields=False) == refusal
    assert cart() is None


def test_case_090_behaviour_has_fifty_attributes_at_most() -> None:
    """The fifty-first would be dropped by nobody knows whom."""
    refusal = broken_by_behaviour(Owes().behaviour("VIEW", FIFTY_ONE), shop())

    assert refusal == Refusal("attributes_too_many", "attributes", "51")


def test_case_093_behaviour_keeps_the_type_of_an_attribute() -> None:
    """One data type per name and event type."""
    owed = Owes().behaviour("VIEW", {"status": "OK"})

    refusal = broken_by_behaviour(owed, shop(attribute_types={"status": "integer"}))

    assert refusal == Refusal("attribute_type", "attributes.status", "str")
    assert broken_by_behaviour(owed, shop(attribute_types={"status": "string"})) is None


@pytest.mark.parametrize(
    ("protocol", "change", "refusal"),
    [
        (Protocol.SINGLE, {"payment": None}, "payment_type_missing"),
        (Protocol.MULTIPLE, {"lines": ()}, "lines_missing"),
        (Protocol.AUTOMATIC, {"payment": None, "lines": ()}, "payment_type_missing"),
    ],
)
def test_an_order_that_no_form_can_carry_is_set_aside(
    protocol: Protocol, change: Mapping[str, Any], refusal: str
) -> None:
    """Before anything of it is sent."""
    talk = Talk(policy(shop(protocol=protocol)))

    end = talk.tell(replace(ORDER, **change))

    assert isinstance(end, SetAside)
    assert end.refusal.rule == refusal
    assert talk.types == []


def test_automatic_takes_the_form_that_is_left() -> None:
    """A card without a brand cannot be told in one event, but by CHECKOUT and PAYMENT."""
    talk = Talk(policy(shop(protocol=Protocol.AUTOMATIC)))

    end = talk.tell(replace(ORDER, payment=Payment("Card")))

    assert isinstance(end, Finished)
    assert talk.types == ["IDENTITY", "ADD", "ADD", "CONFIRM", "CHECKOUT", "PAYMENT"]


def test_behaviour_that_breaks_a_rule_is_set_aside_before_it_is_sent() -> None:
    """Sitecore would take it."""
    talk = Talk()

    end = talk.tell(Owes().behaviour("VIEW", FIFTY_ONE))

    assert isinstance(end, SetAside)
    assert talk.types == []
