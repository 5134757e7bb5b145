"""Writing Avro's binary encoding straight from dataclasses, by a schema compiled once.

A field `unitPrice` of a record is the attribute `unit_price`; an array is a tuple, a map a
mapping, a decimal a `Decimal`; an instant is a number of milliseconds, a UUID its text.
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from struct import pack
from types import NoneType
from typing import Any, TypeAlias

from pipeline.commerce.schemas import Definition, Schema, SchemaError

Write: TypeAlias = Callable[[bytearray, Any], None]
"""Appends a value to bytes; raises ValueError for one that its type cannot say."""


def compile_writer(schema: Schema) -> Write:
    """Return what writes one value by *schema*, without a header.

    Raises:
        SchemaError: *schema* has a type that this program never writes.
    """
    return _compiled(schema.definition, schema.names)


def snake(name: str) -> str:
    """Give the attribute of the Avro field *name*."""
    return re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", name)


def _compiled(definition: Definition, names: Mapping[str, Definition]) -> Write:
    if isinstance(definition, str):
        named = names.get(definition)
        return _primitive(definition) if named is None else _compiled(named, names)
    if isinstance(definition, list):
        return _union([(branch, _compiled(branch, names)) for branch in definition])
    match definition["type"]:
        case "record":
            fields = definition["fields"]
            return _record([(snake(one["name"]), _compiled(one["type"], names)) for one in fields])
        case "array":
            return _array(_compiled(definition["items"], names))
        case "map":
            return _map(_compiled(definition["values"], names))
        case "bytes" if definition.get("logicalType") == "decimal":
            return write_decimal(definition["precision"], definition["scale"])
        case kind:
            return _primitive(kind)


def _primitive(kind: str) -> Write:
    if kind not in _PRIMITIVES:
        raise SchemaError(f"{kind} is a type that is never written")
    return _PRIMITIVES[kind]


def _varint(out: bytearray, number: int) -> None:
    zigzag = (number << 1) ^ (number >> 63)
    while zigzag > 0x7F:
        out.append(zigzag & 0x7F | 0x80)
        zigzag >>= 7
    out.append(zigzag)


def _null(_out: bytearray, _value: None) -> None:
    pass


def _boolean(out: bytearray, value: object) -> None:
    out.append(1 if value else 0)


def write_number(out: bytearray, value: int) -> None:
    """Write a whole number of at most 64 bits."""
    if not -(1 << 63) <= value < 1 << 63:
        raise ValueError("a number of more than 64 bits")
    _varint(out, value)


def _int(out: bytearray, value: int) -> None:
    if not -(1 << 31) <= value < 1 << 31:
        raise ValueError("a number of more than 32 bits")
    _varint(out, value)


def _double(out: bytearray, value: float) -> None:
    out += pack("<d", value)


def _bytes(out: bytearray, value: bytes) -> None:
    length = len(value)
    if length < 0x40:
        out.append(length << 1)
    else:
        _varint(out, length)
    out += value


def _string(out: bytearray, value: str) -> None:
    _bytes(out, value.encode())


_PRIMITIVES: Mapping[str, Write] = {
    "null": _null,
    "boolean": _boolean,
    "int": _int,
    "long": write_number,
    "double": _double,
    "string": _string,
}

_PYTHON_TYPES: Mapping[str, type] = {
    "null": NoneType,
    "boolean": bool,
    "int": int,
    "long": int,
    "double": float,
    "string": str,
}


def write_decimal(precision: int, scale: int) -> Write:
    """Return what writes an amount of so many digits, *scale* of them behind the point."""
    limit = 10**precision

    def write(out: bytearray, value: Decimal) -> None:
        scaled = value.scaleb(scale)
        number = int(scaled)
        if number != scaled or not -limit < number < limit:
            raise ValueError(
                f"{value} is not a decimal of {precision} digits, {scale} of them places"
            )
        _bytes(out, number.to_bytes(number.bit_length() // 8 + 1, "big", signed=True))

    return write


def _union(branches: list[tuple[Definition, Write]]) -> Write:
    by_type: dict[type, tuple[int, Write]] = {}
    other: tuple[int, Write] | None = None
    for index, (definition, write) in enumerate(branches):
        kind = definition["type"] if isinstance(definition, dict) else definition
        python = _PYTHON_TYPES.get(kind)
        if python is None:
            other = (index << 1, write)
        else:
            by_type.setdefault(python, (index << 1, write))

    def write_branch(out: bytearray, value: object) -> None:
        branch = by_type.get(type(value), other)
        if branch is None:
            raise ValueError(f"no branch of the union takes {type(value).__name__}")
        out.append(branch[0])
        branch[1](out, value)

    return write_branch


def _array(write_item: Write) -> Write:
    def write(out: bytearray, value: tuple[object, ...]) -> None:
        if value:
            _varint(out, len(value))
            for item in value:
                write_item(out, item)
        out.append(0)

    return write


def write_map(values: Definition) -> Write:
    """Return what writes a map with values of a type without names."""
    return _map(_compiled(values, {}))


def _map(write_value: Write) -> Write:
    def write(out: bytearray, value: Mapping[str, object]) -> None:
        if value:
            _varint(out, len(value))
            for name, item in value.items():
                _string(out, name)
                write_value(out, item)
        out.append(0)

    return write


def _record(steps: list[tuple[str, Write]]) -> Write:
    def write(out: bytearray, value: object) -> None:
        for attribute, write_field in steps:
            write_field(out, getattr(value, attribute))

    return write
