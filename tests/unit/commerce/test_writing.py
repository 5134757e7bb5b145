"""Our reading and writing of Avro, beside another implementation of it."""

import json
from decimal import Decimal
from io import BytesIO
from typing import Any, NamedTuple

import pytest
from fastavro import schemaless_reader, schemaless_writer
from fastavro.schema import parse_schema
from hypothesis import given
from hypothesis import strategies as st

from pipeline.commerce.encode import encode, schema_of
from pipeline.commerce.events import CommerceEvent
from pipeline.commerce.json_form import to_json
from pipeline.commerce.resolution import compile_reader
from pipeline.commerce.schemas import SchemaError, parse
from pipeline.commerce.values import amount
from pipeline.commerce.writing import compile_writer
from pipeline.errors import RecordError, Unreadable
from tests import strategies
from tests.examples import EVENTS

TYPES = {
    "null": st.none(),
    "boolean": st.booleans(),
    "int": st.integers(-(2**31), 2**31 - 1),
    "long": st.integers(-(2**63), 2**63 - 1),
    "float": st.floats(width=32, allow_nan=False),
    "double": st.floats(allow_nan=False),
    "bytes": st.binary(max_size=300),
    "string": st.text(max_size=300),
}


class Box(NamedTuple):
    """A record of one field."""

    held: Any


def box(kind: object, name: str = "Box") -> str:
    return json.dumps({"type": "record", "name": name, "fields": [{"name": "held", "type": kind}]})


def by_fastavro(text: str, plain: object) -> bytes:
    out = BytesIO()
    schemaless_writer(out, parse_schema(json.loads(text)), plain)
    return out.getvalue()


@given(strategies.commerce_events)
def test_another_reader_reads_what_we_write(event: CommerceEvent) -> None:
    """Our topics are for others too."""
    schema = schema_of(type(event).__name__)
    body = BytesIO(encode(event)[10:])

    read: Any = schemaless_reader(body, parse_schema(json.loads(schema.text)), None)

    assert read["guestId"] == event.guest_id
    assert body.read() == b""
    assert by_fastavro(schema.text, read) == encode(event)[10:]


@given(st.data())
@pytest.mark.parametrize("kind", TYPES)
def test_we_read_what_another_writer_writes(kind: str, data: st.DataObject) -> None:
    """Shops write with other libraries."""
    value = data.draw(st.lists(st.dictionaries(st.text(max_size=70), TYPES[kind], max_size=3)))
    text = box({"type": "array", "items": {"type": "map", "values": ["null", kind]}})
    if kind == "null":
        text = box({"type": "array", "items": {"type": "map", "values": kind}})
    schema = parse(text)

    assert compile_reader(schema, schema)(by_fastavro(text, {"held": value}), 0) == {"held": value}


@pytest.mark.parametrize(
    ("written", "wanted", "value"),
    [
        ("int", "long", 7),
        ("int", "double", 7.0),
        ("long", "double", 7.0),
        ("float", "double", 1.5),
        ("string", ["null", "string"], "a"),
        (["string"], "string", "a"),
        ("int", ["string", "long"], 7),
    ],
)
def test_types_are_promoted(written: object, wanted: object, value: object) -> None:
    """As Avro's specification has it."""
    read = compile_reader(parse(box(written)), parse(box(wanted)))

    assert read(by_fastavro(box(written), {"held": value}), 0) == {"held": value}


def test_what_nobody_wants_is_passed_over() -> None:
    """A field of any type may be added by a shop."""
    kinds = [
        *TYPES,
        {"type": "enum", "name": "E", "symbols": ["A", "B"]},
        {"type": "fixed", "name": "F", "size": 3},
        {"type": "array", "items": "int"},
        {"type": "map", "values": "int"},
        {"type": "record", "name": "R", "fields": [{"name": "held", "type": "int"}]},
        {"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2},
    ]
    values = [None, True, 1, 2, 1.5, 2.5, b"x", "y", "B", b"abc", [1], {"a": 1}, {"held": 1}]
    fields = [{"name": f"f{number}", "type": kind} for number, kind in enumerate(kinds)]
    writer = json.dumps({"type": "record", "name": "Wide", "fields": fields})
    reader = {"type": "record", "name": "Wide", "fields": [{"name": "f3", "type": "long"}]}
    plain = {f"f{number}": value for number, value in enumerate([*values, Decimal("1.25")])}

    read = compile_reader(parse(writer), parse(json.dumps(reader)))

    assert read(by_fastavro(writer, plain), 0) == {"f3": 2}


@given(st.decimals(min_value=-(10**18) + 1, max_value=10**18 - 1, places=6))
def test_a_decimal_keeps_every_digit(number: Decimal) -> None:
    """Twenty-four of them."""
    text = box({"type": "bytes", "logicalType": "decimal", "precision": 24, "scale": 6})
    schema, out = parse(text), bytearray()

    compile_writer(schema)(out, Box(number))

    assert compile_reader(schema, schema)(bytes(out), 0) == {"held": amount(number)}
    assert bytes(out) == by_fastavro(text, {"held": number})


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("int", 2**31),
        ("long", 2**63),
        ("string", "\ud800"),
        (["null", "string"], 7),
        ({"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2}, Decimal("1.255")),
        ({"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2}, Decimal(100)),
    ],
)
def test_what_a_type_cannot_say_is_not_written(kind: object, value: object) -> None:
    """Better no record than one that says something else."""
    with pytest.raises(ValueError, match=r"."):
        compile_writer(parse(box(kind)))(bytearray(), Box(value))


def test_a_type_that_is_never_written_is_refused_when_compiled() -> None:
    """Not when the first order comes."""
    with pytest.raises(SchemaError, match="float"):
        compile_writer(parse(box("float")))


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("boolean", b"\x02"),
        ("int", b"\xff\xff\xff\xff\x7f"),
        ("long", b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"),
        ("long", b"\xff" * 11),
        ("bytes", b"\x01"),
        (["null", "int"], b"\x01"),
        (["null", "int"], b"\x04"),
        ({"type": "array", "items": "null"}, b"\xfe\xff\xff\xff\x0f"),
        ({"type": "array", "items": "null"}, b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00"),
        ({"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2}, b"\x06\x7f\0\0"),
        ("string", b"\x02\xff"),
    ],
)
def test_bytes_that_break_the_encoding_are_malformed(kind: object, data: bytes) -> None:
    """Each of these is something that a lenient reader takes, or hangs on."""
    schema = parse(box(kind))

    with pytest.raises(RecordError) as caught:
        compile_reader(schema, schema)(data, 0)

    assert caught.value.reason is Unreadable.MALFORMED


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_a_value_cut_anywhere_is_refused(event: CommerceEvent) -> None:
    """No prefix of an event is an event."""
    schema, body = schema_of(type(event).__name__), encode(event)[10:]
    read = compile_reader(schema, schema)

    for length in range(len(body)):
        with pytest.raises(RecordError):
            read(body[:length], 0)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_names_are_the_schemas(event: CommerceEvent) -> None:
    """JSON, Avro and the document use one word for one thing."""
    fields = schema_of(type(event).__name__).definition["fields"]

    assert set(to_json(schema_of(type(event).__name__), event)) <= {one["name"] for one in fields}
