"""The short way from bytes to events, measured by the long one."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.commerce import schemas, values
from pipeline.commerce.build import BUILDERS
from pipeline.commerce.encode import encode
from pipeline.commerce.events import (
    CommerceEvent,
    Line,
    LineAdded,
    LineChanged,
    OrderChanged,
    OrderPlaced,
)
from pipeline.commerce.resolution import compile_reader
from pipeline.commerce.straight import Straight, compile_straight
from pipeline.commerce.values import FieldError
from pipeline.errors import RecordError
from tests import strategies
from tests.examples import EVENTS

BEGIN = 10

examples = st.one_of(st.sampled_from(EVENTS), strategies.commerce_events)


def short_way(name: str) -> Straight:
    if name not in SHORT_WAYS:
        SHORT_WAYS[name] = compile_straight(schemas.current()[f"commerce.{name}"])
    return SHORT_WAYS[name]


SHORT_WAYS: dict[str, Straight] = {}
LONG_WAYS = {
    name: compile_reader(schema, schema)
    for name in BUILDERS
    for schema in [schemas.current()[f"commerce.{name}"]]
}


KEEPING = {
    name: compile_straight(schemas.current()[f"commerce.{name}"], kept=(schemas.LINE,))
    for name in BUILDERS
}
LINES = compile_reader(schemas.current()[schemas.LINE], schemas.current()[schemas.LINE])


def lines_in(event: CommerceEvent | None) -> tuple[Line, ...]:
    """The lines that an event holds."""
    match event:
        case LineAdded(line=line) | LineChanged(line=line):
            return (line,)
        case OrderPlaced(lines=lines) | OrderChanged(lines=lines):
            return lines
    return ()


def long_way(name: str, value: bytes) -> CommerceEvent | None:
    """What the long way makes of it; None: it refuses."""
    try:
        return BUILDERS[name](LONG_WAYS[name](value, BEGIN))
    except (RecordError, FieldError):
        return None


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_no_good_event_needs_the_long_way(event: CommerceEvent) -> None:
    """It would be right, and slow: nobody would see why."""
    assert short_way(type(event).__name__)(encode(event), BEGIN) == event


@given(strategies.commerce_events)
def test_the_short_way_reads_what_the_long_one_does(event: CommerceEvent) -> None:
    """To the last digit: what an event says, and of which type."""
    name, value = type(event).__name__, encode(event)

    assert repr(short_way(name)(value, BEGIN)) in (repr(long_way(name, value)), "None")


@given(examples, st.data())
@settings(max_examples=500)
def test_what_the_short_way_takes_the_long_one_takes_too(
    event: CommerceEvent, data: st.DataObject
) -> None:
    """Damaged bytes must not become an event that only the short way believes in."""
    name, value = type(event).__name__, bytearray(encode(event))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(BEGIN, len(value) - 1))
        width = data.draw(st.integers(0, 3))
        value[at : at + width] = data.draw(st.binary(max_size=3) | st.just(b"\xff" * 9))
        if len(value) <= BEGIN:
            break
    found = short_way(name)(bytes(value), BEGIN)

    assert found is None or repr(found) == repr(long_way(name, bytes(value)))


@given(examples, st.data())
def test_a_line_keeps_bytes_that_mean_the_same(event: CommerceEvent, data: st.DataObject) -> None:
    """They are written as they are, and read by whoever delivers, also where they are strange."""
    value = bytearray(encode(event))
    at = data.draw(st.integers(BEGIN, len(value) - 1))
    value[at : at + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=2))
    found = KEEPING[type(event).__name__](bytes(value), BEGIN)

    for line in lines_in(found):
        assert line.written is not None
        assert repr(values.line(LINES(line.written, 0))) == repr(line)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_a_line_that_is_changed_keeps_no_bytes(event: CommerceEvent) -> None:
    """They would say what it was before."""
    for line in lines_in(KEEPING[type(event).__name__](encode(event), BEGIN)):
        assert line.written is not None
        assert replace(line, quantity=line.quantity + 1).written is None
