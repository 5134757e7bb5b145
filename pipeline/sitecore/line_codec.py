"""A line of a cart as bytes: the ones that it has within what is owed.

So a guest is remembered, and a cart is owed, without its lines being read or written again.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, TypeAlias

from pipeline.commerce import schemas, values
from pipeline.commerce.events import Line
from pipeline.commerce.resolution import compile_reader
from pipeline.commerce.schemas import Schema
from pipeline.commerce.straight import Straight, compile_straight
from pipeline.commerce.straight_writing import Encode, compile_encode
from pipeline.commerce.values import FieldError
from pipeline.commerce.writing import compile_writer
from pipeline.errors import RecordError, StateError
from pipeline.sitecore.owed import WrittenLine

_Slowly: TypeAlias = Callable[[bytes, int], Any]


def write(line: Line) -> WrittenLine:
    """Give the bytes of a line: those that it was read from, or ours.

    Raises:
        ValueError: a value does not fit its Avro type.
    """
    if line.written is not None:
        return WrittenLine(line.written)
    try:
        return WrittenLine(_encode()(line))
    except IndexError:  # a very long text
        out = bytearray()
        compile_writer(_schema())(out, line)
        return WrittenLine(bytes(out))


def read(written: WrittenLine) -> Line:
    """Give the line that was written.

    Raises:
        StateError: the bytes are no line.
    """
    straight, slowly = _reads()
    line: Line | None = straight(written, 0)
    if line is not None:
        return line
    try:
        return values.line(slowly(written, 0))
    except (FieldError, RecordError) as error:
        raise StateError(f"a line that was remembered cannot be read: {error}") from error


@cache
def _encode() -> Encode:
    return compile_encode(_schema(), header=b"")


@cache
def _reads() -> tuple[Straight, _Slowly]:
    """What reads lines that are plainly right, and what says of others what is wrong."""
    straight = compile_straight(_schema(), kept=(schemas.LINE,))
    return straight, compile_reader(_schema(), schemas.current()[schemas.LINE])


def _schema() -> Schema:
    return schemas.released()[schemas.WRITTEN_RELEASE][schemas.LINE]
