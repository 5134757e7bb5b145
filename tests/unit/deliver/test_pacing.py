"""Requests leave as fast as the destination allows, and no faster."""

import pytest

from pipeline.deliver.pacing import FACTOR_MIN, Pacing
from tests.unit.deliver.limited import LIMIT, played


def sent(pacing: Pacing, seconds: float, *, start: float = 0.0, step: float = 0.001) -> int:
    """How many requests may leave in a time, when as many as possible want to."""
    count, now = 0, start
    while now < start + seconds:
        if pacing.wait_s(now) == 0:
            pacing.spend(now)
            count += 1
        else:
            now += step
    return count


def test_without_a_limit_nothing_waits() -> None:
    """No limit is documented; inventing one would only cost time."""
    assert Pacing(None).wait_s(5) == 0


def test_the_configured_rate_is_kept() -> None:
    """It is the destination's own word."""
    assert sent(Pacing(100), 10) == pytest.approx(1000, abs=12)


def test_it_begins_without_a_burst() -> None:
    """A restart must not spend what an earlier life has spent already."""
    assert Pacing(100).wait_s(0) > 0


def test_a_part_of_the_partitions_has_a_part_of_the_rate() -> None:
    """All workers of the group together keep the limit."""
    pacing = Pacing(100)

    pacing.shared(0.25)

    assert sent(pacing, 10) == pytest.approx(250, abs=5)


def test_without_partitions_nothing_may_leave() -> None:
    """Their rate belongs to others."""
    pacing = Pacing(100)

    pacing.shared(0)

    assert pacing.wait_s(5) > 1e9


def test_a_429_pauses_everything_for_longer_than_asked() -> None:
    """Clocks differ; coming a moment too early costs another 429."""
    pacing = Pacing(100)

    pacing.throttled(10, 2)

    assert pacing.wait_s(12) > 0
    assert pacing.pause_s(12.3) == 0


def test_the_bucket_is_empty_after_a_pause() -> None:
    """What could not be sent meanwhile must not come as a burst."""
    pacing = Pacing(100)

    pacing.throttled(10, 2)

    assert sent(pacing, 1, start=12.25) <= 105


def test_later_429s_of_the_same_moment_only_lengthen_the_pause() -> None:
    """They left before it began, and say nothing about the rate after it."""
    pacing = Pacing(100)
    pacing.throttled(10, 1)
    once = pacing.rate

    pacing.throttled(10.1, 3)

    assert pacing.rate == once
    assert pacing.wait_s(13.1) > 0


def test_without_a_limit_the_accepted_rate_becomes_the_base() -> None:
    """What the destination took in the last seconds is the best guess of what it takes."""
    pacing = Pacing(None)
    for i in range(500):
        pacing.accepted(i / 100)

    pacing.throttled(5, 1)

    assert pacing.rate == pytest.approx(100, rel=0.1)


def test_the_rate_falls_with_the_share_of_429s_and_recovers() -> None:
    """The configured limit may be too high, or the destination weak for a while."""
    pacing = Pacing(100)
    for at in range(10, 30, 2):
        pacing.accepted(at)
        pacing.throttled(at + 0.1, 0.1)
    slow = pacing.rate
    assert slow is not None
    assert slow < 60

    for at in range(30, 200):
        pacing.accepted(at)

    assert pacing.rate == 100


def test_it_never_stops_altogether() -> None:
    """Else nothing would ever find out that the destination has recovered."""
    pacing = Pacing(100)

    for at in range(0, 1000, 10):
        pacing.throttled(at, 1)

    assert pacing.rate == pytest.approx(100 * FACTOR_MIN)


def test_a_learned_base_is_left_behind_again() -> None:
    """It may have been learned in a bad moment."""
    pacing = Pacing(None)
    pacing.accepted(0)
    pacing.throttled(1, 1)
    slow = pacing.rate
    assert slow is not None

    sent(pacing, 10, start=3)

    assert (pacing.rate or 0) > 3 * slow


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_a_limit_that_is_told_is_used_up_and_not_passed(workers: int) -> None:
    """Every 429 costs a pause of all."""
    used, refused = played(workers, told=LIMIT)

    assert used >= 0.99
    assert refused < 0.005


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_a_limit_that_is_not_told_is_found(workers: int) -> None:
    """No limit of the Stream API is documented."""
    used, refused = played(workers, told=None)

    assert used >= 0.85
    assert refused < 0.02
