"""Checks of single attributes; each yields what it finds wrong, in words from a fixed set."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple, TypeAlias, TypeGuard

from pipeline.sandbox.rules.vocabulary import CURRENCIES

JsonObject: TypeAlias = Mapping[str, object]
"""A parsed JSON object that anybody may have written: any type anywhere."""

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:?\d\d)")
_MINUTE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")


class Violation(NamedTuple):
    """Why an accepted message, or what it stands for, will never be seen."""

    reason: str
    """A word from a small fixed set."""
    field: str
    """Dotted name of the attribute; empty when it is about the whole message."""
    found: str = ""
    """What stood there, cut to 100 characters."""


Violations: TypeAlias = Iterator[Violation]


def first(violations: Iterable[Violation]) -> Violation | None:
    """Say the first thing that is wrong; later checks are not run."""
    return next(iter(violations), None)


def said(value: object) -> str:
    """Show a value briefly, whatever it is."""
    if isinstance(value, str):
        return value[:100]
    if isinstance(value, bool | float | None):
        return str(value)
    if isinstance(value, int):
        return str(value) if abs(value) < 10**99 else "a huge number"
    return "an array" if isinstance(value, list) else "an object"


def is_number(value: object) -> TypeGuard[int | float]:
    """Whether JSON said a number; its booleans are not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_text(value: object) -> TypeGuard[str]:
    """Whether JSON said a text that is not blank."""
    return isinstance(value, str) and bool(value.strip())


def text(of: JsonObject, name: str, within: str = "") -> Violations:
    """Require a text that is not blank."""
    value = of.get(name)
    if value is None or (isinstance(value, str) and not value.strip()):
        yield Violation("attribute_missing", within + name)
    elif not isinstance(value, str):
        yield Violation("attribute_not_text", within + name, said(value))


def texts(of: JsonObject, names: Iterable[str], within: str = "") -> Violations:
    """Require several texts."""
    for name in names:
        yield from text(of, name, within)


def optional_texts(of: JsonObject, names: Iterable[str], within: str = "") -> Violations:
    """Let attributes be absent, but nothing else than text."""
    for name in names:
        if name in of and not isinstance(of[name], str):
            yield Violation("attribute_not_text", within + name, said(of[name]))


def number(of: JsonObject, name: str, within: str = "") -> Violations:
    """Require a number that is said as one: as a string it makes the order fail."""
    value = of.get(name)
    if value is None:
        yield Violation("attribute_missing", within + name)
    elif isinstance(value, str):
        yield Violation("number_as_string", within + name, said(value))
    elif not is_number(value):
        yield Violation("attribute_not_a_number", within + name, said(value))


def upper_case(of: JsonObject, name: str, within: str = "") -> Violations:
    """Require a text without lower case letters."""
    yield from text(of, name, within)
    value = of.get(name)
    if isinstance(value, str) and value != value.upper():
        yield Violation("not_upper_case", within + name, said(value))


def one_of(of: JsonObject, name: str, allowed: frozenset[str], within: str = "") -> Violations:
    """Require one of the documented values; the reason carries the attribute's name."""
    yield from text(of, name, within)
    value = of.get(name)
    if not isinstance(value, str) or value not in allowed:
        yield Violation(f"{name}_invalid", within + name, said(value))


def currency(of: JsonObject, name: str, within: str = "") -> Violations:
    """Require an ISO 4217 code in upper case."""
    yield from text(of, name, within)
    if not is_currency(of.get(name)):
        yield Violation("currency_invalid", within + name, said(of.get(name)))


def is_currency(value: object) -> bool:
    """Whether a value is an ISO 4217 code in upper case."""
    return isinstance(value, str) and value in CURRENCIES


def moment(of: JsonObject, name: str, within: str = "", *, utc: bool = False) -> Violations:
    """Require an ISO 8601 date and time with a zone, or in UTC."""
    yield from text(of, name, within)
    value = of.get(name)
    offset = _offset(value) if isinstance(value, str) else None
    if offset is None or (utc and offset):
        yield Violation("ordered_at_invalid", within + name, said(value))


def _offset(value: str) -> timedelta | None:
    if not _MOMENT.fullmatch(value):
        return None
    try:
        return datetime.fromisoformat(value).utcoffset()
    except ValueError:
        return None


def is_local_minute(value: object) -> bool:
    """Whether a value is a time without zone and seconds, such as 1985-12-24T00:00."""
    if not isinstance(value, str) or not _MINUTE.fullmatch(value):
        return False
    try:
        return bool(datetime.fromisoformat(value))
    except ValueError:
        return False


def objects(of: JsonObject, name: str, within: str = "") -> Violations:
    """Require an array of objects that is not empty; the reason carries the attribute's name."""
    value = of.get(name)
    if value is None:
        yield Violation("attribute_missing", within + name)
    elif not isinstance(value, list):
        yield Violation(f"{name}_not_an_array", within + name, said(value))
    elif not value:
        yield Violation(f"{name}_empty", within + name)
    elif not all(isinstance(entry, dict) for entry in value):
        yield Violation(f"{name}_not_objects", within + name)


def entries(of: JsonObject, name: str) -> list[JsonObject]:
    """Read an array of objects; what is not one is left out."""
    value = of.get(name)
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []
