"""What is owed, as bytes on the way between the two workers: Avro's single-object encoding."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NamedTuple, TypeAlias

from pipeline.commerce import schemas, values
from pipeline.commerce.events import EventId, OrderId
from pipeline.commerce.resolution import compile_reader
from pipeline.commerce.schemas import Schema
from pipeline.commerce.straight import Straight, compile_straight
from pipeline.commerce.straight_writing import Encode, compile_encode
from pipeline.commerce.values import FieldError, Plain
from pipeline.commerce.writing import Write, compile_writer
from pipeline.errors import RecordError, UnknownSchema, Unreadable
from pipeline.record import GuestId, Instant, Position
from pipeline.sitecore import line_codec
from pipeline.sitecore.owed import (
    Cause,
    Context,
    DeliveryId,
    Identity,
    Owed,
    OwedBehaviour,
    OwedCart,
    OwedErasure,
    OwedIdentity,
    OwedOrder,
    OwedPayment,
    WrittenCart,
)

_HEADER = 10

_Build: TypeAlias = Callable[[Plain], Owed]


class _Reading(NamedTuple):
    read: Callable[[bytes, int], Any]
    build: _Build
    straight: Straight | None
    """For what is written by exactly the current schema; None for what it does not like."""


def encode_owed(owed: Owed | WrittenCart) -> bytes:
    """Encode what is owed.

    Raises:
        ValueError: a value does not fit its Avro type.
    """
    try:
        return _encodes()[type(owed)](owed)
    except IndexError:  # a very long text
        return encode_slowly(owed)


def encode_slowly(owed: Owed | WrittenCart) -> bytes:
    """Encode what is owed of any size: the measure of the other way.

    Raises:
        ValueError: a value does not fit its Avro type.
    """
    plain = as_read(owed)
    header, write = _writings()[type(plain)]
    out = bytearray(header)
    write(out, plain)
    return bytes(out)


def as_read(owed: Owed | WrittenCart) -> Owed:
    """Give what a reader of it will have."""
    if not isinstance(owed, WrittenCart):
        return owed
    return OwedCart(
        delivery_id=owed.delivery_id,
        guest_id=owed.guest_id,
        sequence=owed.sequence,
        occurred_at=owed.occurred_at,
        context=owed.context,
        cause=owed.cause,
        lines=tuple(map(line_codec.read, owed.lines)),
    )


def decode_owed(value: bytes) -> Owed:
    """Decode what `encode_owed` of this or an earlier release made.

    Raises:
        UnknownSchema: a newer release wrote it; the worker must stop.
        RecordError: the bytes are none that any release wrote.
    """
    reading = _readings().get(value[:_HEADER])
    if reading is None:
        raise _unreadable(value)
    owed: Owed | None = reading.straight(value, _HEADER) if reading.straight is not None else None
    if owed is not None:
        return owed
    try:
        return reading.build(reading.read(value, _HEADER))
    except FieldError as error:
        raise RecordError(Unreadable.INVALID_FIELD, error.detail, error.field) from None


def _unreadable(value: bytes) -> Exception:
    if value[:2] != b"\xc3\x01":
        return RecordError(Unreadable.FRAMING, f"begins with {value[:2].hex()} instead of c301")
    if len(value) < _HEADER:
        return RecordError(Unreadable.TRUNCATED, f"ends after {len(value)} bytes")
    return UnknownSchema(
        f"no release up to this one has a schema of fingerprint {value[2:_HEADER].hex()}:"
        " run the release that wrote it, or a later one"
    )


def written() -> Mapping[type, Schema]:
    """The schema by which each kind of what is owed is written."""
    release = schemas.released()[schemas.WRITTEN_RELEASE]
    return {kind: release[f"{schemas.STREAM}.{kind.__name__}"] for kind in _BUILDERS}


@cache
def _encodes() -> Mapping[type, Encode]:
    lines = {schemas.LINE: line_codec.write}
    encodes = {
        kind: compile_encode(one, header=one.header, records=lines)
        for kind, one in written().items()
    }
    cart = written()[OwedCart]
    ready = compile_encode(cart, header=cart.header, records={schemas.LINE: bytes})
    return {**encodes, WrittenCart: ready}


@cache
def _writings() -> Mapping[type, tuple[bytes, Write]]:
    return {kind: (schema.header, compile_writer(schema)) for kind, schema in written().items()}


@cache
def _readings() -> Mapping[bytes, _Reading]:
    wanted = {f"{schemas.STREAM}.{kind.__name__}": build for kind, build in _BUILDERS.items()}
    return {
        schema.header: _reading(schema, schemas.current()[schema.name], wanted[schema.name])
        for schema in schemas.known().values()
        if schema.name in wanted
    }


def _reading(writer: Schema, reader: Schema, build: _Build) -> _Reading:
    same = writer.fingerprint == reader.fingerprint
    straight = compile_straight(reader, _CLASSES) if same else None
    return _Reading(compile_reader(writer, reader), build, straight)


def _first(plain: Plain) -> dict[str, Any]:
    return {
        "delivery_id": DeliveryId(values.uuid("deliveryId", plain["deliveryId"])),
        "guest_id": GuestId(values.said("guestId", plain["guestId"])),
        "sequence": plain["sequence"],
        "occurred_at": Instant(plain["occurredAt"]),
        "context": _context(plain["context"]),
        "cause": _cause(plain["cause"]),
    }


def _context(plain: Plain) -> Context:
    return Context(
        values.browser_id(plain["browserId"]),
        plain["channel"],
        plain["pointOfSale"],
        plain["language"],
        plain["currency"],
        plain["page"],
    )


def _cause(plain: Plain) -> Cause:
    event_id = plain["eventId"]
    return Cause(
        None if event_id is None else EventId(event_id),
        plain["timer"],
        tuple(Position(at["topic"], at["partition"], at["offset"]) for at in plain["positions"]),
        Instant(plain["timestamp"]),
    )


def _identity(plain: Plain) -> Identity:
    return Identity(
        values.each("identifiers", values.identifier, plain["identifiers"]),
        values.contact(plain["contact"]),
    )


def _owed_order(plain: Plain) -> OwedOrder:
    payment = plain["payment"]
    return OwedOrder(
        **_first(plain),
        order_id=OrderId(plain["orderId"]),
        ordered_at=Instant(plain["orderedAt"]),
        status=plain["status"],
        total=values.within("total", values.money, plain["total"]),
        lines=values.each("lines", values.line, plain["lines"]),
        payment=None if payment is None else values.within("payment", values.payment, payment),
        identity=_identity(plain["identity"]),
        attributes=plain["attributes"],
    )


def _owed_behaviour(plain: Plain) -> OwedBehaviour:
    return OwedBehaviour(
        **_first(plain),
        type=plain["type"],
        product_name=plain["productName"],
        product_type=plain["productType"],
        attributes=plain["attributes"],
    )


_BUILDERS: Mapping[type, _Build] = {
    OwedIdentity: lambda plain: OwedIdentity(
        **_first(plain), identity=_identity(plain["identity"])
    ),
    OwedCart: lambda plain: OwedCart(
        **_first(plain), lines=values.each("lines", values.line, plain["lines"])
    ),
    OwedOrder: _owed_order,
    OwedPayment: lambda plain: OwedPayment(
        **_first(plain),
        order_id=OrderId(plain["orderId"]),
        payment=values.within("payment", values.payment, plain["payment"]),
    ),
    OwedBehaviour: _owed_behaviour,
    OwedErasure: lambda plain: OwedErasure(**_first(plain)),
}

_CLASSES: Mapping[str, type] = {
    kind.__name__: kind for kind in (*_BUILDERS, Cause, Context, Identity, Position)
}
