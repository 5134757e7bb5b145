"""Bytes that nobody meant: every one is decoded or named, in bounded memory and time."""

import gc
import resource
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from decimal import Decimal
from random import Random
from time import process_time

import pytest

from pipeline.commerce import schemas
from pipeline.commerce.binary import ITEMS_MAX
from pipeline.commerce.decode import VALUE_BYTES_MAX, Decoder
from pipeline.commerce.encode import encode
from pipeline.commerce.events import Money
from pipeline.errors import RecordError, Unreadable
from pipeline.record import Instant, Position, Record
from tests.examples import EVENTS, PLACED, SHOES, VIEWED

PAYLOADS = 100_000

Mutation = Callable[[Random, bytes], bytes]


def noise(random: Random, _value: bytes) -> bytes:
    return random.randbytes(random.randrange(300))


def framed_noise(random: Random, value: bytes) -> bytes:
    return value[:10] + random.randbytes(random.randrange(300))


def small_noise(random: Random, value: bytes) -> bytes:
    """Small numbers pass for lengths and branches, and get further in."""
    return value[:10] + bytes(random.choices(range(16), k=random.randrange(300)))


def flipped(random: Random, value: bytes) -> bytes:
    changed = bytearray(value)
    for _ in range(random.randrange(1, 9)):
        changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
    return bytes(changed)


def cut(random: Random, value: bytes) -> bytes:
    return value[: random.randrange(len(value))]


def lengthened(random: Random, value: bytes) -> bytes:
    return value + random.randbytes(random.randrange(1, 20))


def huge_number(random: Random, value: bytes) -> bytes:
    """Lengths and counts of up to 64 bits and beyond, of either sign, at any place."""
    at = random.randrange(10, len(value))
    number = bytes([random.choice([0xFE, 0xFF])]) + b"\xff" * random.randrange(12) + b"\x01"
    return value[:at] + number + value[at + 1 :]


def spliced(random: Random, value: bytes) -> bytes:
    other = schemas.current()[random.choice(NAMES)]
    return other.header + value[10:]


NAMES = [name for name in schemas.current() if name.startswith("commerce.")]
MUTATIONS: list[Mutation] = [
    noise,
    framed_noise,
    small_noise,
    flipped,
    cut,
    lengthened,
    huge_number,
    spliced,
]


def payloads(random: Random, count: int) -> Iterator[bytes]:
    valid = [encode(event) for event in EVENTS]
    for number in range(count):
        yield MUTATIONS[number % len(MUTATIONS)](random, random.choice(valid))


def outcomes(decoder: Decoder, values: Iterable[bytes]) -> Counter[str]:
    found = Counter[str]()
    for value in values:
        record = Record(Position("commerce-events", 0, 0), Instant(0), b"ann", value)
        try:
            decoder.decode(record)
            found["decoded"] += 1
        except RecordError as error:
            found[error.reason] += 1
    return found


def resident_kib() -> int:
    gc.collect()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def test_every_payload_is_decoded_or_named_and_memory_stays_flat() -> None:
    """One record that raises anything else would stop a partition for ever."""
    random, decoder = Random(7), Decoder()
    found = outcomes(decoder, payloads(random, PAYLOADS // 5))
    before = resident_kib()

    found += outcomes(decoder, payloads(random, PAYLOADS - PAYLOADS // 5))

    assert found.total() == PAYLOADS
    assert set(found) >= {"decoded"} | set(Unreadable) - {"tombstone", "oversized"}
    assert resident_kib() - before < 4096


LEAST = replace(
    SHOES, name="", type="", unit_price=Money(Decimal(0), "EUR"), organization_unit_price=None
)
NAMED = replace(LEAST, attributes={str(number): True for number in range(20)})
VIEW_HEADER = encode(VIEWED)[:10]


@pytest.mark.parametrize(
    "value",
    [
        VIEW_HEADER + b"\x00" * (VALUE_BYTES_MAX - 10),
        VIEW_HEADER + b"\x02" * (VALUE_BYTES_MAX - 10),
        VIEW_HEADER + b"\xff" * (VALUE_BYTES_MAX - 10),
        encode(replace(PLACED, lines=(replace(LEAST, attributes={}),) * ITEMS_MAX)),
        encode(replace(PLACED, lines=(NAMED,) * 9_000)),
    ],
    ids=["zeros", "ones", "bits", "lines", "attributes"],
)
def test_a_value_at_the_size_limit_costs_little(value: bytes) -> None:
    """A megabyte that is or pretends to be a million things must not become a gigabyte."""
    decoder = Decoder()
    tracemalloc.start()
    begun = process_time()

    outcomes(decoder, [value])

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 64 * VALUE_BYTES_MAX
    assert process_time() - begun < 5


def test_an_array_has_a_limit() -> None:
    """It bounds memory whatever an item needs."""
    value = encode(replace(PLACED, lines=(LEAST,) * (ITEMS_MAX + 1)))

    assert outcomes(Decoder(), [value]) == {Unreadable.MALFORMED: 1}
