"""Which times a topic takes, and what becomes of the others."""

import pytest

from pipeline.kafka.times import MARGIN_MS, Times, times_of
from pipeline.record import Instant

NOW = Instant(1_767_225_600_000)
HOUR = 3_600_000


@pytest.mark.parametrize("offset", [-40 * 24 * HOUR, -1, 0, 1, HOUR - MARGIN_MS])
def test_a_time_that_is_taken_stays(offset: int) -> None:
    """Waits are counted from it, so nothing but need may change it."""
    assert Times(after_ms=HOUR).moved(Instant(NOW + offset), NOW) == NOW + offset


@pytest.mark.parametrize("ahead", [HOUR - MARGIN_MS + 1, HOUR, 1000 * HOUR])
def test_a_time_too_far_ahead_becomes_the_present(ahead: int) -> None:
    """An hour from now would make an order wait for that hour."""
    assert Times(after_ms=HOUR).moved(Instant(NOW + ahead), NOW) == NOW


def test_a_time_too_old_becomes_the_oldest_that_is_taken() -> None:
    """It stays old, and not at the very limit, which our clock may miss."""
    moved = Times(before_ms=HOUR).moved(Instant(NOW - 5 * HOUR), NOW)

    assert moved == NOW - HOUR + MARGIN_MS


@pytest.mark.parametrize("limit", [0, 1, 10_000])
def test_a_limit_below_the_margin_leaves_the_present_alone(limit: int) -> None:
    """The room for our clock must not eat what the topic takes."""
    assert Times(limit, limit).moved(NOW, NOW) == NOW


def test_limits_are_read_by_any_of_their_names() -> None:
    """Brokers before 3.6 have one for both; what is not told is no limit."""
    assert times_of({}) == Times()
    assert times_of({"message.timestamp.difference.max.ms": "5"}) == Times(5, 5)
    named = {"message.timestamp.before.max.ms": "7", "message.timestamp.after.max.ms": "9"}
    assert times_of(named) == Times(7, 9)
