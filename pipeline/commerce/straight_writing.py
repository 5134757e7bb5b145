"""Writes values straight to bytes, by source text that is made of their schema.

It writes what `writing` writes, byte for byte, which is its measure: one expression a field
instead of one call, and pieces that are joined at the end.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, TypeAlias

from pipeline.commerce.schemas import Definition, Schema, SchemaError
from pipeline.commerce.values import AMOUNT_DIGITS, AMOUNT_SCALE
from pipeline.commerce.writing import Write, snake, write_decimal, write_map, write_number

Encode: TypeAlias = Callable[[Any], bytes]
"""Gives a whole value as bytes, its header first. Raises IndexError for text that is very long."""

_ATTRIBUTE: Final = ["string", "boolean", "long", "double"]
_WRITERS: Final = {"bytes": "amount", "long": "number", "int": "number"}


def compile_encode(
    schema: Schema, *, header: bytes, records: Mapping[str, Callable[[Any], bytes]] | None = None
) -> Encode:
    """Make what writes values of *schema*.

    Args:
        schema: Says the names of fields.
        header: What each begins with.
        records: What gives the bytes of records within, by their full names, where that is known.

    Raises:
        SchemaError: *schema* has a type that is never written so.
    """
    records = records or {}
    numbers = {name: number for number, name in enumerate(records)}
    source = _Source(numbers)
    source.value("value", schema.definition, schema.names)
    source.flush()
    text = "\n".join(
        ("def encode(value):", "    out = [HEADER]", *source.lines, "    return join(out)")
    )
    functions = {f"record_{numbers[name]}": write for name, write in records.items()}
    space = {**_NAMES, **functions, "HEADER": header, "join": b"".join}
    # The text is made of schemas that come with the program, and of nothing else.
    exec(compile(text, f"<writer of {schema.name}>", "exec"), space)  # noqa: S102
    encode: Encode = space["encode"]
    return encode


class _Source:
    """Lines of a function's body, and the pieces that the next one appends."""

    def __init__(self, records: Mapping[str, int]) -> None:
        self._records = records
        self.lines: list[str] = []
        self._pieces: list[str] = []
        self._indent = "    "
        self._count = 0

    def value(self, said: str, definition: Definition, names: Mapping[str, Definition]) -> None:
        """Write what the expression *said* gives."""
        definition = _named(definition, names)
        if isinstance(definition, list):
            self._optional(said, definition, names)
            return
        match definition["type"] if isinstance(definition, dict) else definition:
            case "record":
                self._record(said, definition, names)
            case "array":
                self._array(said, definition["items"], names)
            case "map" if definition["values"] == _ATTRIBUTE:
                self._pieces.append(f"attributes({said})")
            case "string":
                name = self._named(f"{said}.encode()")
                self._pieces += [f"SIZES[len({name})]", name]
            case "bytes" | "long" | "int" as kind:
                self._pieces.append(f"{_WRITERS[kind]}({said})")
            case kind:
                raise SchemaError(f"{kind} is nothing that is owed")

    def _record(self, said: str, definition: Definition, names: Mapping[str, Any]) -> None:
        number = self._records.get(definition["name"])
        if number is not None:
            self._pieces.append(f"record_{number}({said})")
            return
        for field in definition["fields"]:
            self.value(f"{said}.{snake(field['name'])}", field["type"], names)

    def flush(self) -> None:
        """Append the pieces so far."""
        if self._pieces:
            self._add(f"out += ({', '.join(self._pieces)},)")
            self._pieces = []

    def _optional(self, said: str, branches: list[Definition], names: Mapping[str, Any]) -> None:
        nothing, definition = branches
        if nothing != "null":
            raise SchemaError(f"{nothing} comes first in a union")
        self.flush()
        name = self._named(said)
        self._add(f"if {name} is None:\n    out.append(NOTHING)\nelse:")
        self._pieces.append("SECOND")
        self._within(name, definition, names)

    def _array(self, said: str, items: Definition, names: Mapping[str, Any]) -> None:
        self.flush()
        name = self._named(said)
        self._add(f"if {name}:\n    out.append(number(len({name})))\nfor item_{name} in {name}:")
        self._within(f"item_{name}", items, names)
        self._pieces.append("NOTHING")

    def _within(self, said: str, definition: Definition, names: Mapping[str, Any]) -> None:
        self._indent += "    "
        self.value(said, definition, names)
        self.flush()
        self._indent = self._indent[4:]

    def _named(self, said: str) -> str:
        self._count += 1
        self._add(f"v{self._count} = {said}")
        return f"v{self._count}"

    def _add(self, text: str) -> None:
        self.lines.extend(self._indent + line for line in text.split("\n"))


def _named(definition: Definition, names: Mapping[str, Definition]) -> Definition:
    return names.get(definition, definition) if isinstance(definition, str) else definition


def _written(write: Write, value: object) -> bytes:
    out = bytearray()
    write(out, value)
    return bytes(out)


def _number(number: int) -> bytes:
    """Write a number; those of three or four bytes are offsets, those of six instants."""
    if 0 <= number < len(_SIZES):
        return _SIZES[number]
    twice = number << 1
    if _SIX_BYTES <= number < _SEVEN_BYTES:
        return bytes(
            (
                twice & 0x7F | 0x80,
                twice >> 7 & 0x7F | 0x80,
                twice >> 14 & 0x7F | 0x80,
                twice >> 21 & 0x7F | 0x80,
                twice >> 28 & 0x7F | 0x80,
                twice >> 35,
            )
        )
    if _THREE_BYTES <= number < _FOUR_BYTES:
        return bytes((twice & 0x7F | 0x80, twice >> 7 & 0x7F | 0x80, twice >> 14))
    return _written(write_number, number)


@lru_cache(maxsize=4096)
def _amount(amount: Decimal) -> bytes:
    return _written(_write_amount, amount)


def _attributes(attributes: Mapping[str, Any]) -> bytes:
    return _written(_write_attributes, attributes) if attributes else b"\0"


_THREE_BYTES: Final = 1 << 13
_FOUR_BYTES: Final = 1 << 20
_SIX_BYTES: Final = 1 << 34
_SEVEN_BYTES: Final = 1 << 41
_SIZES: Final = tuple(_written(write_number, size) for size in range(_THREE_BYTES))
_write_amount: Final = write_decimal(AMOUNT_DIGITS, AMOUNT_SCALE)
_write_attributes: Final = write_map(_ATTRIBUTE)
_NAMES: Final[Mapping[str, Any]] = {
    "NOTHING": b"\0",
    "SECOND": b"\2",
    "SIZES": _SIZES,
    "amount": _amount,
    "attributes": _attributes,
    "number": _number,
}
