"""A limit that nobody tells is found, kept close to, and left behind when it is gone."""

import pytest

from pipeline.deliver.learned import FALL, FALL_FIRST, RATE_MIN, RETURN_S, Learned


def used(learned: Learned, seconds: float, *, start: float = 0.0) -> None:
    """Use all of the rate for a time."""
    for tick in range(int(seconds * 10) + 1):
        learned.used_up(start + tick / 10)


def found(rate: float = 100.0) -> Learned:
    """One that was told once, after its guess, that this much is too much."""
    learned = Learned(rate)
    learned.throttled()
    return learned


def test_a_guess_doubles_each_second_while_it_is_used() -> None:
    """It is made of the few that a full bucket took at once, and mostly far too small."""
    learned = Learned(10)
    learned.used_up(0)
    before = learned.rate

    used(learned, 3)

    assert learned.rate == pytest.approx(8 * before, rel=0.01)


def test_it_falls_with_a_429() -> None:
    """The destination did not take this much."""
    learned = found(100)
    assert learned.rate == pytest.approx(100 * FALL_FIRST)

    learned.throttled()

    assert learned.rate == pytest.approx(100 * FALL_FIRST * FALL)


def test_it_comes_back_to_where_the_429_was_and_then_goes_on() -> None:
    """Most of the time it is close to the limit, and it finds out when there is none any more."""
    learned = found(100)
    learned.used_up(0)

    used(learned, RETURN_S)
    assert learned.rate == pytest.approx(100, rel=0.02)

    used(learned, 2 * RETURN_S, start=RETURN_S)

    assert learned.rate > 300


def test_a_rate_that_is_not_used_does_not_rise() -> None:
    """A night without orders does not prove that the destination takes thousands."""
    learned = found(100)
    learned.used_up(0)
    before = learned.rate

    learned.used_up(10_000)

    assert learned.rate < 1.1 * before


def test_it_never_stops_altogether() -> None:
    """Else nothing would ever find out that the destination has recovered."""
    learned = Learned(0)

    for _ in range(1000):
        learned.throttled()

    assert learned.rate == RATE_MIN
