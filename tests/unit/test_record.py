"""Instants and positions."""

import pytest

from pipeline.record import Instant, Position, in_utc, instant_of, later, seconds_between


def test_a_position_reads_as_people_write_it() -> None:
    """Log lines and dead letters name positions; a person pastes them into tools."""
    assert str(Position("orders", 3, 17)) == "orders/3@17"


def test_a_later_instant_is_that_many_seconds_away() -> None:
    """Deadlines are computed in whole milliseconds, so restart and replay agree."""
    assert seconds_between(Instant(1000), later(Instant(1000), 0.25)) == 0.25


@pytest.mark.parametrize("at", [-62_135_596_800_000, -1, 0, 1_767_225_600_123, 253_402_300_799_999])
def test_an_instant_is_written_and_read_to_the_millisecond(at: int) -> None:
    """What a person copies from one command into another must mean the same."""
    assert instant_of(in_utc(Instant(at))) == at


@pytest.mark.parametrize("text", ["2026-01-31T00:00:00", "yesterday", ""])
def test_a_time_without_its_zone_is_none(text: str) -> None:
    """It would mean another instant on another machine."""
    with pytest.raises(ValueError, match=r"zone|isoformat"):
        instant_of(text)
