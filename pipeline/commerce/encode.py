"""Events as bytes."""

from functools import cache

from pipeline.commerce.events import CommerceEvent
from pipeline.commerce.schemas import COMMERCE, Schema, current
from pipeline.commerce.writing import Write, compile_writer


def encode(event: CommerceEvent, schema_id: int | None = None) -> bytes:
    """Encode an event by the schema of this release.

    Args:
        event: One whose every amount has at most six decimal places.
        schema_id: What the registry calls that schema: then the framing is Confluent's.
            None: the framing is Avro's single-object encoding, which needs no registry.

    Raises:
        ValueError: a value does not fit its Avro type.
    """
    write, header = _writing(type(event).__name__)
    out = bytearray(header if schema_id is None else b"\x00" + schema_id.to_bytes(4, "big"))
    write(out, event)
    return bytes(out)


def schema_of(name: str) -> Schema:
    """Give the schema by which the events of one name are written."""
    return current()[f"{COMMERCE}.{name}"]


@cache
def _writing(name: str) -> tuple[Write, bytes]:
    schema = schema_of(name)
    return compile_writer(schema), schema.header
