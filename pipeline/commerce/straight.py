"""Reads events straight from bytes, by source text that is made of their schema.

It serves what is written by exactly a schema that it was made for, and takes only what is
plainly right: whatever it does not like is read again the slow way, by `resolution` and
`build`, which says what is wrong. So it names no fault, and the slow way is its measure.
"""

import struct
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from functools import lru_cache
from math import isfinite
from typing import Any, Final, TypeAlias, get_args

from pipeline.commerce import binary, events, values
from pipeline.commerce.events import CommerceEvent
from pipeline.commerce.schemas import Definition, Schema, SchemaError
from pipeline.commerce.writing import snake
from pipeline.errors import RecordError

Straight: TypeAlias = Callable[[bytes, int], CommerceEvent | None]
"""Takes bytes and where to begin; gives an event, or None for what it does not like."""

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

_WANTED: Final[Mapping[str, str]] = {
    "eventId": "uuid({0})",
    "Cause.eventId": "({0} is None or uuid({0}))",
    "deliveryId": "uuid({0})",
    "browserId": "({0} is None or uuid({0}))",
    "occurredAt": "0 <= {0} <= LATEST",
    "orderedAt": "0 <= {0} <= LATEST",
    "expiresAt": "({0} is None or 0 <= {0} <= LATEST)",
    "guestId": "{0}",
    "itemId": "{0}",
    "orderId": "{0}",
    "Line.productId": "{0}",
    "Line.quantity": "{0} >= 0",
    "Identifier.provider": "{0}",
    "Identifier.id": "{0}",
    "Payment.type": "{0}",
    "CustomEventRaised.name": "{0}",
    "Contact.dateOfBirth": "({0} is None or is_date({0}))",
}
"""What must hold of a field, by its name, or its record's and its own."""

_LATER: Final[Mapping[str, str]] = {
    "eventId": "{0}.lower()",
    "Cause.eventId": "{0}",
    "contact": "{0} or NO_CONTACT",
}
"""What a field becomes once it holds, by its name, or its record's and its own."""

_TEXT = """\
n = data[at]
at += 1
end = at + (n >> 1)
if n & 0x81:
    at, end = span(data, at - 1)
{0} = {1}
at = end"""

_LONG = """\
n = data[at]
at += 1
if n & 0x80:
    {0}, at = long(data, at - 1)
else:
    {0} = (n >> 1) ^ -(n & 1)"""

_INT = f"""\
{_LONG}
if not -0x80000000 <= {{0}} <= 0x7FFFFFFF:
    return None"""

_ATTRIBUTES = """\
if data[at]:
    {0}, at = attributes(data, at)
else:
    {0} = {{}}
    at += 1"""

_ATTRIBUTE: Final = ["string", "boolean", "long", "double"]
_SPELLED: Final[Mapping[str, str]] = {
    "string": "data[at:end].decode()",
    "bytes": "amount_of(data[at:end])",
    "currency": "currency_of(data[at:end])",
}


def compile_straight(schema: Schema, classes: Mapping[str, type] = _CLASSES) -> Straight:
    """Make a reader of what one current schema says.

    Args:
        schema: Says the names of classes and fields.
        classes: Further ones, by the last part of their names in the schema.

    Raises:
        SchemaError: *schema* has a type that no event has.
    """
    source = _Source()
    made = source.record(schema.definition, schema.names)
    text = "\n".join(
        (
            "def read(data, at):",
            *source.lines,
            f"    return {made} if at == len(data) else None",
        )
    )
    space: dict[str, Any] = {**_NAMES, **_CLASSES, **classes}
    # The text is made of schemas that come with the program, and of nothing else.
    exec(compile(text, f"<reader of {schema.name}>", "exec"), space)  # noqa: S102
    return _tolerant(space["read"])


def _tolerant(read: Straight) -> Straight:
    def read_all(data: bytes, at: int) -> CommerceEvent | None:
        try:
            return read(data, at)
        except (LookupError, ValueError, RecordError, struct.error):
            return None

    return read_all


class _Source:
    """Lines of a function's body, one field after the other."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._indent = "    "
        self._count = 0

    def record(self, definition: Definition, names: Mapping[str, Definition]) -> str:
        """Read the fields of a record; gives the text that makes it of them."""
        kind = definition["name"].rpartition(".")[2]
        said = []
        for field in definition["fields"]:
            name = field["name"]
            spelled = _SPELLED.get(name, "")
            found = self._value(field["type"], names, spelled)
            wanted = _WANTED.get(f"{kind}.{name}", _WANTED.get(name))
            if wanted is not None:
                self._add(f"if not {wanted.format(found)}:\n    return None")
            later = _LATER.get(f"{kind}.{name}", _LATER.get(name, "{0}"))
            said.append(f"{snake(name)}={later.format(found)}")
        return f"{kind}({', '.join(said)})"

    def _value(self, definition: Definition, names: Mapping[str, Any], spelled: str = "") -> str:
        """Read one value; gives the name of the variable that holds it."""
        definition = (
            names.get(definition, definition) if isinstance(definition, str) else definition
        )
        self._count += 1
        name = f"v{self._count}"
        if isinstance(definition, list):
            self._optional(name, definition, names)
            return name
        match definition["type"] if isinstance(definition, dict) else definition:
            case "record":
                self._add(f"{name} = {self.record(definition, names)}")
            case "array":
                self._array(name, definition["items"], names)
            case "map" if definition["values"] == _ATTRIBUTE:
                self._add(_ATTRIBUTES.format(name))
            case "string" | "bytes" as kind:
                self._add(_TEXT.format(name, spelled or _SPELLED[kind]))
            case "long":
                self._add(_LONG.format(name))
            case "int":
                self._add(_INT.format(name))
            case kind:
                raise SchemaError(f"{kind} is nothing that events have")
        return name

    def _optional(self, name: str, branches: list[Definition], names: Mapping[str, Any]) -> None:
        nothing, definition = branches
        if nothing != "null":
            raise SchemaError(f"{nothing} comes first in a union")
        self._add("n = data[at]\nat += 1\nif n == 2:")
        self._within(lambda: self._add(f"{name} = {self._value(definition, names)}"))
        self._add(f"elif n:\n    return None\nelse:\n    {name} = None")

    def _array(self, name: str, items: Definition, names: Mapping[str, Any]) -> None:
        self._add(f"{name} = []\ncount, at = block(data, at, 0)\nwhile count:")

        def body() -> None:
            self._add("for _ in range(count):")
            self._within(lambda: self._add(f"{name}.append({self._value(items, names)})"))
            self._add(f"count, at = block(data, at, len({name}))")

        self._within(body)
        self._add(f"{name} = tuple({name})")

    def _within(self, body: Callable[[], None]) -> None:
        self._indent += "    "
        body()
        self._indent = self._indent[4:]

    def _add(self, text: str) -> None:
        self.lines.extend(self._indent + line for line in text.split("\n"))


def _span(data: bytes, at: int) -> tuple[int, int]:
    """Where text of a length that takes more than a byte begins and ends."""
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
        read = _string if branch == 0 else _ATTRIBUTE_READERS[branch]
        found[name], at = read(data, end + 1)
    if data[at]:
        raise ValueError
    return found, at + 1


def _finite(data: bytes, at: int) -> tuple[float, int]:
    number, end = binary.PRIMITIVES["double"](data, at)
    if not isfinite(number):
        raise ValueError
    return number, end


_string = binary.PRIMITIVES["string"]
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
    "long": binary.PRIMITIVES["long"],
    "span": _span,
    "uuid": values.UUID.fullmatch,
}
