"""The source text of readers: what takes each part of an event from bytes, by its schema."""

from collections.abc import Callable, Container, Mapping
from typing import Any, Final

from pipeline.commerce.schemas import Definition, SchemaError
from pipeline.commerce.writing import snake

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

_INSTANT = """\
n = from_bytes(data[at:at + 6], "little")
if n & 0x808080808080 == 0x8080808080:
    n = (
        n & 0x7F | n >> 1 & 0x3F80 | n >> 2 & 0x1FC000
        | n >> 3 & 0xFE00000 | n >> 4 & 0x7F0000000 | n >> 5 & 0x3F800000000
    )
    {0} = (n >> 1) ^ -(n & 1)
    at += 6
else:
    {0}, at = long(data, at)"""
"""Those of our time take six bytes, which are taken at once."""

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

_FIRST_BLOCK = """\
count = data[at]
at += 1
if count & 0x81:
    count, at = block(data, at - 1, 0)
else:
    count >>= 1"""
"""How many items follow: mostly fewer than 64."""

_NEXT_BLOCK = """\
count = data[at]
if count:
    count, at = block(data, at, len({0}))
else:
    at += 1"""
"""Mostly all items lie in one."""

_NUMBERS: Final = {"long": _LONG, "int": _INT, "timestamp-millis": _INSTANT}
ATTRIBUTE: Final = ["string", "boolean", "long", "double"]
_SPELLED: Final[Mapping[str, str]] = {
    "string": "data[at:end].decode()",
    "bytes": "amount_of(data[at:end])",
    "currency": "currency_of(data[at:end])",
    # It begins with the time of the guest's first event.
    "sequence": _INSTANT,
}
"""How a value is read, by its type or its field's name."""


class Source:
    """Lines of a function's body, one field after the other."""

    def __init__(self, classes: Mapping[str, type], kept: Container[str] = ()) -> None:
        self.lines: list[str] = []
        self._classes = classes
        self._kept = kept
        self._indent = "        "
        self._count = 0

    def record(self, made: str, definition: Definition, names: Mapping[str, Definition]) -> None:
        """Read the fields of a record, and make it of them under the name *made*."""
        kind = definition["name"].rpartition(".")[2]
        said = []
        if definition["name"] in self._kept:
            self._add(f"{made}_at = at")
        for field in definition["fields"]:
            name = field["name"]
            spelled = _SPELLED.get(name, "")
            found = self._value(field["type"], names, spelled)
            wanted = _WANTED.get(f"{kind}.{name}", _WANTED.get(name))
            if wanted is not None:
                self._add(f"if not {wanted.format(found)}:\n    return None")
            later = _LATER.get(f"{kind}.{name}", _LATER.get(name, "{0}"))
            said.append((snake(name), later.format(found)))
        if issubclass(self._classes[kind], tuple):
            # What a call of the class would do, without asking which field is which.
            order = self._classes[kind].__annotations__
            values = ", ".join(dict(said)[field] for field in order)
            self._add(f"{made} = new_tuple({kind}, ({values},))")
            return
        # What `__init__` would do, field by field, at a third of its price.
        self._add(f"{made} = new({kind})")
        for attribute, text in said:
            self._add(f"{made}.{attribute} = {text}")
        if "written" in self._classes[kind].__annotations__:
            written = f"data[{made}_at:at]" if definition["name"] in self._kept else None
            self._add(f"{made}.written = {written}")

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
        match _kind(definition):
            case "record":
                self.record(name, definition, names)
            case "array":
                self._array(name, definition["items"], names)
            case "map" if definition["values"] == ATTRIBUTE:
                self._add(_ATTRIBUTES.format(name))
            case "string" | "bytes" as kind:
                self._add(_TEXT.format(name, spelled or _SPELLED[kind]))
            case kind if kind in _NUMBERS:
                self._add((spelled or _NUMBERS[kind]).format(name))
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
        self._add(f"{name} = []\n{_FIRST_BLOCK}\nwhile count:")

        def body() -> None:
            self._add("for _ in range(count):")
            self._within(lambda: self._add(f"{name}.append({self._value(items, names)})"))
            self._add(_NEXT_BLOCK.format(name))

        self._within(body)
        self._add(f"{name} = tuple({name})")

    def _within(self, body: Callable[[], None]) -> None:
        self._indent += "    "
        body()
        self._indent = self._indent[4:]

    def _add(self, text: str) -> None:
        self.lines.extend(self._indent + line for line in text.split("\n"))


def _kind(definition: Definition) -> str:
    """The type's name; of instants their logical one."""
    if not isinstance(definition, dict):
        return str(definition)
    logical = definition.get("logicalType", "")
    return str(logical if logical in _NUMBERS else definition["type"])
