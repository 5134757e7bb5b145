"""How old what lies unread can be, by what was taken last and when all was read."""

from pipeline.assemble.log import Input
from pipeline.assemble.unread import Since
from pipeline.record import Instant

A, B = Input("commerce", 0), Input("commerce", 1)


def at(second: int) -> Instant:
    """A time of the story."""
    return Instant(second * 1000)


def test_nothing_unread_is_not_old() -> None:
    """An idle topic is on time."""
    assert Since().oldest({A: 0}, taken_at={A: at(1)}, now=at(9000)) is None


def test_what_lies_unread_is_no_older_than_what_was_taken_before_it() -> None:
    """Records of a partition come in the order of their times, near enough."""
    assert Since().oldest({A: 5}, taken_at={A: at(70)}, now=at(100)) == at(70)


def test_what_comes_after_an_idle_hour_is_not_an_hour_old() -> None:
    """The record before it is; but all was read ten seconds ago."""
    since = Since()
    since.oldest({A: 0}, taken_at={A: at(10)}, now=at(3600))

    assert since.oldest({A: 1}, taken_at={A: at(10)}, now=at(3610)) == at(3600)


def test_while_nothing_moves_it_grows_older() -> None:
    """A bound that moved with the clock would never raise an alert."""
    since = Since()
    since.oldest({A: 0}, taken_at={}, now=at(10))
    since.oldest({A: 3}, taken_at={}, now=at(20))

    assert since.oldest({A: 900}, taken_at={}, now=at(2000)) == at(10)


def test_the_oldest_partition_counts() -> None:
    """One that stands still must not hide behind those that move."""
    assert Since().oldest({A: 5, B: 5}, taken_at={A: at(90), B: at(30)}, now=at(100)) == at(30)


def test_what_is_known_of_a_partition_goes_with_it() -> None:
    """Another member read it meanwhile."""
    since = Since()
    since.oldest({A: 0, B: 0}, taken_at={}, now=at(10))
    since.oldest({B: 0}, taken_at={}, now=at(20))

    assert since.oldest({A: 7, B: 0}, taken_at={}, now=at(30)) is None
