"""What is owed, as bytes."""

from dataclasses import fields, replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.commerce import schemas
from pipeline.commerce.events import ItemId, Line, Money
from pipeline.errors import RecordError, StateError, UnknownSchema, Unreadable
from pipeline.record import GuestId, Instant, Position
from pipeline.sitecore import codec, line_codec
from pipeline.sitecore.codec import as_read, decode_owed, encode_owed, encode_slowly
from pipeline.sitecore.owed import (
    Cause,
    Context,
    DeliveryId,
    Owed,
    OwedCart,
    OwedErasure,
    WrittenCart,
    WrittenLine,
    kind_of,
)
from tests import strategies

ERASURE = OwedErasure(
    delivery_id=DeliveryId("5f0a2d0e-9d5c-5c39-9f6e-6f5c7c8c2c11"),
    guest_id=GuestId("ann"),
    sequence=1,
    occurred_at=Instant(1_767_225_600_000),
    context=Context(None, "WEB", "shop", None, "EUR", None),
    cause=Cause(None, "idle", (Position("commerce-events", 1, 7),), Instant(1_767_225_600_000)),
)


@settings(deadline=None)  # the first one compiles what reads and writes all kinds
@given(strategies.owed)
def test_what_was_encoded_is_decoded_to_the_same(owed: Owed) -> None:
    """Deliver says what assemble decided, to the last digit."""
    assert decode_owed(encode_owed(owed)) == owed


@given(strategies.owed)
def test_what_is_read_straight_is_what_is_read_the_long_way(owed: Owed) -> None:
    """Only the long way says what is wrong, so it is the measure of the short one."""
    value = encode_owed(owed)
    reading = codec._readings()[value[:10]]

    assert repr(decode_owed(value)) == repr(reading.build(reading.read(value, 10)))


def test_what_is_read_most_often_is_read_straight() -> None:
    """The long way would be right, and four times as slow: nobody would see why."""
    value = encode_owed(ERASURE)
    straight = codec._readings()[value[:10]].straight

    assert straight is not None
    assert straight(value, 10) == ERASURE


@given(strategies.owed, st.data())
@settings(max_examples=300)
def test_damaged_bytes_are_read_straight_as_the_long_way_reads_them(
    owed: Owed, data: st.DataObject
) -> None:
    """They must not become something that only the short way believes in."""
    value = bytearray(encode_owed(owed))
    at = data.draw(st.integers(10, len(value) - 1))
    value[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    reading = codec._readings()[bytes(value[:10])]
    found = reading.straight and reading.straight(bytes(value), 10)

    assert found is None or repr(found) == repr(reading.build(reading.read(bytes(value), 10)))


@given(strategies.owed)
def test_both_ways_of_writing_write_the_same(owed: Owed) -> None:
    """One is short, the other plain: what they write is the contract with deliver."""
    assert encode_owed(owed) == encode_slowly(owed)


@given(strategies.owed_carts)
def test_a_cart_of_written_lines_is_the_cart(owed: Owed) -> None:
    """Its lines were written when they were heard of, and are put in as they are."""
    assert isinstance(owed, OwedCart)
    said = {one.name: getattr(owed, one.name) for one in fields(owed)}
    written = WrittenCart(**{**said, "lines": tuple(map(line_codec.write, owed.lines))})

    assert encode_owed(written) == encode_owed(owed)
    assert as_read(written) == owed
    assert kind_of(written) == kind_of(owed) == "OwedCart"


@pytest.mark.parametrize("size", [63, 64, 4095, 4096, 100_000])
def test_lines_of_any_length_are_written(size: int) -> None:
    """The short ways of both have a border."""
    price = Money(Decimal("9.900000"), "EUR")
    line = Line(ItemId("a"), "p", "APPAREL", "x" * size, 1, price)

    assert line_codec.read(line_codec.write(line)) == line


def test_what_is_no_line_is_refused() -> None:
    """A state that another program wrote must not become a cart."""
    with pytest.raises(StateError, match="cannot be read"):
        line_codec.read(WrittenLine(b"\x02a\x02"))


@pytest.mark.parametrize("size", [63, 64, 4095, 4096, 100_000])
@pytest.mark.parametrize(
    "sequence", [-(2**63), -1, 63, 64, 4096, 2**34 - 1, 2**34, 2**41, 2**63 - 1]
)
def test_lengths_and_numbers_of_any_size_are_written(size: int, sequence: int) -> None:
    """The short way has borders of its own; nobody must see them."""
    owed = replace(ERASURE, guest_id=GuestId("x" * size), sequence=sequence)

    assert encode_owed(owed) == encode_slowly(owed)
    assert decode_owed(encode_owed(owed)) == owed


def test_a_number_that_avro_does_not_hold_is_refused() -> None:
    """Cut off, it would be another number."""
    with pytest.raises(ValueError, match="64 bits"):
        encode_owed(replace(ERASURE, sequence=2**63))


def test_what_is_written_is_a_released_schema() -> None:
    """An unreleased one could still change, and its bytes would lie in Kafka for two weeks."""
    header = encode_owed(ERASURE)[:10]

    assert header == schemas.released()[schemas.WRITTEN_RELEASE]["stream.OwedErasure"].header


def test_a_newer_schema_stops_the_worker() -> None:
    """After a roll back, setting aside what the newer release owed would lose it."""
    newer = b"\xc3\x01" + b"\x07" * 8 + encode_owed(ERASURE)[10:]

    with pytest.raises(UnknownSchema, match="0707070707070707"):
        decode_owed(newer)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"", Unreadable.FRAMING),
        (b"\x00\x00\x00\x00\x01abc", Unreadable.FRAMING),
        (b"\xc3\x01abc", Unreadable.TRUNCATED),
        (encode_owed(ERASURE)[:-1], Unreadable.TRUNCATED),
        (encode_owed(ERASURE) + b"\x00", Unreadable.MALFORMED),
        (encode_owed(replace(ERASURE, guest_id=GuestId(""))), Unreadable.INVALID_FIELD),
    ],
)
def test_foreign_bytes_are_refused_by_name(value: bytes, reason: Unreadable) -> None:
    """Somebody else wrote into our topic: that record alone is set aside."""
    with pytest.raises(RecordError) as caught:
        decode_owed(value)

    assert caught.value.reason is reason
