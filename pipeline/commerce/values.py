"""The parts of events from plain Avro values, checked for what must hold under any protocol."""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, TypeAlias, TypeVar

from pipeline.commerce.events import (
    Attributes,
    BrowserId,
    Contact,
    Identifier,
    ItemId,
    Line,
    Money,
    Payment,
)
from pipeline.record import Instant

Plain: TypeAlias = Mapping[str, Any]
"""A record by Avro's field names, its values of the types that the schema says."""

AMOUNT_DIGITS = 24
AMOUNT_SCALE = 6
"""Digits of an amount, and how many of them are behind the point."""

_T = TypeVar("_T")
LATEST = 253_402_300_799_999  # the last millisecond of the year 9999, where ISO 8601 ends
_HEX = "[0-9a-fA-F]"
UUID = re.compile(f"{_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}}")
_UNIT = Decimal(1).scaleb(-AMOUNT_SCALE)
_AMOUNT_LIMIT = Decimal(1).scaleb(AMOUNT_DIGITS - AMOUNT_SCALE)


class FieldError(ValueError):
    """A field holds what no protocol could carry.

    *field* is the dotted Avro name, empty for the whole; *detail* goes on behind it: what was
    found, without personal data, and what is wanted.
    """

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(f"{field}: {detail}")
        self.field = field
        self.detail = detail


def within(name: str, build: Callable[[Plain], _T], plain: Plain) -> _T:
    """Build what the field *name* holds; a refusal names the whole path."""
    try:
        return build(plain)
    except FieldError as error:
        raise FieldError(f"{name}.{error.field}", error.detail) from None


def each(name: str, build: Callable[[Plain], _T], plains: Iterable[Plain]) -> tuple[_T, ...]:
    """Build what the items of the array *name* hold; a refusal names the item's number from 0."""
    return tuple(within(f"{name}.{number}", build, plain) for number, plain in enumerate(plains))


def said(name: str, text: str) -> str:
    """Want text that is not empty."""
    if not text:
        raise FieldError(name, "is empty; want some text")
    return text


def uuid(name: str, text: str) -> str:
    """Want a UUID in its canonical text form; letters of either case."""
    if UUID.fullmatch(text) is None:
        raise FieldError(name, f"is {text[:40]!r}; want a UUID")
    return text


def browser_id(text: str | None) -> BrowserId | None:
    """Want a UUID, or nothing."""
    return None if text is None else BrowserId(uuid("browserId", text))


def instant(name: str, number: int) -> Instant:
    """Want milliseconds since the epoch, up to the year 9999."""
    if not 0 <= number <= LATEST:
        raise FieldError(name, f"is {number} ms; want an instant between the years 1970 and 9999")
    return Instant(number)


def currency(text: str) -> str:
    """Want three letters, of either case."""
    if len(text) != 3 or not (text.isascii() and text.isalpha()):
        raise FieldError("currency", f"is {text[:10]!r}; want a three-letter ISO 4217 code")
    return text


def amount(number: Decimal) -> Decimal:
    """Want an exact amount that an Avro decimal holds; give it with six places."""
    if not number.is_finite() or abs(number) >= _AMOUNT_LIMIT:
        raise FieldError("amount", "is too large; want an amount below 10 to the 18th")
    exact = number.quantize(_UNIT)
    if exact != number:
        raise FieldError("amount", f"has more than {AMOUNT_SCALE} decimal places; want it rounded")
    return exact


def attributes(plain: Plain) -> Attributes:
    """Want no number that JSON cannot carry."""
    for name, value in plain.items():
        if isinstance(value, float) and not math.isfinite(value):
            raise FieldError(f"attributes.{name[:50]}", f"is {value}; want a finite number")
    return plain


def money(plain: Plain) -> Money:
    """An amount; of either sign, since a discount is a line of its own."""
    return Money(amount(plain["amount"]), currency(plain["currency"]))


def line(plain: Plain) -> Line:
    """A line; its quantity may be zero, which orders decide about."""
    if plain["quantity"] < 0:
        raise FieldError("quantity", f"is {plain['quantity']}; want the new quantity, 0 or more")
    other = plain["organizationUnitPrice"]
    return Line(
        ItemId(said("itemId", plain["itemId"])),
        said("productId", plain["productId"]),
        plain["type"],
        plain["name"],
        plain["quantity"],
        within("unitPrice", money, plain["unitPrice"]),
        None if other is None else within("organizationUnitPrice", money, other),
        attributes(plain["attributes"]),
    )


def identifier(plain: Plain) -> Identifier:
    """An identifier; whether the tenant knows its provider is a matter of settings."""
    expires_at = plain["expiresAt"]
    return Identifier(
        said("provider", plain["provider"]),
        said("id", plain["id"]),
        None if expires_at is None else instant("expiresAt", expires_at),
    )


def payment(plain: Plain) -> Payment:
    """How an order was paid."""
    return Payment(said("type", plain["type"]), plain["cardType"])


def contact(plain: Plain) -> Contact:
    """Contact data; none of it is ever quoted in a refusal."""
    return Contact(
        title=plain["title"],
        first_name=plain["firstName"],
        last_name=plain["lastName"],
        gender=plain["gender"],
        date_of_birth=_date("dateOfBirth", plain["dateOfBirth"]),
        email=plain["email"],
        mobile=plain["mobile"],
        phone=plain["phone"],
        street=tuple(plain["street"]),
        city=plain["city"],
        state=plain["state"],
        country=plain["country"],
        postal_code=plain["postalCode"],
    )


def _date(name: str, text: str | None) -> str | None:
    if text is None:
        return None
    try:
        found = date.fromisoformat(text).isoformat()
    except ValueError:
        found = ""
    if found != text:
        raise FieldError(name, "is no date of the form YYYY-MM-DD")
    return text
