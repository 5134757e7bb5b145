"""Two schemas side by side: how what one wrote is read as the other wants it."""

import struct
from collections.abc import Callable, Mapping
from typing import Any

from pipeline.commerce import binary
from pipeline.commerce.binary import Read
from pipeline.commerce.schemas import Definition, Schema, SchemaError
from pipeline.errors import RecordError, Unreadable

_PROMOTIONS = {("int", "long"), ("float", "double")}
_TO_FLOAT = {("int", "float"), ("int", "double"), ("long", "float"), ("long", "double")}
_NAMED = {"record", "fixed", "enum"}


def compile_reader(writer: Schema, reader: Schema) -> Callable[[bytes, int], Any]:
    """Resolve two schemas by Avro's rules and return what reads a whole value.

    Plain values are those of JSON, with `Decimal` for decimals and `bytes`; an instant stays
    a number of milliseconds and a UUID its text. Records are dicts with exactly the fields of
    *reader*.

    The function takes bytes and where to begin, and wants them to end with the value.
    It raises RecordError (truncated, malformed).

    Raises:
        SchemaError: what *writer* writes is not what *reader* wants, or *writer* is recursive.
    """
    read = _Resolver(writer, reader).resolve(writer.definition, reader.definition, "")

    def read_all(data: bytes, at: int) -> Any:
        try:
            value, end = read(data, at)
        except (IndexError, struct.error):
            raise RecordError(Unreadable.TRUNCATED, f"ends after {len(data)} bytes") from None
        except UnicodeDecodeError:
            raise RecordError(Unreadable.MALFORMED, "text that is not UTF-8") from None
        if end != len(data):
            raise RecordError(Unreadable.MALFORMED, f"{len(data) - end} bytes too many")
        return value

    return read_all


class _Resolver:
    """Walks two schemas side by side and builds what reads them."""

    def __init__(self, writer: Schema, reader: Schema) -> None:
        self._writer = writer
        self._reader = reader
        self._entered: list[str] = []

    def resolve(self, writer: Definition, reader: Definition | None, at: str) -> Read:
        """Build what reads *writer* as *reader*; *reader* is None for what nobody wants."""
        writer, reader = _named(writer, self._writer), _named(reader, self._reader)
        if isinstance(writer, list):
            branches = [self.resolve(branch, reader, at) for branch in writer]
            return binary.union(branches)
        if isinstance(reader, list):
            return self._first_branch(writer, reader, at)
        if reader is not None:
            _check_match(writer, reader, at)
        match _kind(writer):
            case "record":
                return self._record(writer, reader, at)
            case "array":
                wanted = reader["items"] if reader else None
                return binary.array(self.resolve(writer["items"], wanted, f"{at}[]"))
            case "map":
                wanted = reader["values"] if reader else None
                return binary.mapping(self.resolve(writer["values"], wanted, f"{at}{{}}"))
        return _scalar(writer, reader)

    def _first_branch(self, writer: Definition, reader: list[Definition], at: str) -> Read:
        why = ""
        for branch in reader:
            try:
                return self.resolve(writer, branch, at)
            except SchemaError as error:
                why = str(error)
        raise SchemaError(why if len(reader) == 1 else f"{at or '.'}: no branch takes it; {why}")

    def _record(self, writer: Definition, reader: Definition | None, at: str) -> Read:
        name = writer["name"]
        if name in self._entered:
            raise SchemaError(f"{at or '.'}: {name} contains itself")
        self._entered.append(name)
        wanted = {field["name"]: field for field in reader["fields"]} if reader else {}
        steps: list[tuple[str | None, Read]] = []
        for field in writer["fields"]:
            mine = wanted.pop(field["name"], None)
            path = f"{at}.{field['name']}".lstrip(".")
            read = self.resolve(field["type"], mine["type"] if mine else None, path)
            steps.append((field["name"] if mine else None, read))
        self._entered.pop()
        missing = [name for name, field in wanted.items() if "default" not in field]
        if missing:
            raise SchemaError(f"{at or '.'}: {', '.join(missing)} missing, without a default")
        return binary.record(steps, {name: field["default"] for name, field in wanted.items()})


def _scalar(writer: Definition, reader: Definition | None) -> Read:
    kind = _kind(writer)
    if kind == "fixed":
        return binary.fixed(writer["size"])
    if reader is not None and (kind, _kind(reader)) in _TO_FLOAT:
        return binary.long_as_float
    if reader is not None and _logical(reader) == "decimal":
        return binary.decimal(reader["precision"], reader["scale"])
    return binary.PRIMITIVES[kind]


def _named(definition: Definition, schema: Schema) -> Definition:
    if isinstance(definition, str) and definition in schema.names:
        return schema.names[definition]
    return definition


def _kind(definition: Definition) -> str:
    kind = definition["type"] if isinstance(definition, dict) else definition
    # {"type": {"type": "string"}} is allowed, and says no more than "string".
    return kind if isinstance(kind, str) else _kind(kind)


def _logical(definition: Definition) -> str | None:
    return definition.get("logicalType") if isinstance(definition, dict) else None


def _check_match(writer: Definition, reader: Definition, at: str) -> None:
    where = at or "."
    written, wanted = _kind(writer), _kind(reader)
    if written != wanted and (written, wanted) not in _PROMOTIONS | _TO_FLOAT:
        raise SchemaError(f"{where}: {written} is not {wanted}")
    if written in _NAMED and _unqualified(writer) != _unqualified(reader):
        raise SchemaError(f"{where}: {writer['name']} is not {reader['name']}")
    if "decimal" in (_logical(writer), _logical(reader)) and _digits(writer) != _digits(reader):
        raise SchemaError(f"{where}: {_digits(writer)} is not {_digits(reader)}")
    if _logical(writer) not in (None, _logical(reader)) and _logical(reader) is not None:
        raise SchemaError(f"{where}: {_logical(writer)} is not {_logical(reader)}")


def _digits(definition: Definition) -> tuple[str | None, int, int]:
    if not isinstance(definition, dict):
        return None, 0, 0
    return _logical(definition), definition.get("precision", 0), definition.get("scale", 0)


def _unqualified(definition: Mapping[str, Any]) -> str:
    return str(definition["name"]).rpartition(".")[2]
