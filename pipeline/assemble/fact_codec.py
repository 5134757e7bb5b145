"""What happened to a cart, as MessagePack: facts one after the other, without a head.

The head of an array is put before them when they are read, since only then is their number fixed.
"""

from functools import cache
from typing import Final

import msgspec

from pipeline.errors import StateError
from pipeline.orders.guest import Fact, FactLog

_ARRAY_32: Final = b"\xdd"
"""The head of an array whose length follows in four bytes, most significant first."""

_encoder: Final = msgspec.msgpack.Encoder()


@cache
def _decoder() -> msgspec.msgpack.Decoder[tuple[Fact, ...]]:
    return msgspec.msgpack.Decoder(tuple[Fact, ...])


def write(fact: Fact) -> bytes:
    """Give the bytes of a fact, to be added to a log."""
    return _encoder.encode(fact)


def read(log: FactLog) -> tuple[Fact, ...]:
    """Give the facts of a log, oldest first.

    Raises:
        StateError: Its bytes are not as many facts as it counts.
    """
    try:
        return _decoder().decode(_ARRAY_32 + log.facts.to_bytes(4, "big") + log.written)
    except msgspec.MsgspecError as error:
        raise StateError(f"a cart that was remembered cannot be read: {error}") from error
