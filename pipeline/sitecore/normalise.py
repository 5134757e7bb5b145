"""Values as the Stream API wants them written."""

import math
import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from pipeline.commerce.events import Attribute, Attributes
from pipeline.record import Instant, in_utc
from pipeline.sitecore.point_of_sale import AttributeType, PointOfSale

ATTRIBUTES_MAX = 50
"""Attributes in one data extension."""
NAMES_MAX = 4096
"""Names and languages whose form is remembered: a shop has few, and each comes with every event."""
NAME_MAX = 128
"""Characters in an item's name."""

_SEPARATORS = re.compile(r"[^A-Za-z0-9]+")
_LAST = Instant(253_402_300_799_999)
"""The end of the year 9999: later instants have no ISO 8601 form of four digits."""


def timestamp(instant: Instant) -> str:
    """ISO 8601 in UTC with milliseconds: ``2025-08-23T16:17:16.000Z``."""
    return in_utc(_within(instant))


def minute(instant: Instant) -> str:
    """The 16 characters that expiry dates have: ``2030-08-23T16:17``."""
    return in_utc(_within(instant))[:16]


def _within(instant: Instant) -> Instant:
    return max(Instant(0), min(instant, _LAST))


def birthday(date: str) -> str:
    """A local date as the 16 characters that ``dob`` has: ``1985-12-24T00:00``."""
    return date if "T" in date else f"{date}T00:00"


def language(tag: str) -> str:
    """The language of a locale: ``en-IE`` is ``EN``; empty when it has none of two letters."""
    return _known_language(tag) if len(tag) <= NAME_MAX else _language(tag)


@lru_cache(NAMES_MAX)
def _known_language(tag: str) -> str:
    return _language(tag)


def _language(tag: str) -> str:
    first = re.split(r"[-_]", tag.strip(), maxsplit=1)[0]
    return first.upper() if len(first) == 2 and first.isascii() and first.isalpha() else ""


def order_status(word: str, point_of_sale: PointOfSale) -> str:
    """What Sitecore calls a status that the shop has a word for; any other in upper case."""
    upper = word.upper()
    return point_of_sale.order_statuses.get(upper, upper)


def number(amount: Decimal) -> int | float | Decimal:
    """A JSON number that is written with exactly these digits: 200.00 is 200, 7.990 is 7.99."""
    if amount == amount.to_integral_value():
        return int(amount)
    exact = amount.normalize()
    rounded = float(exact)
    return rounded if repr(rounded) == format(exact, "f") else exact


def item_name(name: str) -> str:
    """A name cut to what an item may carry."""
    return name[:NAME_MAX]


def attribute_name(name: str) -> str:
    """Letters and digits in camel case: ``gift-wrap`` is ``giftWrap``.

    Empty when that leaves nothing, or something that begins with a digit.
    """
    return _known_name(name) if len(name) <= NAME_MAX else _camel(name)


@lru_cache(NAMES_MAX)
def _known_name(name: str) -> str:
    return _camel(name)


def _camel(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    parts = [part for part in _SEPARATORS.split(plain) if part]
    if not parts or parts[0][0].isdigit():
        return ""
    return _lower_first(parts[0]) + "".join(part[:1].upper() + part[1:] for part in parts[1:])


def _lower_first(part: str) -> str:
    """``Color`` is ``color``, ``SKU`` is ``sku``."""
    if not part[0].isupper():
        return part
    return part.lower() if part.isupper() else part[0].lower() + part[1:]


def extension(attributes: Attributes, point_of_sale: PointOfSale) -> Mapping[str, Attribute]:
    """Extension data under the names that are sent, each of the one type it has.

    What has no name of letters and digits, or is not of its type and cannot become it, is left
    out; of two that share a name the first stays, and the first 50 of all.
    """
    sent: dict[str, Attribute] = {}
    for given, value in attributes.items():
        name = attribute_name(given)
        typed_value = typed(value, point_of_sale.attribute_types.get(name))
        if name and typed_value is not None and len(sent) < ATTRIBUTES_MAX:
            sent.setdefault(name, typed_value)
    return sent


def typed(value: Attribute, wanted: AttributeType | None) -> Attribute | None:
    """A value as the type that its name has everywhere; None when it cannot be.

    Sitecore wants one type a name and event type; *wanted* is None for a name without one.
    """
    if isinstance(value, float) and not math.isfinite(value):
        return None
    match wanted:
        case None:
            return value
        case "string":
            return str(value).lower() if isinstance(value, bool) else str(value)
        case "boolean":
            return _boolean(value)
        case "integer":
            return _integer(value)
        case "float":
            return _float(value)


def _boolean(value: Attribute) -> bool | None:
    return {"true": True, "false": False}.get(str(value).lower())


def _integer(value: Attribute) -> int | None:
    exact = _decimal(value)
    return int(exact) if exact is not None and exact == exact.to_integral_value() else None


def _float(value: Attribute) -> float | None:
    exact = _decimal(value)
    return None if exact is None or not math.isfinite(float(exact)) else float(exact)


def _decimal(value: Attribute) -> Decimal | None:
    if isinstance(value, bool):
        return None
    try:
        exact = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    # A number of a thousand digits is an attack or a mistake, and slow.
    return exact if exact.is_finite() and abs(exact.adjusted()) < 400 else None
