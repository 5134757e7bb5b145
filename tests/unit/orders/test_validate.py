"""What no form of a point of sale's protocol can carry is refused, by a fixed name."""

from dataclasses import replace
from decimal import Decimal

import pytest

from pipeline.commerce.events import (
    CommerceEvent,
    Contact,
    Identifier,
    Money,
    OrderPlaced,
    Payment,
)
from pipeline.orders.bounds import AHEAD_MAX_S, ATTRIBUTES_MAX, ID_CHARACTERS_MAX, LINES_MAX
from pipeline.record import DAY_S
from tests.unit.orders.story import (
    POLICY,
    Story,
    added,
    at,
    but,
    changed,
    identified,
    line,
    paid,
    placed,
    raised,
    removed,
    searched,
    told,
    viewed,
)

ORDER = placed(1, "1001", line("shoes"))


def refusals(*events: CommerceEvent) -> list[tuple[str, str]]:
    """Rule and field of all that is refused of events read at second 5."""
    story = Story()
    story.hears(*events, second=5)
    return [(aside.refusal.rule, aside.refusal.field) for aside in story.set_aside]


def with_line(**fields: object) -> OrderPlaced:
    """An order whose one line has these fields."""
    return replace(ORDER, lines=(replace(line("shoes"), **fields),))  # type: ignore[arg-type]


@pytest.mark.parametrize("event", [viewed(1), added(1, "a"), identified(1), ORDER, paid(1)])
@pytest.mark.parametrize(
    ("field", "value", "refusal"),
    [
        ("point_of_sale", "atlantis", ("unknown_point_of_sale", "pointOfSale")),
        ("point_of_sale", "SHOP", ("unknown_point_of_sale", "pointOfSale")),
        ("channel", "SERVER_SIDE", ("unknown_channel", "channel")),
        ("channel", "", ("unknown_channel", "channel")),
        ("currency", "€", ("invalid_currency", "currency")),
        ("currency", "EURO", ("invalid_currency", "currency")),
        ("currency", "E1R", ("invalid_currency", "currency")),
        ("occurred_at", at(6 + AHEAD_MAX_S), ("occurred_in_future", "occurredAt")),
    ],
)
def test_circumstances_that_sitecore_would_not_show_are_refused(
    event: CommerceEvent, field: str, value: object, refusal: tuple[str, str]
) -> None:
    """Sitecore answers 201 to an unknown point of sale and never shows the event."""
    assert refusals(but(event, **{field: value})) == [refusal]


@pytest.mark.parametrize(
    ("event", "refusal"),
    [
        (but(ORDER, order_id=""), ("missing_text", "orderId")),
        (but(ORDER, order_id="x" * (ID_CHARACTERS_MAX + 1)), ("id_too_long", "orderId")),
        (but(ORDER, ordered_at=at(4 - 30 * DAY_S)), ("historic_order", "orderedAt")),
        (but(ORDER, ordered_at=at(6 + DAY_S)), ("ordered_in_future", "orderedAt")),
        (but(ORDER, status="COMPLETED"), ("unknown_status", "status")),
        (but(ORDER, status=""), ("unknown_status", "status")),
        (but(ORDER, status="CONFIRMED", point_of_sale="kiosk"), ("unknown_status", "status")),
        (but(ORDER, total=Money(Decimal(1), "EURO")), ("invalid_currency", "total.currency")),
        (but(ORDER, total=Money(Decimal("NaN"), "EUR")), ("invalid_amount", "total.amount")),
        (but(ORDER, total=Money(Decimal("1E18"), "EUR")), ("invalid_amount", "total.amount")),
        (but(ORDER, payment=Payment("")), ("missing_text", "payment.type")),
        (
            but(ORDER, attributes={f"a{n}": n for n in range(ATTRIBUTES_MAX + 1)}),
            ("too_many_attributes", "attributes"),
        ),
        (but(ORDER, attributes={"a": float("inf")}), ("invalid_attribute", "attributes.a")),
        (with_line(quantity=0), ("invalid_quantity", "lines.0.quantity")),
        (with_line(quantity=-1), ("invalid_quantity", "lines.0.quantity")),
        (
            with_line(unit_price=Money(Decimal(1), "EURO")),
            ("invalid_currency", "lines.0.unitPrice.currency"),
        ),
        (
            with_line(organization_unit_price=Money(Decimal("Infinity"), "EUR")),
            ("invalid_amount", "lines.0.organizationUnitPrice.amount"),
        ),
        (
            with_line(attributes={"a": float("nan")}),
            ("invalid_attribute", "lines.0.attributes.a"),
        ),
        (
            but(ORDER, lines=tuple(line(f"i{n}") for n in range(LINES_MAX + 1))),
            ("too_many_lines", "lines"),
        ),
    ],
)
def test_an_order_that_no_form_can_carry_is_refused(
    event: CommerceEvent, refusal: tuple[str, str]
) -> None:
    """Before anything is owed, since what is owed is sent."""
    assert refusals(event) == [refusal]


