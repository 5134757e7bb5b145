"""Instants and positions."""

from pipeline.record import Instant, Position, later, seconds_between


def test_a_position_reads_as_people_write_it() -> None:
    """Log lines and dead letters name positions; a person pastes them into tools."""
    assert str(Position("orders", 3, 17)) == "orders/3@17"


def test_a_later_instant_is_that_many_seconds_away() -> None:
    """Deadlines are computed in whole milliseconds, so restart and replay agree."""
    assert seconds_between(Instant(1000), later(Instant(1000), 0.25)) == 0.25
