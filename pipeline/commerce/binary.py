"""Reading Avro's binary encoding without trust: anybody may have sent the bytes.

Every length is checked against what is there before anything is made of it, so memory is
bounded by the input, and time is linear in it. Readers raise RecordError (malformed), and
IndexError or `struct.error` where the bytes end too early.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from struct import unpack_from
from typing import Any, TypeAlias

from pipeline.errors import RecordError, Unreadable

Read: TypeAlias = Callable[[bytes, int], tuple[Any, int]]
"""Takes bytes and where to begin; gives a plain value and where the next one begins."""

ITEMS_MAX = 10_000
"""Most items of one array or map: far above any cart, and it bounds memory."""


def _malformed(at: int, what: str) -> RecordError:
    return RecordError(Unreadable.MALFORMED, f"byte {at}: {what}")


def _null(_data: bytes, at: int) -> tuple[None, int]:
    return None, at


def _boolean(data: bytes, at: int) -> tuple[bool, int]:
    if data[at] > 1:
        raise _malformed(at, f"{data[at]} is no boolean")
    return data[at] == 1, at + 1


def _long(data: bytes, at: int) -> tuple[int, int]:
    byte = data[at]
    at += 1
    if byte < 0x80:
        return (byte >> 1) ^ -(byte & 1), at
    number, shift = byte & 0x7F, 7
    while True:
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
        shift += 7
        if shift > 63:
            raise _malformed(at, "a number of more than 64 bits")
    if number >> 64:
        raise _malformed(at, "a number of more than 64 bits")
    return (number >> 1) ^ -(number & 1), at


def _int(data: bytes, at: int) -> tuple[int, int]:
    number, end = _long(data, at)
    if not -0x80000000 <= number <= 0x7FFFFFFF:
        raise _malformed(at, "a number of more than 32 bits")
    return number, end


def _float(data: bytes, at: int) -> tuple[float, int]:
    return unpack_from("<f", data, at)[0], at + 4


def _double(data: bytes, at: int) -> tuple[float, int]:
    return unpack_from("<d", data, at)[0], at + 8


def long_as_float(data: bytes, at: int) -> tuple[float, int]:
    """Read a whole number where a float is wanted."""
    number, end = _long(data, at)
    return float(number), end


def _bytes(data: bytes, at: int) -> tuple[bytes, int]:
    length, at = _long(data, at)
    if length < 0:
        raise _malformed(at, f"a length of {length}")
    end = at + length
    if end > len(data):
        raise IndexError
    return data[at:end], end


def _string(data: bytes, at: int) -> tuple[str, int]:
    head = data[at]
    if head & 0x81 == 0:  # one byte, not negative
        at += 1
        end = at + (head >> 1)
        if end > len(data):
            raise IndexError
        return data[at:end].decode(), end
    text, end = _bytes(data, at)
    return text.decode(), end


PRIMITIVES: Mapping[str, Read] = {
    "null": _null,
    "boolean": _boolean,
    "int": _int,
    "long": _long,
    "float": _float,
    "double": _double,
    "bytes": _bytes,
    "string": _string,
    "enum": _int,
}


def decimal(precision: int, scale: int) -> Read:
    """Read bytes that hold an unscaled number, big-endian."""
    limit = 10**precision
    # Twice what the largest needs: a sender may pad, but not make us convert a megabyte.
    bytes_max = limit.bit_length() // 4

    def read(data: bytes, at: int) -> tuple[Decimal, int]:
        raw, end = _bytes(data, at)
        unscaled = int.from_bytes(raw, "big", signed=True) if len(raw) <= bytes_max else limit
        if not -limit < unscaled < limit:
            raise _malformed(at, "a decimal of more digits than its precision")
        return Decimal(unscaled).scaleb(-scale), end

    return read


def fixed(size: int) -> Read:
    """Read *size* bytes."""

    def read(data: bytes, at: int) -> tuple[bytes, int]:
        if at + size > len(data):
            raise IndexError
        return data[at : at + size], at + size

    return read


def union(branches: list[Read]) -> Read:
    """Read the number of a branch, then what that branch reads."""

    def read(data: bytes, at: int) -> tuple[Any, int]:
        head = data[at]
        index, after = (head >> 1, at + 1) if head & 0x81 == 0 else _long(data, at)
        if not 0 <= index < len(branches):
            raise _malformed(at, f"branch {index} of {len(branches)}")
        return branches[index](data, after)

    return read


def block(data: bytes, at: int, before: int) -> tuple[int, int]:
    """How many items a block holds, and where they begin; *before* it there were so many."""
    count, after = _long(data, at)
    if count < 0:
        count = -count
        _, after = _long(data, after)
    if before + count > ITEMS_MAX:
        raise _malformed(at, f"more than {ITEMS_MAX} items")
    return count, after


def array(read_item: Read) -> Read:
    """Read blocks of items into a list."""

    def read(data: bytes, at: int) -> tuple[list[Any], int]:
        items: list[Any] = []
        count, at = block(data, at, 0)
        while count:
            for _ in range(count):
                item, at = read_item(data, at)
                items.append(item)
            count, at = block(data, at, len(items))
        return items, at

    return read


def mapping(read_value: Read) -> Read:
    """Read blocks of named values into a dict; of equal names the last counts."""

    def read(data: bytes, at: int) -> tuple[dict[str, Any], int]:
        items: dict[str, Any] = {}
        done = 0
        count, at = block(data, at, 0)
        while count:
            for _ in range(count):
                key, at = _string(data, at)
                items[key], at = read_value(data, at)
            done += count
            count, at = block(data, at, done)
        return items, at

    return read


def record(steps: list[tuple[str | None, Read]], defaults: Mapping[str, Any]) -> Read:
    """Read fields in the writer's order; one without a name is read and dropped."""

    def read(data: bytes, at: int) -> tuple[dict[str, Any], int]:
        fields = dict(defaults)
        for name, read_field in steps:
            value, at = read_field(data, at)
            if name is not None:
                fields[name] = value
        return fields, at

    return read