@pytest.mark.parametrize(
    ("event", "refusal"),
    [
        (with_line(item_id=""), ("missing_text", "lines.0.itemId")),
        (with_line(product_id=""), ("missing_text", "lines.0.productId")),
        (with_line(type=""), ("missing_text", "lines.0.type")),
        (with_line(name=""), ("missing_text", "lines.0.name")),
        (but(ORDER, lines=(line("a"), line("a", 2))), ("repeated_item", "lines")),
    ],
)
def test_rules_of_the_cart_form_bind_where_it_is_the_only_one(
    event: OrderPlaced, refusal: tuple[str, str]
) -> None:
    """Elsewhere the order goes as one event, which requires none of it."""
    assert refusals(but(event, point_of_sale="classic")) == [refusal]
    assert refusals(but(event, point_of_sale="kiosk")) == []
    assert refusals(event) == []


@pytest.mark.parametrize(
    ("event", "refusal"),
    [
        (but(added(1, "a"), line=line("a", -1)), ("invalid_quantity", "line.quantity")),
        (but(added(1, "a"), line=line("")), ("missing_text", "line.itemId")),
        (but(changed(1, "a", 1), line=replace(line("a"), name="")), ("missing_text", "line.name")),
        (
            but(added(1, "a"), line=line("a", 1, "-Infinity")),
            ("invalid_amount", "line.unitPrice.amount"),
        ),
        (removed(1, ""), ("missing_text", "itemId")),
        (but(identified(1), identifiers=()), ("identifiers_missing", "identifiers")),
        (
            but(identified(1), identifiers=(Identifier("CRM", ""),)),
            ("missing_text", "identifiers.0.id"),
        ),
        (
            but(identified(1), identifiers=(Identifier("", "C1"),)),
            ("missing_text", "identifiers.0.provider"),
        ),
        (
            but(identified(1), identifiers=(Identifier("crm", "1"),), point_of_sale="strict"),
            ("unknown_identity_provider", "identifiers.0.provider"),
        ),
        (paid(1, ""), ("missing_text", "orderId")),
        (searched(1, ""), ("missing_text", "productName")),
        (searched(1, "x", ""), ("missing_text", "productType")),
        (searched(1, "DUB", "flight"), ("flight_search", "productType")),
        (raised(1, ""), ("missing_text", "name")),
        (raised(1, "payment"), ("reserved_name", "name")),
        (raised(1, "SC_ORDER"), ("reserved_name", "name")),
        (raised(1, "ORDER_UPDATE"), ("reserved_name", "name")),
        (but(viewed(1), attributes={"a": float("nan")}), ("invalid_attribute", "attributes.a")),
    ],
)
def test_what_sitecore_would_take_for_something_else_is_refused(
    event: CommerceEvent, refusal: tuple[str, str]
) -> None:
    """Each by a name of its own, at the field that is wrong."""
    assert refusals(event) == [refusal]


