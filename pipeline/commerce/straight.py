"""Reads events straight from bytes, by source text that is made of their schema.

It serves what is written by exactly a schema that it was made for, and takes only what is
plainly right: whatever it does not like is read again the slow way, by `resolution` and
`build`, which says what is wrong. So it names no fault, and the slow way is its measure.
"""

import struct
from collections.abc import Callable, Container, Mapping
from datetime import date
from decimal import Decimal
from functools import lru_cache
from math import isfinite
from typing import Any, Final, TypeAlias, get_args

from pipeline.commerce import binary, events, values
from pipeline.commerce.events import CommerceEvent
from pipeline.commerce.schemas import Schema
from pipeline.commerce.straight_source import Source
from pipeline.errors import RecordError

Straight: TypeAlias = Callable[[bytes, int], Any]
"""Takes bytes and where to begin; gives what the schema's record is, or None for what it does
not like."""

_CLASSES: Final[Mapping[str, type]] = {
    kind.__name__: kind
    for kind in (
        *get_args(CommerceEvent),
        events.Contact,
        events.Identifier,
        events.Line,
        events.Money,
        events.Payment,
    )
}


def compile_straight(
    schema: Schema, classes: Mapping[str, type] = _CLASSES, *, kept: Container[str] = ()
) -> Straight:
    """Make a reader of what one current schema says.

    Args:
        schema: Says the names of classes and fields.
        classes: Further ones, by the last part of their names in the schema.
        kept: Full names of records that keep the bytes they were read from, as `written`.

    Raises:
        SchemaError: *schema* has a type that no event has.
    """
    known = {**_CLASSES, **classes}
    source = Source(known, kept)
    source.record("made", schema.definition, schema.names)
    text = "\n".join(
        (
            "def read(data, at):",
            "    try:",
            *source.lines,
            "        return made if at == len(data) else None",
            "    except WRONG:",
            "        return None",
        )
    )
    space: dict[str, Any] = {**_NAMES, **known}
    # The text is made of schemas that come with the program, and of nothing else.
    exec(compile(text, f"<reader of {schema.name}>", "exec"), space)  # noqa: S102
    read: Straight = space["read"]
    return read


def _span(data: bytes, at: int) -> tuple[int, int]:
    """Where text of a length that takes more than a byte begins and ends."""
    low, high = data[at], data[at + 1]
    if high < 0x80 and low & 0x81 == 0x80:
        at += 2
        return at, at + ((low & 0x7F | high << 7) >> 1)
    length, at = binary.PRIMITIVES["long"](data, at)
    if length < 0:
        raise ValueError
    return at, at + length


@lru_cache(maxsize=4096)
def _amount(raw: bytes) -> Decimal:
    """An amount of at most 21 digits, which any Avro decimal of ours holds."""
    if len(raw) > 9:
        raise ValueError
    return Decimal(int.from_bytes(raw, "big", signed=True)).scaleb(-values.AMOUNT_SCALE)


@lru_cache(maxsize=256)
def _currency(raw: bytes) -> str:
    return values.currency(raw.decode())


def _is_date(text: str) -> bool:
    return date.fromisoformat(text).isoformat() == text


def _attributes(data: bytes, at: int) -> tuple[dict[str, Any], int]:
    """Read a map of text, truths and numbers, which lies in one block of fewer than 64."""
    head = data[at]
    if head & 0x81:
        raise ValueError
    at += 1
    found: dict[str, Any] = {}
    for _ in range(head >> 1):
        length = data[at]
        end = at + 1 + (length >> 1)
        if length & 0x81:
            raise ValueError
        name = data[at + 1 : end].decode()
        branch = data[end]
        at = end + 1
        if branch == 0:
            length = data[at]
            at += 1
            end = at + (length >> 1)
            if length & 0x81:
                at, end = _span(data, at - 1)
            found[name] = data[at:end].decode()
            at = end
        else:
            found[name], at = _ATTRIBUTE_READERS[branch](data, at)
    if data[at]:
        raise ValueError
    return found, at + 1


def _finite(data: bytes, at: int) -> tuple[float, int]:
    number, end = binary.PRIMITIVES["double"](data, at)
    if not isfinite(number):
        raise ValueError
    return number, end


_ATTRIBUTE_READERS: Final[Mapping[int, binary.Read]] = {
    2: binary.PRIMITIVES["boolean"],
    4: binary.PRIMITIVES["long"],
    6: _finite,
}
_NAMES: Final[Mapping[str, Any]] = {
    "LATEST": values.LATEST,
    "NO_CONTACT": events.Contact(),
    "amount_of": _amount,
    "attributes": _attributes,
    "block": binary.block,
    "currency_of": _currency,
    "is_date": _is_date,
    "WRONG": (LookupError, ValueError, RecordError, struct.error),
    "from_bytes": int.from_bytes,
    "long": binary.PRIMITIVES["long"],
    "new": object.__new__,
    "new_tuple": tuple.__new__,
    "span": _span,
    "uuid": values.UUID.fullmatch,
}
