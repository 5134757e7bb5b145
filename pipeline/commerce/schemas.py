"""The Avro schemas that come with the program, each with its fingerprint and its plain JSON.

A schema is one record a file, named after the record; a file refers to another record by
its full name. Current ones lie in `avro/`, and each version that was ever released in
`avro/released/<number>/`, so that whatever was written with one of them can be read.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

from fastavro.schema import (
    SchemaParseException,
    UnknownType,
    fingerprint,
    parse_schema,
    to_parsing_canonical_form,
)

Definition: TypeAlias = Any
"""A schema as JSON has it: a string, a list or an object."""

COMMERCE = "commerce"
STREAM = "stream"
LINE = f"{COMMERCE}.Line"
_NAMESPACES = (COMMERCE, STREAM)

WRITTEN_RELEASE = 1
"""The released schemas that are written. A release that brings new ones reads them and still
writes these; the next one writes them: so releases roll forward and back."""


class SchemaError(ValueError):
    """Text that is no Avro schema, or not one that can be used here."""


@dataclass(frozen=True, slots=True)
class Schema:
    """One schema, self-contained: every record it refers to is defined inside."""

    name: str
    """Full name, such as ``commerce.OrderPlaced``; empty for an unnamed type."""
    text: str
    """JSON without blanks; each record is defined where it first occurs, as registries want."""
    fingerprint: bytes
    """CRC-64-AVRO of the parsing canonical form, 8 bytes, little-endian."""
    definition: Definition
    """Every name in it is a full one."""
    names: Mapping[str, Definition]
    """The records, enums and fixed types within, by full name."""

    @property
    def header(self) -> bytes:
        """What a single-object encoding by this schema begins with, 10 bytes."""
        return b"\xc3\x01" + self.fingerprint


def parse(text: str) -> Schema:
    """Read a self-contained schema.

    Raises:
        SchemaError: *text* is not JSON, not a schema, or refers to what it does not define.
    """
    try:
        return _schema(json.loads(text))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise SchemaError(f"not a usable Avro schema: {error}") from error
    except (SchemaParseException, UnknownType) as error:
        raise SchemaError(f"not a usable Avro schema: {error}") from error


def _schema(raw: Definition) -> Schema:
    names: dict[str, Definition] = {}
    parsed = parse_schema(raw, named_schemas=names, _write_hint=False)
    name = parsed.get("name", "") if isinstance(parsed, dict) else ""
    return Schema(
        name=name,
        text=json.dumps(raw, separators=(",", ":"), ensure_ascii=False),
        fingerprint=bytes.fromhex(fingerprint(to_parsing_canonical_form(parsed), "CRC-64-AVRO")),
        definition=parsed,
        names=names,
    )


def self_contained(definition: Definition, lookup: Callable[[str], Definition]) -> Definition:
    """Define every record where its name first occurs.

    Args:
        definition: A schema whose references are full names.
        lookup: Gives the definition of a full name, or raises SchemaError.
    """
    return _inlined(definition, lookup, set())


def _inlined(part: Definition, lookup: Callable[[str], Definition], seen: set[str]) -> Definition:
    match part:
        case str() if "." in part and part not in seen:
            return _inlined(lookup(part), lookup, seen)
        case list():
            return [_inlined(branch, lookup, seen) for branch in part]
        case dict():
            if "name" in part:
                seen.add(full_name(part))
            return {
                key: _inlined_fields(value, lookup, seen)
                if key == "fields"
                else _inlined(value, lookup, seen)
                if key in {"type", "items", "values"}
                else value
                for key, value in part.items()
            }
    return part


def _inlined_fields(
    fields: list[Definition], lookup: Callable[[str], Definition], seen: set[str]
) -> list[Definition]:
    return [{**field, "type": _inlined(field["type"], lookup, seen)} for field in fields]


def full_name(definition: Mapping[str, Any]) -> str:
    """Name of a record with its namespace, wherever that is said."""
    name = str(definition["name"])
    space = definition.get("namespace")
    return name if "." in name or not space else f"{space}.{name}"


def directory() -> Path:
    """Where the schemas lie: inside an installed package, or at the root of a checkout."""
    package = Path(__file__).resolve().parents[1]
    shipped = package / "_avro"
    return shipped if shipped.is_dir() else package.parent / "avro"


def load(root: Path) -> Mapping[str, Schema]:
    """Read the schemas of one version by full name; *root* holds a folder a namespace."""

    def lookup(name: str) -> Definition:
        space, _, record = name.rpartition(".")
        path = root / space / f"{record}.avsc"
        if not path.is_file():
            raise SchemaError(f"{name} is referred to, but there is no {path}")
        return json.loads(path.read_text("utf-8"))

    files = [path for space in _NAMESPACES for path in sorted((root / space).glob("*.avsc"))]
    names = [f"{path.parent.name}.{path.stem}" for path in files]
    return {name: _schema(self_contained(name, lookup)) for name in names}


@cache
def current() -> Mapping[str, Schema]:
    """The schemas of this release by full name."""
    return load(directory())


@cache
def released() -> Mapping[int, Mapping[str, Schema]]:
    """Every released version of the schemas: number, then full name."""
    versions = (directory() / "released").iterdir()
    return {int(path.name): load(path) for path in sorted(versions) if path.name.isdigit()}


@cache
def known() -> Mapping[bytes, Schema]:
    """Every schema that came with a release up to this one, by fingerprint."""
    every = [*released().values(), current()]
    return {schema.fingerprint: schema for version in every for schema in version.values()}
