"""A record of the dead letters: a letter, or a marker of what was done with one."""

from collections.abc import Callable, Collection, Mapping
from hashlib import sha256
from typing import Final, NamedTuple

from pipeline.commerce import schemas
from pipeline.commerce.decode import SINGLE_OBJECT
from pipeline.kafka.dead_letters import (
    DELIVERY_ID,
    MARKER,
    MAY_HAVE_ARRIVED,
    PREFIX,
    REPLAY,
    REPLAY_OF,
    Encoded,
)
from pipeline.record import Instant, Position, Record
from pipeline.sitecore import tries
from pipeline.sitecore.codec import decode_owed
from pipeline.sitecore.owed import OwedCart

REPLAYED: Final = "replayed"
DISCARDED: Final = "discarded"
_CART: Final = f"{schemas.STREAM}.{OwedCart.__name__}"
_HEADER_BYTES: Final = 10
"""Bytes that name a record's schema in Avro's single-object encoding."""


class Letter(NamedTuple):
    """A letter without its value."""

    at: Position
    """Where it lies among the dead letters."""
    timestamp: Instant
    """When it was written."""
    name: str
    """The delivery id, or else the position of the record that was set aside first: letters of
    one name are one letter."""
    origin: Position
    """Where the record lay that was set aside."""
    target: str
    """The topic that a replay appends the record to."""
    worker: str
    reason: str
    field: str
    guest: bytes | None
    replay: int
    """How often it had been replayed when it was set aside."""
    may_have_arrived: bool
    """Whether Sitecore may have it, or a part of it, though no answer says so."""
    delivery_id: str
    """Empty: nothing was owed for it."""
    kind: str
    """The full name of its schema; empty where its bytes do not say."""
    size: int
    """Bytes of key, value and headers, ours included."""
    obstacle: str | None
    """Why it cannot be replayed, as far as it shows itself."""


class Marker(NamedTuple):
    """What was done with a letter."""

    name: str
    replay: int
    """Letters of that name which had been replayed less often are closed."""
    what: str
    """``replayed`` or ``discarded``."""


class Places(NamedTuple):
    """Where records can be appended again."""

    sources: Collection[str]
    """The topics that assemble reads, or rekey."""
    stream_events: str
    counts: Mapping[str, int]
    """Partitions, by topic; a topic that does not exist is absent."""


def read(record: Record, places: Places) -> Letter | Marker | None:
    """Read a record of the dead letters; None: it is none of ours."""
    headers = text_of(record)
    if MARKER in headers:
        name, number = headers.get(PREFIX + "of", ""), _number(headers, REPLAY)
        return Marker(name, number, headers[MARKER])
    if PREFIX + "reason" not in headers:
        return None
    origin = Position(
        headers.get(PREFIX + "topic", ""),
        _number(headers, PREFIX + "partition"),
        _number(headers, PREFIX + "offset"),
    )
    delivery_id = _delivery_id(headers, origin, places)
    target = places.stream_events if delivery_id else origin.topic
    return Letter(
        at=record.position,
        timestamp=record.timestamp,
        name=headers.get(REPLAY_OF) or delivery_id or str(origin),
        origin=origin,
        target=target,
        worker=headers.get(PREFIX + "worker", ""),
        reason=headers[PREFIX + "reason"],
        field=headers.get(PREFIX + "field", ""),
        guest=record.key,
        replay=_number(headers, REPLAY),
        may_have_arrived=_may_have_arrived(record, headers),
        delivery_id=delivery_id,
        kind=_kind(record.value),
        size=_size(record),
        obstacle=_obstacle(record, headers, Position(target, *origin[1:]), places),
    )


def marker(name: str, replay: int, what: str, at: Instant) -> Encoded:
    """Write a marker; it holds nothing of a guest."""
    said = {MARKER: what, PREFIX + "of": name, REPLAY: str(replay), PREFIX + "at": str(at)}
    return Encoded(None, None, tuple((key, text.encode()) for key, text in said.items()))


def hashed(guest: bytes | None) -> str:
    """A guest as it may be shown: the first 12 digits of the SHA-256 of its id."""
    return "-" if guest is None else sha256(guest).hexdigest()[:12]


def text_of(record: Record) -> dict[str, str]:
    """The headers as text; of equal names the last counts."""
    return {name: (value or b"").decode(errors="replace") for name, value in record.headers}


def _may_have_arrived(record: Record, headers: Mapping[str, str]) -> bool:
    """Whether that is why it was set aside, now or before it was replayed."""
    given_up = headers[PREFIX + "reason"] == tries.MAY_HAVE_ARRIVED
    return given_up or MAY_HAVE_ARRIVED in record.headers


def _delivery_id(headers: Mapping[str, str], origin: Position, places: Places) -> str:
    """The id that a worker gave; in a commerce topic a header of that name is the shop's."""
    given = headers.get(PREFIX + DELIVERY_ID, "")
    return given or (headers.get(DELIVERY_ID, "") if origin.topic == places.stream_events else "")


def _obstacle(
    record: Record, headers: Mapping[str, str], target: Position, places: Places
) -> str | None:
    if headers.get(PREFIX + "reason") == "guest_erased":
        return "the guest was erased"
    if record.value is None:
        return "it has no value" if record.key else "only the position was kept"
    if headers.get(PREFIX + "truncated") == "true":
        return f"only the first {len(record.value)} bytes were kept"
    if target.topic != places.stream_events and target.topic not in places.sources:
        return f"the settings do not name its topic {target.topic!r}"
    if target.partition >= places.counts.get(target.topic, 0):
        return f"{target.topic!r} has no partition {target.partition}"
    if target.topic == places.stream_events and _kind(record.value) == _CART:
        return "it is a cart: the next one carries all lines"
    return None


def _size(record: Record) -> int:
    headers = sum(len(name.encode()) + len(value or b"") for name, value in record.headers)
    return len(record.key or b"") + len(record.value or b"") + headers


def _kind(value: bytes | None) -> str:
    if value is None or value[:2] != SINGLE_OBJECT:
        return ""
    schema = schemas.known().get(value[2:_HEADER_BYTES])
    return "" if schema is None else schema.name


def _number(headers: Mapping[str, str], name: str) -> int:
    text = headers.get(name, "")
    return int(text) if text.isascii() and text.isdigit() else 0


def decode_by(
    stream_events: str, decode_commerce: Callable[[Record], object]
) -> Callable[[Record], object]:
    """Make what reads the record of a letter, whichever worker it was for."""

    def decode(record: Record) -> object:
        headers = text_of(record)
        owed = headers.get(PREFIX + DELIVERY_ID) or headers.get(PREFIX + "topic") == stream_events
        return decode_owed(record.value or b"") if owed else decode_commerce(record)

    return decode
