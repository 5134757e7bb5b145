"""Events and what is owed as bytes."""

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from decimal import Decimal
from functools import cache
from io import BytesIO
from typing import Any

from fastavro import schemaless_writer
from fastavro.schema import parse_schema

from pipeline.commerce.events import CommerceEvent
from pipeline.commerce.schemas import COMMERCE, Definition, Schema, current
from pipeline.commerce.values import AMOUNT_SCALE


def encode(event: CommerceEvent, schema_id: int | None = None) -> bytes:
    """Encode an event by the schema of this release.

    Args:
        event: One whose every amount has at most six decimal places.
        schema_id: What the registry calls that schema: then the framing is Confluent's.
            None: the framing is Avro's single-object encoding, which needs no registry.

    Raises:
        ValueError: a number does not fit its Avro type.
    """
    schema = current()[f"{COMMERCE}.{type(event).__name__}"]
    header = schema.header if schema_id is None else b"\x00" + schema_id.to_bytes(4, "big")
    return header + write(event, schema)


def write(value: object, schema: Schema) -> bytes:
    """Encode a dataclass by *schema*, without a header; fields that it lacks are left out."""
    out = BytesIO()
    try:
        schemaless_writer(out, _writing(schema.text), plain(value))
    except OverflowError as error:
        raise ValueError(f"a number does not fit {schema.name}: {error}") from error
    return out.getvalue()


def plain(value: Any) -> Any:
    """Turn dataclasses into records by Avro's names; an amount becomes its unscaled bytes."""
    if isinstance(value, Decimal):
        return _unscaled(value)
    if isinstance(value, Mapping):
        return value
    kind = type(value)
    names = _FIELD_NAMES.get(kind)
    if names is None:
        names = _FIELD_NAMES[kind] = _field_names(kind)
    if names:
        return {name: plain(getattr(value, attribute)) for attribute, name in names}
    return [plain(item) for item in value] if isinstance(value, tuple) else value


def _unscaled(amount: Decimal) -> bytes:
    scaled = amount.scaleb(AMOUNT_SCALE)
    number = int(scaled)
    if number != scaled:
        raise ValueError(f"{amount} has more than {AMOUNT_SCALE} decimal places")
    return number.to_bytes(number.bit_length() // 8 + 1, "big", signed=True)


_FIELD_NAMES: dict[type, tuple[tuple[str, str], ...]] = {}


def _field_names(kind: type) -> tuple[tuple[str, str], ...]:
    names = getattr(kind, "_fields", ())
    if is_dataclass(kind):
        names = tuple(field.name for field in fields(kind))
    return tuple((name, _camel(name)) for name in names)


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


@cache
def _writing(text: str) -> Definition:
    # Without logical types fastavro writes what we give it, which is faster than converting.
    return parse_schema(_without_logical_types(json.loads(text)))


def _without_logical_types(part: Definition) -> Definition:
    if isinstance(part, list):
        return [_without_logical_types(item) for item in part]
    if isinstance(part, dict):
        kept = {key: value for key, value in part.items() if key != "logicalType"}
        return {key: _without_logical_types(value) for key, value in kept.items()}
    return part
