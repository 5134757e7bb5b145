"""What was set aside can be read, repaired and replayed."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from pipeline.kafka.dead_letters import EXCERPT_BYTES, DeadLetter, Encoded, encode
from pipeline.record import Headers, Instant, Position, Record

ROOM = 1_000_000


def _letter(value: bytes | None = b"value", headers: Headers = ()) -> DeadLetter:
    record = Record(Position("orders", 3, 17), Instant(1000), b"ann", value, headers)
    return DeadLetter(record, "framing", "lines.0", "x", "assemble", Instant(2000))


def _size(encoded: Encoded) -> int:
    headers = sum(len(name.encode()) + len(value or b"") for name, value in encoded.headers)
    return len(encoded.key or b"") + len(encoded.value or b"") + headers


def test_a_letter_is_the_record_to_its_last_byte_and_the_reason() -> None:
    """A replay puts the very same record back."""
    encoded = encode(_letter(b"\x00\xff", (("trace", b"1"), ("empty", None))), bytes_max=ROOM)

    assert (encoded.key, encoded.value) == (b"ann", b"\x00\xff")
    assert encoded.headers[:2] == (("trace", b"1"), ("empty", None))
    assert dict(encoded.headers[2:]) == {
        "dead-letter-reason": b"framing",
        "dead-letter-field": b"lines.0",
        "dead-letter-found": b"x",
        "dead-letter-worker": b"assemble",
        "dead-letter-topic": b"orders",
        "dead-letter-partition": b"3",
        "dead-letter-offset": b"17",
        "dead-letter-timestamp": b"1000",
        "dead-letter-at": b"2000",
        "dead-letter-truncated": b"false",
        "dead-letter-sha256": hashlib.sha256(b"\x00\xff").hexdigest().encode(),
        "dead-letter-length": b"2",
    }


def test_a_tombstone_stays_one() -> None:
    """Its value is null, which is not the same as empty."""
    encoded = encode(_letter(None), bytes_max=ROOM)

    assert encoded.value is None
    assert "dead-letter-sha256" not in dict(encoded.headers)


def test_what_does_not_fit_is_cut_and_marked() -> None:
    """One record that is too large must not stop the worker for ever."""
    value = bytes(range(256)) * 8000
    encoded = encode(_letter(value), bytes_max=ROOM)
    headers = dict(encoded.headers)

    assert encoded.value == value[:EXCERPT_BYTES]
    assert headers["dead-letter-truncated"] == b"true"
    assert headers["dead-letter-length"] == str(len(value)).encode()
    assert headers["dead-letter-sha256"] == hashlib.sha256(value).hexdigest().encode()


@given(
    st.integers(0, 300_000),
    st.lists(st.tuples(st.text(max_size=8), st.binary(max_size=9000)), max_size=20),
    st.integers(10_000, 200_000),
)
def test_a_letter_fits_its_topic(length: int, headers: list[tuple[str, bytes]], room: int) -> None:
    """Whatever the record and its headers: the topic takes it."""
    encoded = encode(_letter(bytes(length), tuple(headers)), bytes_max=room)

    assert _size(encoded) <= room
