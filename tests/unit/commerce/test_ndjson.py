"""Events as people write them."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given

from pipeline.commerce.events import CommerceEvent, Money, OrderPlaced
from pipeline.commerce.ndjson import format_event, parse, read
from pipeline.errors import DataError
from tests import strategies
from tests.examples import EVENTS, PLACED, VIEWED

PLACED_JSON = json.loads(format_event(PLACED))
LEAST = {
    "event": "PageViewed",
    "eventId": VIEWED.event_id,
    "occurredAt": VIEWED.occurred_at,
    "guestId": "ann",
    "channel": "WEB",
    "pointOfSale": "shop",
    "currency": "EUR",
}


def refusal(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    with pytest.raises(DataError) as caught:
        parse(text, 12)
    return str(caught.value)


def with_total(total: object) -> OrderPlaced:
    event = parse(json.dumps({**PLACED_JSON, "total": "@"}).replace('"@"', str(total)))
    assert isinstance(event, OrderPlaced)
    return event


@given(strategies.commerce_events)
def test_what_was_written_is_read_back(event: CommerceEvent) -> None:
    """Printing an event and publishing it again changes nothing."""
    assert parse(format_event(event)) == event


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_a_line_is_one_line(event: CommerceEvent) -> None:
    """NDJSON has an object a line."""
    assert "\n" not in format_event(event)


def test_fields_with_a_default_may_be_left_out() -> None:
    """A page view by hand is seven fields long."""
    event = parse(json.dumps(LEAST))

    assert (event.page, event.browser_id, event.attributes) == (None, None, {})


@pytest.mark.parametrize(
    "amount", ["0.1", '"0.1"', "1e-1", "0.100000", '"0.10"'], ids=lambda amount: amount
)
def test_an_amount_is_exact_however_it_is_written(amount: str) -> None:
    """0.1 has no float; a total must add up to the cent."""
    event = with_total(f'{{"amount":{amount},"currency":"EUR"}}')

    assert event.total == Money(Decimal("0.1"), "EUR")
    assert str(event.total.amount) == "0.100000"


@pytest.mark.parametrize(
    "moment",
    [
        1_767_268_800_000,
        "2026-01-01T12:00:00Z",
        "2026-01-01T12:00:00.000+00:00",
        "2026-01-01T13:00:00+01:00",
    ],
)
def test_an_instant_may_be_written_in_these_ways(moment: object) -> None:
    """All of them noon in Greenwich."""
    assert parse(json.dumps({**LEAST, "occurredAt": moment})).occurred_at == 1_767_268_800_000


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"event": "PageView"}, "field event is 'PageView', which is no event; did you mean Page"),
        ({"event": None}, "field event is missing; want one of GuestIdentified"),
        ({"event": 7}, "field event is '7', which is no event; want one of"),
        ({"eventId": "7"}, "field eventId is '7'; want a UUID"),
        ({"eventId": None}, "field eventId is null; want text"),
        ({"guestId": ""}, "field guestId is empty"),
        ({"guestId": 7}, "field guestId is 7; want text"),
        ({"guestId": "\ud800"}, "field guestId has half of a surrogate pair"),
        ({"occuredAt": 1}, "field occuredAt is no field of PageViewed; did you mean occurredAt?"),
        ({"zzz": 1}, "field zzz is no field of PageViewed; it has eventId, occurredAt"),
        ({"occurredAt": "2026-01-01T12:00:00"}, "field occurredAt is '2026-01-01T12:00:00'; want"),
        ({"occurredAt": "noon"}, "field occurredAt is 'noon'; want a time such as"),
        ({"occurredAt": 1.5}, "field occurredAt is 1.5; want a time"),
        ({"occurredAt": -1}, "field occurredAt is -1 ms; want an instant between"),
        ({"currency": "EURO"}, "field currency is 'EURO'; want a three-letter ISO 4217 code"),
        ({"attributes": {"a": None}}, "field attributes.a is null; want text, a number"),
        ({"attributes": {"a": [1]}}, "field attributes.a is an array; want text, a number"),
        ({"attributes": {"a": 2**63}}, "field attributes.a is 9223372036854775808; want a whole"),
        ({"attributes": []}, "field attributes is an array; want an object"),
    ],
)
def test_a_refusal_names_line_field_finding_and_remedy(
    change: dict[str, Any], message: str
) -> None:
    """Whoever wrote the file mends it without reading a schema."""
    assert f"line 12: {message}" in refusal({**LEAST, **change})


@pytest.mark.parametrize("name", ["eventId", "occurredAt", "guestId", "channel", "currency"])
def test_a_missing_field_is_named(name: str) -> None:
    """An invented event id would make a repeat of the file an order of its own."""
    least = {key: LEAST[key] for key in LEAST if key != name}

    assert refusal(least) == f"line 12: field {name} is missing and has no default"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ({"quantity": "2"}, "field lines.0.quantity is '2'; want a whole number"),
        ({"quantity": 1.5}, "field lines.0.quantity is 1.5; want a whole number"),
        ({"quantity": True}, "field lines.0.quantity is true; want a whole number"),
        ({"quantity": -1}, "field lines.0.quantity is -1; want the new quantity"),
        ({"unitPrice": 5}, "field lines.0.unitPrice is 5; want an object"),
        (
            {"unitPrice": {"amount": "5,00", "currency": "EUR"}},
            "field lines.0.unitPrice.amount is '5,00'; want an amount such as",
        ),
        (
            {"unitPrice": {"amount": 0.0000001, "currency": "EUR"}},
            "field lines.0.unitPrice.amount has more than 6 decimal places",
        ),
        (
            {"unitPrice": {"amount": 10**18, "currency": "EUR"}},
            "field lines.0.unitPrice.amount is too large",
        ),
    ],
)
def test_a_field_within_is_named_by_its_path(line: dict[str, Any], message: str) -> None:
    """The second line of an order has the same field names as the first."""
    first = {**PLACED_JSON["lines"][0], **line}

    assert message in refusal({**PLACED_JSON, "lines": [first]})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "line 12: the line is not JSON: "),
        ("[]", "line 12: the line is no JSON object"),
        ('{"event":"PageViewed","event":"PageViewed"}', "field event is there twice"),
        ('{"event":NaN}', "holds NaN, which is no JSON number"),
        ('{"event":' + "9" * 5000 + "}", "holds a number of 5000 digits"),
        ("[" * 100_000, "is nested too deeply"),
        ('{"event":1e999999999}', "which is no event"),
    ],
)
def test_text_that_is_no_event_is_refused(text: str, message: str) -> None:
    """Whatever stands in the file, the answer is a sentence."""
    assert message in refusal(text)


def test_lines_are_counted_from_one_and_empty_ones_too() -> None:
    """As editors count them."""
    view = format_event(VIEWED).encode()

    numbered = list(read([b"\n", view + b"\n", b"  \n", view]))

    assert numbered == [(2, VIEWED), (4, VIEWED)]


def test_bytes_that_are_not_utf_8_are_refused() -> None:
    """A file from a spreadsheet may be Latin-1."""
    with pytest.raises(DataError, match="line 1: the line is not UTF-8"):
        list(read([b'{"event":"\xe9"}']))


def test_no_contact_is_quoted() -> None:
    """Terminals are logged."""
    contact = {"dateOfBirth": "28.2.1990"}
    identified = {**LEAST, "event": "GuestIdentified", "contact": contact}

    assert "1990" not in refusal(identified).replace("between the years 1970", "")
