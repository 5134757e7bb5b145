"""What the compacted topic `deliveries` holds, as bytes: deliveries of guests, a hold, a beginning.

A delivery is one format byte, one version byte, the offset below which the guest's records are
finished as eight bytes, most significant first, and the delivery as MessagePack: its parts in
their order, without names. So what was finished before a restart is skipped without decoding
anything. All before the delivery is the same in every version.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Final

import msgspec

from pipeline.deliver.breaker import Hold
from pipeline.errors import StateError
from pipeline.record import GuestId
from pipeline.sitecore.delivery import Delivery

FORMAT: Final = 0xD5
VERSION: Final = 1
"""The version that is written. A release that brings another one reads it and still writes this
one; the next release writes it: so releases roll forward and back."""
_HEAD: Final = bytes((FORMAT, VERSION))
_HEAD_BYTES: Final = 10

HOLD_KEY: Final = b"\xffhold"
"""Key of a partition's hold. No guest has it: it is not UTF-8."""
BEGAN_KEY: Final = b"\xffbegan"
"""Key that says that a partition was begun: offsets are committed only once it is there."""
BEGAN: Final = _HEAD
"""Its value."""
RESERVED: Final = frozenset({HOLD_KEY, BEGAN_KEY})
"""Keys that are no guest's."""

_encoder: Final = msgspec.msgpack.Encoder()


@cache
def _decoder() -> msgspec.msgpack.Decoder[Delivery]:
    return msgspec.msgpack.Decoder(Delivery)


def _read(delivery: memoryview) -> Delivery:
    return _decoder().decode(delivery)


READERS: Final[Mapping[int, Callable[[memoryview], Delivery]]] = {1: _read}
"""What reads a delivery, by the version in which it was written."""


def encode(delivery: Delivery) -> bytes:
    """Write a delivery."""
    return _HEAD + delivery.finished.to_bytes(8, "big") + _encoder.encode(delivery)


def decode(value: bytes) -> Delivery:
    """Read a delivery.

    Raises:
        StateError: A newer program wrote it, or it is not a delivery at all.
    """
    check(value)
    try:
        return READERS[value[1]](memoryview(value)[_HEAD_BYTES:])
    except msgspec.MsgspecError as error:
        raise StateError(f"a delivery of {len(value)} bytes cannot be read: {error}") from error


def finished(value: bytes) -> int:
    """Read the offset below which the guest's records are finished, and nothing else.

    Raises:
        StateError: As for `decode`.
    """
    check(value)
    return int.from_bytes(value[2:_HEAD_BYTES], "big")


def guest_of(key: bytes) -> GuestId:
    """Read the guest from the key of a delivery."""
    try:
        return GuestId(key.decode())
    except UnicodeDecodeError:
        raise StateError("a key of the deliveries is not UTF-8: the topic is not ours") from None


def encode_hold(hold: Hold) -> bytes:
    """Write why everything is held."""
    return _HEAD + hold.value.encode()


def decode_hold(value: bytes) -> Hold:
    """Read why everything is held.

    Raises:
        StateError: A newer program wrote it, or it is no hold.
    """
    check(value, least=2)
    try:
        return Hold(value[2:].decode())
    except ValueError:
        raise StateError("the value under the key of holds is no hold") from None


def check(value: bytes, least: int = _HEAD_BYTES) -> None:
    """See whether a value is one that we can read, by its first bytes.

    Raises:
        StateError: A newer program wrote it, or it is none of ours.
    """
    if len(value) < least or value[0] != FORMAT:
        raise StateError("a value of the deliveries is not one of ours")
    if value[1] not in READERS:
        raise StateError(
            f"a delivery has version {value[1]}, this program reads up to {max(READERS)}: "
            "start the release that wrote it, or the one before that"
        )
