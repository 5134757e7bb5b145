"""Commerce events from Kafka records: either framing, any writer's schema, nobody's good will."""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from pipeline.commerce.build import BUILDERS, Build
from pipeline.commerce.events import CommerceEvent
from pipeline.commerce.resolution import compile_reader
from pipeline.commerce.schemas import (
    COMMERCE,
    LINE,
    WRITTEN_RELEASE,
    Schema,
    SchemaError,
    current,
    known,
    parse,
    released,
)
from pipeline.commerce.straight import Straight, compile_straight
from pipeline.commerce.values import FieldError
from pipeline.errors import RecordError, Unreadable
from pipeline.record import Record

CONFLUENT = 0
"""First byte of Confluent's framing; the schema's id follows in four bytes, big-endian."""
SINGLE_OBJECT = b"\xc3\x01"
"""First bytes of Avro's single-object encoding; the fingerprint follows in eight."""

VALUE_BYTES_MAX = 1_048_576
"""Largest value that is looked at: what a broker takes unless it was told otherwise."""

_CONFLUENT_HEADER = 5
_SINGLE_OBJECT_HEADER = 10


class SchemaSource(Protocol):
    """Knows which schema has which id."""

    def schema(self, schema_id: int) -> str | None:
        """Give the self-contained Avro schema as JSON, or None where there is none of that id.

        Raises:
            UnavailableError: it cannot say now, and should be asked again.
        """


class NoRegistry:
    """A source without schemas: records must carry the fingerprint of one that is shipped."""

    def schema(self, _schema_id: int) -> None:
        """Know none."""


class _Reading(NamedTuple):
    read: Callable[[bytes, int], Any]
    build: Build
    begin: int
    straight: Straight | None
    """For what is plainly right, and written by exactly the current schema."""


class Decoder:
    """Turns records into events; each schema is fetched and resolved once."""

    def __init__(
        self, schemas: SchemaSource | None = None, *, value_bytes_max: int = VALUE_BYTES_MAX
    ) -> None:
        self._source = schemas or NoRegistry()
        self._value_bytes_max = value_bytes_max
        self._readings: dict[bytes, _Reading | RecordError] = {}

    def decode(self, record: Record) -> CommerceEvent:
        """Read one record, whose key must be its guest.

        Raises:
            RecordError: this record can never be read; *reason* says why.
            UnavailableError: the registry does not answer; the same record may be read later.
        """
        event = self.event(record)
        if record.key != event.guest_id.encode():
            raise RecordError(Unreadable.FOREIGN_KEY, "the key is not the guest's id", "guestId")
        return event

    def event(self, record: Record) -> CommerceEvent:
        """Read one record, whatever its key is.

        Raises:
            RecordError: as `decode`.
            UnavailableError: as `decode`.
        """
        value = record.value
        if value is not None and len(value) <= self._value_bytes_max:
            known = self._readings
            found = known.get(value[:_SINGLE_OBJECT_HEADER]) or known.get(value[:_CONFLUENT_HEADER])
            if isinstance(found, _Reading) and found.straight is not None:
                event: CommerceEvent | None = found.straight(value, found.begin)
                if event is not None:
                    return event
        return self._slowly(value)

    def _slowly(self, value: bytes | None) -> CommerceEvent:
        """Read what is new to us, or wrong, and say what is."""
        if value is None:
            raise RecordError(Unreadable.TOMBSTONE, "the value is null")
        if len(value) > self._value_bytes_max:
            raise RecordError(
                Unreadable.OVERSIZED, f"{len(value)} bytes, above {self._value_bytes_max}"
            )
        reading = self._reading(value)
        try:
            return reading.build(reading.read(value, reading.begin))
        except FieldError as error:
            raise RecordError(Unreadable.INVALID_FIELD, error.detail, error.field) from None

    def _reading(self, value: bytes) -> _Reading:
        header = value[: _header_bytes(value)]
        reading = self._readings.get(header)
        if reading is None:
            reading = self._readings[header] = _reading_of(self._writer(header), len(header))
        if isinstance(reading, RecordError):
            raise RecordError(reading.reason, reading.detail)
        return reading

    def _writer(self, header: bytes) -> Schema | RecordError:
        """Find the writer's schema; only what may be known later is raised, and not kept."""
        if len(header) == _SINGLE_OBJECT_HEADER:
            return _shipped(header[2:])
        schema_id = int.from_bytes(header[1:], "big")
        text = self._source.schema(schema_id)
        if text is None:
            raise RecordError(Unreadable.UNKNOWN_SCHEMA, f"no schema of id {schema_id} is known")
        try:
            return parse(text)
        except SchemaError as error:
            detail = f"the schema of id {schema_id} is {error}"
            return RecordError(Unreadable.UNKNOWN_SCHEMA, detail)


def _reading_of(writer: Schema | RecordError, begin: int) -> _Reading | RecordError:
    if isinstance(writer, RecordError):
        return writer
    space, _, name = writer.name.rpartition(".")
    build = BUILDERS.get(name) if space == COMMERCE else None
    if build is None:
        return RecordError(Unreadable.UNKNOWN_EVENT, f"{writer.name[:100]!r} is no event")
    reader = current()[writer.name]
    try:
        read = compile_reader(writer, reader)
        same = writer.fingerprint == reader.fingerprint
        straight = compile_straight(reader, kept=_kept()) if same else None
        return _Reading(read, build, begin, straight)
    except SchemaError as error:
        return RecordError(Unreadable.UNKNOWN_SCHEMA, f"{writer.name}: {error}")


def _kept() -> tuple[str, ...]:
    """What is written as it was read: a line, unless the release that is written has another."""
    written = released()[WRITTEN_RELEASE][LINE]
    return (LINE,) if written.fingerprint == current()[LINE].fingerprint else ()


def _header_bytes(value: bytes) -> int:
    if value[:2] == SINGLE_OBJECT:
        length = _SINGLE_OBJECT_HEADER
    elif value[:1] == b"\x00":
        length = _CONFLUENT_HEADER
    else:
        raise RecordError(Unreadable.FRAMING, f"begins with {value[:2].hex() or 'nothing'}")
    if len(value) < length:
        raise RecordError(Unreadable.TRUNCATED, f"ends after {len(value)} bytes")
    return length


def _shipped(fingerprint: bytes) -> Schema:
    schema = known().get(fingerprint)
    if schema is None:
        detail = f"no schema of fingerprint {fingerprint.hex()} is known"
        raise RecordError(Unreadable.UNKNOWN_SCHEMA, detail)
    return schema
