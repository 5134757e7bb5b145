"""Values as the Stream API wants them written."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.record import Instant
from pipeline.sitecore import normalise
from pipeline.sitecore.wire import to_json
from tests.unit.sitecore.samples import NOW, shop


def test_case_042_an_instant_is_written_in_utc_with_milliseconds() -> None:
    """The form of every documented example."""
    assert normalise.timestamp(NOW) == "2025-08-23T16:17:16.000Z"
    assert normalise.timestamp(Instant(NOW + 7)) == "2025-08-23T16:17:16.007Z"


def test_case_030_an_expiry_has_sixteen_characters() -> None:
    """Sitecore's library takes no other form."""
    assert normalise.minute(Instant(1_913_905_036_000)) == "2030-08-25T16:17"


def test_case_034_a_birthday_is_a_date_at_midnight() -> None:
    """A bare date is not taken."""
    assert normalise.birthday("1985-12-24") == "1985-12-24T00:00"
    assert normalise.birthday("1985-12-24T00:00") == "1985-12-24T00:00"


@pytest.mark.parametrize("tag", ["en-IE", "en", "EN_us", " en-IE "])
def test_case_018_a_locale_is_its_language(tag: str) -> None:
    """Two letters, upper case."""
    assert normalise.language(tag) == "EN"


@pytest.mark.parametrize("tag", ["", "ger", "e", "12-IE", "ße"])
def test_a_tag_without_two_letters_names_no_language(tag: str) -> None:
    """The first two letters of `ger` would be another one."""
    assert normalise.language(tag) == ""


@pytest.mark.parametrize(
    ("amount", "written"),
    [
        ("200.00", "200"),
        ("200", "200"),
        ("30.60", "30.6"),
        ("7.990000", "7.99"),
        ("0.1", "0.1"),
        ("-45.000000", "-45"),
        ("0.000001", "0.000001"),
        ("0.00", "0"),
        ("-0.00", "0"),
        ("1E+3", "1000"),
        ("9007199254740993", "9007199254740993"),
        ("123456789012345678.123456", "123456789012345678.123456"),
        ("0.30000000000000004", "0.30000000000000004"),
    ],
)
def test_case_047_a_decimal_is_a_number_with_exactly_its_digits(amount: str, written: str) -> None:
    """Prices as text make the order fail; prices as binary fractions make it wrong."""
    assert to_json(normalise.number(Decimal(amount))) == written


@given(
    st.decimals(
        allow_nan=False, allow_infinity=False, places=6, min_value=-(10**17), max_value=10**17
    )
)
def test_no_amount_changes_on_the_way(amount: Decimal) -> None:
    """Read back as a decimal it is the same."""
    written = to_json(normalise.number(amount))

    assert json.loads(written, parse_float=Decimal, parse_int=Decimal) == amount
    assert "e" not in written.lower()


@pytest.mark.parametrize(
    ("given_name", "sent"),
    [
        ("phoneColor", "phoneColor"),
        ("phone_color", "phoneColor"),
        ("gift-wrap", "giftWrap"),
        ("shipping.method", "shippingMethod"),
        ("Phone Color", "phoneColor"),
        ("SKU", "sku"),
        ("größe", "groe"),
        ("línea", "linea"),
        ("--", ""),
        ("", ""),
    ],
)
def test_case_092_an_attribute_name_has_letters_and_digits_in_camel_case(
    given_name: str, sent: str
) -> None:
    """Case 091 and 112 too: names are joined, not refused."""
    assert normalise.attribute_name(given_name) == sent


@given(st.text())
def test_a_sent_name_is_stable_and_plain(name: str) -> None:
    """Normalising twice changes nothing, or names would drift between versions."""
    sent = normalise.attribute_name(name)

    assert sent == "" or (sent.isascii() and sent.isalnum())
    assert normalise.attribute_name(sent) == sent


def test_case_089_fifty_attributes_go_and_no_more() -> None:
    """The documented limit."""
    many: dict[str, Any] = {f"a{n}": n for n in range(51)}

    assert len(normalise.extension(many, shop())) == 50


def test_of_two_names_that_become_one_the_first_stays() -> None:
    """A later one must not change its type."""
    assert normalise.extension({"gift-wrap": 1, "giftWrap": "x", "--": 2}, shop()) == {
        "giftWrap": 1
    }


@pytest.mark.parametrize(
    ("value", "wanted", "sent"),
    [
        (7, "string", "7"),
        (True, "string", "true"),
        (7.5, "string", "7.5"),
        ("7", "integer", 7),
        (7.0, "integer", 7),
        (7.5, "integer", None),
        (True, "integer", None),
        ("seven", "integer", None),
        ("9" * 1000, "integer", None),
        (7, "float", 7.0),
        ("7.5", "float", 7.5),
        ("nan", "float", None),
        ("True", "boolean", True),
        ("yes", "boolean", None),
        (False, "boolean", False),
        (1, "boolean", None),
        (1, None, 1),
        (float("inf"), None, None),
        (float("nan"), "string", None),
    ],
)
def test_case_093_a_name_has_one_type(value: Any, wanted: Any, sent: Any) -> None:
    """Two types under one name conflict; what cannot become the right one is not sent."""
    typed = normalise.typed(value, wanted)

    assert typed == sent
    assert type(typed) is type(sent)


def test_case_058_a_name_is_cut_to_128_characters() -> None:
    """The documented limit."""
    assert normalise.item_name("x" * 140) == "x" * 128


@given(st.integers())
def test_any_instant_can_be_written(instant: int) -> None:
    """A wrong clock makes a wrong time, never a crash."""
    assert len(normalise.timestamp(Instant(instant))) == 24
    assert len(normalise.minute(Instant(instant))) == 16
