"""A guest as bytes: what the compacted topic holds, and what memory holds of the untouched.

A value is one format byte, one version byte, the next wake-up as eight bytes,
most significant first (-1: none), and the guest as MessagePack: its parts in
their order, without names, since every guest has them. What waits is rare and
keeps its names. All before the guest is the same in every version.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Final

import msgspec

from pipeline.errors import StateError
from pipeline.orders.guest import Guest
from pipeline.record import Instant

FORMAT: Final = 0xA5
VERSION: Final = 1
"""The version that is written. A release that brings another one reads it and still writes this
one; the next release writes it: so releases roll forward and back."""
_HEAD_BYTES: Final = 10
_HEAD: Final = bytes((FORMAT, VERSION))
_NO_WAKE: Final = -1

_encoder: Final = msgspec.msgpack.Encoder(decimal_format="string")


@cache
def _decoder() -> msgspec.msgpack.Decoder[Guest]:
    return msgspec.msgpack.Decoder(Guest)


def _read(guest: memoryview) -> Guest:
    return _decoder().decode(guest)


READERS: Final[Mapping[int, Callable[[memoryview], Guest]]] = {1: _read}
"""What reads a guest, by the version in which it was written."""


def encode(guest: Guest, wake_at: Instant | None) -> bytes:
    """Write a guest and the time of its next timer."""
    wake = _NO_WAKE if wake_at is None else wake_at
    return b"".join((_HEAD, wake.to_bytes(8, "big", signed=True), _encoder.encode(guest)))


def decode(value: bytes) -> Guest:
    """Read a guest.

    Raises:
        StateError: A newer program wrote it, or it is not a guest at all.
    """
    _check(value)
    try:
        return READERS[value[1]](memoryview(value)[_HEAD_BYTES:])
    except msgspec.MsgspecError as error:
        raise StateError(
            f"a guest's state of {len(value)} bytes cannot be read: {error}"
        ) from error


def wake_at(value: bytes) -> Instant | None:
    """Read the time of the next timer, and nothing else.

    Raises:
        StateError: As for `decode`.
    """
    _check(value)
    wake = int.from_bytes(value[2:_HEAD_BYTES], "big", signed=True)
    return None if wake == _NO_WAKE else Instant(wake)


def wakes_alike(one: bytes, other: bytes) -> bool:
    """Whether two values have their next timer at the same time, or neither has one."""
    return one[2:_HEAD_BYTES] == other[2:_HEAD_BYTES]


def _check(value: bytes) -> None:
    if len(value) < _HEAD_BYTES or value[0] != FORMAT:
        raise StateError("a value of the guest states is not a guest's state")
    if value[1] not in READERS:
        raise StateError(
            f"a guest's state has version {value[1]}, this program reads up to {max(READERS)}: "
            "start the release that wrote it, or the one before that"
        )
