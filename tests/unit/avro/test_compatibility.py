"""Full-transitive compatibility: every version reads what every other wrote."""

import json
import random
from collections.abc import Callable, Iterator
from datetime import datetime
from io import BytesIO
from itertools import permutations
from typing import Any
from uuid import UUID

import pytest
from fastavro import schemaless_reader, schemaless_writer
from fastavro.schema import parse_schema
from fastavro.utils import generate_many

from pipeline.commerce import schemas
from pipeline.commerce.resolution import compile_reader
from pipeline.commerce.schemas import Schema, SchemaError, parse

VERSIONS = {**{str(number): one for number, one in schemas.released().items()}}
VERSIONS["current"] = schemas.current()


def pairs() -> Iterator[tuple[str, str, str]]:
    for writer, reader in permutations(VERSIONS, 2):
        for name in sorted(set(VERSIONS[writer]) & set(VERSIONS[reader])):
            yield name, writer, reader


@pytest.mark.parametrize(("name", "writer", "reader"), list(pairs()))
def test_every_version_reads_every_other(name: str, writer: str, reader: str) -> None:
    """Shops, workers and backups are never all of one version."""
    written, wanted = VERSIONS[writer][name], VERSIONS[reader][name]
    read = compile_reader(written, wanted)
    random.seed(name)

    for value in samples(written, 20):
        assert read(value, 0) == plain(by_fastavro(value, written, wanted))


@pytest.mark.parametrize("version", [name for name in VERSIONS if name != "current"])
def test_nothing_that_was_released_is_gone(version: str) -> None:
    """A record whose schema we no longer have cannot be read at all."""
    assert set(VERSIONS[version]) <= set(schemas.current())


def samples(schema: Schema, count: int) -> Iterator[bytes]:
    parsed = parse_schema(json.loads(schema.text))
    for value in generate_many(parsed, count):
        out = BytesIO()
        schemaless_writer(out, parsed, value)
        yield out.getvalue()


def by_fastavro(value: bytes, writer: Schema, reader: Schema) -> Any:
    return schemaless_reader(
        BytesIO(value), parse_schema(json.loads(writer.text)), parse_schema(json.loads(reader.text))
    )


def plain(value: Any) -> Any:
    """Undo fastavro's logical types, but for decimals."""
    match value:
        case dict():
            return {name: plain(item) for name, item in value.items()}
        case list():
            return [plain(item) for item in value]
        case datetime():
            return round(value.timestamp() * 1000)
        case UUID():
            return value.hex
    return value


def fields(schema: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = schema["fields"]
    return found


def without_a_field(schema: dict[str, Any]) -> None:
    fields(schema)[:] = [field for field in fields(schema) if field["name"] != "orderId"]


def with_a_field(schema: dict[str, Any]) -> None:
    fields(schema).append({"name": "shop", "type": "string"})


def with_a_renamed_field(schema: dict[str, Any]) -> None:
    next(field for field in fields(schema) if field["name"] == "status")["name"] = "state"


def with_a_field_of_another_type(schema: dict[str, Any]) -> None:
    next(field for field in fields(schema) if field["name"] == "status")["type"] = "long"


def with_a_field_that_may_be_null(schema: dict[str, Any]) -> None:
    field = next(field for field in fields(schema) if field["name"] == "status")
    field["type"] = ["null", "string"]


def with_fewer_kinds_of_attribute(schema: dict[str, Any]) -> None:
    field = next(field for field in fields(schema) if field["name"] == "attributes")
    field["type"]["values"] = ["string", "long"]


def with_amounts_in_cents(schema: dict[str, Any]) -> None:
    total = next(field for field in fields(schema) if field["name"] == "total")
    total["type"]["fields"][0]["type"]["scale"] = 2


def with_instants_in_microseconds(schema: dict[str, Any]) -> None:
    fields(schema)[1]["type"]["logicalType"] = "timestamp-micros"


BREAKS = [
    without_a_field,
    with_a_field,
    with_a_renamed_field,
    with_a_field_of_another_type,
    with_a_field_that_may_be_null,
    with_fewer_kinds_of_attribute,
    with_amounts_in_cents,
    with_instants_in_microseconds,
]


@pytest.mark.parametrize("break_it", BREAKS)
def test_an_incompatible_schema_is_caught(break_it: Callable[[dict[str, Any]], None]) -> None:
    """The test above would be worth nothing if it passed whatever we did."""
    ours = schemas.current()["commerce.OrderPlaced"]
    definition = json.loads(ours.text)
    break_it(definition)
    broken = parse(json.dumps(definition))

    assert not (_reads(ours, broken) and _reads(broken, ours))


def test_a_field_with_a_default_is_no_break() -> None:
    """The way to add one."""
    ours = schemas.current()["commerce.OrderPlaced"]
    definition = json.loads(ours.text)
    fields(definition).append({"name": "shop", "type": ["null", "string"], "default": None})
    newer = parse(json.dumps(definition))

    assert _reads(ours, newer)
    assert _reads(newer, ours)


def _reads(writer: Schema, reader: Schema) -> bool:
    try:
        compile_reader(writer, reader)
    except SchemaError:
        return False
    return True
