"""Extension data: at most 50 attributes, camelCase names, plain values, one type a name.

What the server does on a violation is not documented; the sandbox never shows the message.
"""

import re

from pipeline.sandbox.rules.fields import JsonObject, Violation, Violations, said

ATTRIBUTES_MAX = 50

_CAMEL_CASE = re.compile(r"[a-z][A-Za-z0-9]*")
_NAMES_KEPT = 10_000


def type_of(value: object) -> str | None:
    """Name the documented data type of a value; None when it has none."""
    match value:
        case bool():
            return "boolean"
        case str():
            return "string"
        case int():
            return "integer"
        case float():
            return "float"
    return None


class KnownTypes:
    """The one data type of each attribute name, by what it extends; the first one seen stays."""

    def __init__(self) -> None:
        self._types: dict[tuple[str, str], str] = {}

    def check(self, attributes: JsonObject, scope: str, within: str) -> Violations:
        """Find attributes whose type is not the one of their name in *scope*."""
        for name, value in attributes.items():
            known = self._types.get((scope, name))
            if known is not None and known != type_of(value):
                yield Violation("ext_type_changed", within + name, f"{type_of(value)}, was {known}")

    def learn(self, attributes: JsonObject, scope: str) -> None:
        """Remember the types of a message that was seen."""
        if len(self._types) < _NAMES_KEPT:
            for name, value in attributes.items():
                self._types.setdefault((scope, name), str(type_of(value)))


def attributes_of(extension: JsonObject, within: str) -> Violations:
    """Check one extension's attributes, its own name and key left out."""
    if len(extension) > ATTRIBUTES_MAX:
        yield Violation("ext_too_many", within.rstrip("."), str(len(extension)))
    for name, value in extension.items():
        if not _CAMEL_CASE.fullmatch(name):
            yield Violation("ext_name_invalid", within + name[:100], said(name))
        if type_of(value) is None:
            yield Violation("ext_value_invalid", within + name[:100], said(value))


def event_extension(message: JsonObject) -> Violations:
    """Check ``ext`` of an event: one object."""
    if "ext" not in message:
        return
    match message["ext"]:
        case dict() as extension:
            yield from attributes_of(extension, "ext.")
        case other:
            yield Violation("ext_not_an_object", "ext", said(other))


def extension_of(holder: JsonObject) -> JsonObject:
    """Read the attributes of an order's or an item's extension; nothing when it is malformed."""
    match holder.get("extensions"):
        case [dict() as only]:
            return {name: value for name, value in only.items() if name not in {"name", "key"}}
    return {}


def listed_extension(holder: JsonObject, within: str) -> Violations:
    """Check ``extensions`` of an order or an item: an array of one object named ext, default."""
    path = f"{within}extensions"
    match holder.get("extensions", [{"name": "ext", "key": "default"}]):
        case [dict() as only]:
            if only.get("name") != "ext" or only.get("key") != "default":
                yield Violation("ext_key_invalid", path, said(only.get("name")))
            yield from attributes_of(extension_of(holder), f"{path}.")
        case [_, _, *_]:
            yield Violation("ext_more_than_one", path)
        case other:
            yield Violation("ext_not_an_array", path, said(other))