@pytest.mark.parametrize(
    "event",
    [
        but(ORDER, channel="web"),
        but(ORDER, currency="eur"),
        but(ORDER, status="payment_pending"),
        but(ORDER, status="CONFIRMED"),
        but(ORDER, status="REFUNDED", point_of_sale="classic"),
        but(ORDER, ordered_at=at(6 - 30 * DAY_S)),
        but(ORDER, occurred_at=at(4 + DAY_S)),
        but(ORDER, lines=tuple(line(f"i{n}") for n in range(150))),
        but(ORDER, attributes={f"a{n}": n for n in range(ATTRIBUTES_MAX)}),
        with_line(unit_price=Money(Decimal("-45"), "USD")),
        with_line(type="FLIGHT"),
        but(ORDER, payment=Payment("Card")),
        but(ORDER, total=Money(Decimal("999999999999999999.999999"), "eur")),
        but(identified(1), identifiers=(Identifier("CRM", "1"),), point_of_sale="strict"),
        but(identified(1), identifiers=(), point_of_sale="old"),
        raised(1, "myshop:CLICKED_PROMO"),
        but(added(1, "a"), line=replace(line("a"), name=""), point_of_sale="kiosk"),
    ],
)
def test_what_some_form_can_carry_is_not_refused(event: CommerceEvent) -> None:
    """Writing is mended later, and rules that bind one form choose the form later."""
    assert refusals(event) == []


def test_an_identity_of_nothing_is_refused_in_either_data_model() -> None:
    """A tenant of the older model identifies by contact data; that must be there then."""
    nothing = but(identified(1), identifiers=(), contact=Contact(), point_of_sale="old")

    assert refusals(nothing) == [("identifiers_missing", "identifiers")]


def test_lines_of_the_cart_are_checked_when_the_order_takes_them() -> None:
    """They came by another point of sale, whose protocol asks for less."""
    nameless = replace(line("a"), name="")
    story = told(
        identified(0),
        but(added(1, "a"), line=nameless, point_of_sale="kiosk"),
        but(placed(2, total="10.00"), point_of_sale="classic"),
    )

    assert story.rules == ["missing_text"]
    assert story.orders == []


def test_a_refusal_says_what_was_found_in_a_hundred_characters() -> None:
    """A letter's headers are read by people."""
    story = told(but(viewed(1), point_of_sale="x" * 500))

    assert story.set_aside[0].refusal.found == "x" * 100


def test_a_refusal_of_an_identity_says_nothing_of_the_person() -> None:
    """What was found is logged."""
    event = but(identified(1), identifiers=(Identifier("crm", "secret-7"),), point_of_sale="strict")
    story = told(event)

    assert story.set_aside[0].refusal.found == "crm"


def test_every_channel_of_the_stream_api_is_taken() -> None:
    """All thirteen that are documented."""
    channels = ["AIRPORT_KIOSK", "BRANCH", "CALL_CENTER", "EMAIL", "GDS", "KIOSK", "MOBILE_APP"]
    channels += ["MOBILE_WEB", "SMS", "OFFLINE", "OTA", "OTHER", "WEB"]

    assert len(channels) == 13
    assert refusals(*(but(viewed(n), channel=name) for n, name in enumerate(channels))) == []


def test_an_order_of_the_last_day_is_not_historic() -> None:
    """The age counts from the record's timestamp, to the day that the settings say."""
    story = Story(replace(POLICY, order_age_max_days=2))
    story.hears(but(ORDER, ordered_at=at(0)), second=2 * DAY_S)
    story.hears(but(placed(1, "1002", line("coat")), ordered_at=at(0)), second=2 * DAY_S + 1)

    assert story.rules == ["historic_order"]
    assert "Batch API" in story.set_aside[0].refusal.found
