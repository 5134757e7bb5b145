"""Avro values as people write them in JSON, by the schema, and back.

Amounts are numbers or strings and never pass through a float; instants are ISO 8601 with an
offset, or milliseconds; a field that has a default may be left out.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, TypeAlias

from pipeline.commerce.schemas import Definition, Schema
from pipeline.commerce.values import FieldError, Plain
from pipeline.commerce.writing import snake
from pipeline.record import in_utc

Json: TypeAlias = "str | int | bool | Decimal | list[Json] | dict[str, Json] | None"
"""What parsing JSON gives here: a number with a point or an exponent is a Decimal."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
_LONG = range(-(2**63), 2**63)
_AMOUNT = re.compile(r"-?\d+(?:\.\d+)?", re.ASCII)


def to_plain(schema: Schema, value: Json) -> Plain:
    """Turn an object into a record by *schema*, defaults filled in.

    Raises:
        FieldError: it does not fit; *field* is empty when it is no object at all.
    """
    record: Plain = _Reading(schema.names).convert(schema.definition, value, "")
    return record


def to_json(schema: Schema, value: object) -> dict[str, Any]:
    """Turn a dataclass into an object; a field that holds its default is left out."""
    shown: dict[str, Any] = _shown(schema.definition, schema.names, value)
    return shown


class _Reading:
    """Converts JSON values by the schemas of one record."""

    def __init__(self, names: Mapping[str, Definition]) -> None:
        self._names = names

    def convert(self, wanted: Definition, value: Json, at: str) -> Any:
        """Turn *value*, which stands at the dotted path *at*, into what *wanted* says."""
        wanted = self._names.get(wanted, wanted) if isinstance(wanted, str) else wanted
        if isinstance(wanted, list):
            return self._branch(wanted, value, at)
        match _kind(wanted):
            case "record":
                return self._record(wanted, value, at)
            case "array":
                items = _want(list, value, at, "an array")
                return [
                    self.convert(wanted["items"], item, f"{at}.{number}")
                    for number, item in enumerate(items)
                ]
            case "map":
                entries = _want(dict, value, at, "an object")
                return {
                    _text(name, at): self.convert(wanted["values"], item, f"{at}.{name}")
                    for name, item in entries.items()
                }
            case kind:
                return _SCALARS[kind](value, at)

    def _branch(self, wanted: list[Definition], value: Json, at: str) -> Any:
        if value is None and "null" in wanted:
            return None
        others = [branch for branch in wanted if branch != "null"]
        if len(others) == 1:
            return self.convert(others[0], value, at)
        for kind, python in _BRANCHES.items():
            if type(value) is python and kind in others:
                return self.convert(kind, value, at)
        raise FieldError(at, f"is {_found(value)}; want text, a number, true or false")

    def _record(self, wanted: Mapping[str, Any], value: Json, at: str) -> dict[str, Any]:
        given = _want(dict, value, at, "an object")
        fields = {field["name"]: field for field in wanted["fields"]}
        for name in given:
            if name not in fields:
                raise FieldError(_below(at, name), _unknown(name, fields, wanted["name"]))
        return {name: self._field(field, given, at) for name, field in fields.items()}

    def _field(self, field: Mapping[str, Any], given: Mapping[str, Json], at: str) -> Any:
        name = field["name"]
        if name in given:
            return self.convert(field["type"], given[name], _below(at, name))
        if "default" in field:
            return field["default"]
        raise FieldError(_below(at, name), "is missing and has no default")


def _below(at: str, name: str) -> str:
    return f"{at}.{name}" if at else name


def _unknown(name: str, fields: Mapping[str, object], record: str) -> str:
    close = get_close_matches(name, fields, n=1)
    hint = f"did you mean {close[0]}?" if close else f"it has {', '.join(fields)}"
    return f"is no field of {record.rpartition('.')[2]}; {hint}"


def _found(value: Json) -> str:
    match value:
        case None:
            return "null"
        case list():
            return "an array"
        case dict():
            return "an object"
        case bool():
            return "true" if value else "false"
    text = str(value) if isinstance(value, Decimal) else repr(value)
    return text if len(text) <= 40 else f"{text[:40]}…"


def _want(kind: type, value: Json, at: str, called: str) -> Any:
    if type(value) is not kind:
        raise FieldError(at, f"is {_found(value)}; want {called}")
    return value


def _kind(definition: Definition) -> str:
    if isinstance(definition, dict):
        return str(definition.get("logicalType") or definition["type"])
    return str(definition)


def _text(value: Json, at: str) -> str:
    text: str = _want(str, value, at, "text")
    try:
        text.encode()
    except UnicodeEncodeError:
        # JSON can escape half of a character; UTF-8 cannot say it.
        raise FieldError(at, "has half of a surrogate pair; want whole characters") from None
    return text


def _long(value: Json, at: str) -> int:
    if isinstance(value, Decimal) and abs(value) < 2**63 and value == int(value):
        value = int(value)
    if type(value) is not int or value not in _LONG:
        raise FieldError(at, f"is {_found(value)}; want a whole number of at most 64 bits")
    return value


def _double(value: Json, at: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise FieldError(at, f"is {_found(value)}; want a number")
    return float(value)


def _decimal(value: Json, at: str) -> Decimal:
    if isinstance(value, str) and _AMOUNT.fullmatch(value):
        return Decimal(value)
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return Decimal(value)
    raise FieldError(at, f'is {_found(value)}; want an amount such as 89.90 or "89.90"')


def _instant(value: Json, at: str) -> int:
    if type(value) is int:
        return _long(value, at)
    try:
        moment = datetime.fromisoformat(_want(str, value, at, "a time"))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        hint = "want a time such as 2026-01-31T12:00:00.000Z, or milliseconds since 1970"
        raise FieldError(at, f"is {_found(value)}; {hint}")
    return (moment - _EPOCH) // _MS


_SCALARS: Mapping[str, Callable[[Json, str], Any]] = {
    "string": _text,
    "uuid": _text,
    "boolean": lambda value, at: _want(bool, value, at, "true or false"),
    "int": _long,
    "long": _long,
    "double": _double,
    "decimal": _decimal,
    "timestamp-millis": _instant,
}

_BRANCHES: Mapping[str, type] = {"string": str, "boolean": bool, "long": int, "double": Decimal}


def _shown(wanted: Definition, names: Mapping[str, Definition], value: Any) -> Any:
    wanted = names.get(wanted, wanted) if isinstance(wanted, str) else wanted
    if isinstance(wanted, list):
        others = [branch for branch in wanted if branch != "null"]
        return value if value is None or len(others) > 1 else _shown(others[0], names, value)
    match _kind(wanted):
        case "record":
            return _shown_record(wanted, names, value)
        case "array":
            return [_shown(wanted["items"], names, item) for item in value]
        case "map":
            return dict(value)
        case "decimal":
            return _shown_amount(value)
        case "timestamp-millis":
            return in_utc(value)
    return value


def _shown_record(
    wanted: Mapping[str, Any], names: Mapping[str, Definition], value: object
) -> dict[str, Any]:
    nothing = object()
    shown: dict[str, Any] = {}
    for field in wanted["fields"]:
        one = _shown(field["type"], names, getattr(value, snake(field["name"])))
        if one != field.get("default", nothing):
            shown[field["name"]] = one
    return shown


def _shown_amount(amount: Decimal) -> str:
    text = f"{amount:f}"
    whole, _, places = text.partition(".")
    # Two places at least, as prices are read; more only where they say something.
    return f"{whole}.{places.rstrip('0').ljust(2, '0')}"
