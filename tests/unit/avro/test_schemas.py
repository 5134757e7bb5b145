"""What stands in `avro/`."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, get_args, get_type_hints

import pytest
from fastavro.schema import parse_schema

from pipeline.commerce import schemas
from pipeline.commerce.build import BUILDERS
from pipeline.commerce.events import CommerceEvent
from pipeline.commerce.schemas import Schema, SchemaError, parse, self_contained
from pipeline.commerce.writing import snake
from pipeline.sitecore.owed import Owed

CURRENT = schemas.current()
EVENTS = {f"commerce.{kind.__name__}": kind for kind in get_args(CommerceEvent)}
OWED = {f"stream.{kind.__name__}": kind for kind in get_args(Owed)}

RELEASED = {1: "860dd40db1887b35"}
"""Digest of every released version: what was once released never changes."""


def records(schema: Schema) -> Iterator[dict[str, Any]]:
    return (record for record in schema.names.values() if record["type"] == "record")


@pytest.mark.parametrize("name", CURRENT)
def test_everything_is_documented(name: str) -> None:
    """A shop's programmer has the schema and nothing else."""
    for record in records(CURRENT[name]):
        assert record["doc"].endswith(".")
        assert all(field["doc"].endswith(".") for field in record["fields"])


@pytest.mark.parametrize(("name", "kind"), [*EVENTS.items(), *OWED.items()])
def test_a_schema_has_the_fields_of_its_class(name: str, kind: type) -> None:
    """In the same order, so that reading one beside the other shows what is missing."""
    names = [field["name"] for field in CURRENT[name].definition["fields"]]

    assert [snake(name) for name in names] == list(get_type_hints(kind))


@pytest.mark.parametrize("name", EVENTS)
def test_every_event_begins_alike(name: str) -> None:
    """What holds of any event is found at the same place in each."""
    names = [field["name"] for field in CURRENT[name].definition["fields"]]

    assert names[:10] == [
        *("eventId", "occurredAt", "guestId", "browserId", "channel"),
        *("pointOfSale", "language", "currency", "page", "attributes"),
    ]


def test_every_event_has_a_builder_and_every_builder_an_event() -> None:
    """An event that nobody builds would be refused as unknown."""
    assert {f"commerce.{name}" for name in BUILDERS} == set(EVENTS)


@pytest.mark.parametrize("name", CURRENT)
def test_what_may_be_null_may_be_left_out(name: str) -> None:
    """A nullable field without a default could never be added or removed."""
    for record in records(CURRENT[name]):
        for field in record["fields"]:
            nullable = isinstance(field["type"], list) and field["type"][0] == "null"
            assert not nullable or field["default"] is None


@pytest.mark.parametrize("name", CURRENT)
def test_the_text_is_self_contained(name: str) -> None:
    """Registries and other programs have no second file to look into."""
    parsed = parse_schema(json.loads(CURRENT[name].text))

    assert isinstance(parsed, dict)
    assert parse(CURRENT[name].text) == CURRENT[name]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ('"null"', 7195948357588979594),
        ('"boolean"', -6970731678124411036),
        ('"int"', 8247732601305521295),
        ('"long"', -3434872931120570953),
    ],
)
def test_fingerprints_are_those_of_the_specification(text: str, number: int) -> None:
    """Other programs compute them too: these are the numbers of Avro's own test data."""
    assert parse(text).fingerprint == number.to_bytes(8, "little", signed=True)


def test_a_header_is_two_bytes_and_the_fingerprint() -> None:
    """Avro's single-object encoding."""
    schema = CURRENT["commerce.Money"]

    assert schema.header == b"\xc3\x01" + schema.fingerprint


def test_no_two_schemas_that_differ_in_logical_types_share_a_fingerprint() -> None:
    """A fingerprint ignores scales: two of one fingerprint would read each other's cents."""
    versions = [*schemas.released().values(), CURRENT]
    every = [schema for version in versions for schema in version.values()]

    for schema in every:
        assert _logical_types(schemas.known()[schema.fingerprint]) == _logical_types(schema)


def _logical_types(schema: Schema) -> list[object]:
    found: list[object] = []

    def visit(pairs: dict[str, Any]) -> dict[str, Any]:
        if "logicalType" in pairs:
            found.append({key: pairs[key] for key in pairs if key != "doc"})
        return pairs

    json.loads(schema.text, object_hook=visit)
    return found


def test_a_released_version_never_changes() -> None:
    """Bytes that were written with it lie in Kafka and in backups."""
    assert {number: _digest(version) for number, version in schemas.released().items()} == RELEASED


def _digest(version: Mapping[str, Schema]) -> str:
    texts = "\n".join(version[name].text for name in sorted(version))
    return hashlib.sha256(texts.encode()).hexdigest()[:16]


def test_what_assemble_writes_was_released() -> None:
    """Deliver of the release before must be able to read it, should we roll back."""
    assert schemas.WRITTEN_RELEASE in schemas.released()
    assert set(OWED) <= set(schemas.released()[schemas.WRITTEN_RELEASE])


def test_a_reference_to_nothing_is_named() -> None:
    """A misspelt record name shows at once, with the file that is missing."""
    with pytest.raises(SchemaError, match=r"commerce\.Monney"):
        self_contained({"type": "array", "items": "commerce.Monney"}, _nowhere)


def _nowhere(name: str) -> object:
    raise SchemaError(f"{name} is referred to, and is nowhere")


@pytest.mark.parametrize(
    "text", ["", "{", "7", '"commerce.Money"', '{"type":"record"}', "[" * 9999]
)
def test_what_is_no_schema_is_refused(text: str) -> None:
    """A registry may answer anything."""
    with pytest.raises(SchemaError):
        parse(text)
