"""The committed prefix never passes an unfinished record."""

import itertools
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.deliver.offsets import InHand, Progress
from pipeline.record import Instant

T = Instant(1)


def read(*offsets: int, start: int = 0) -> Progress:
    """Progress after records came at these offsets."""
    progress = Progress(start)
    for offset in offsets:
        progress.read(offset, Instant(offset))
    return progress


def test_nothing_is_done_while_the_first_record_is_unfinished() -> None:
    """A commit past it would lose it in a crash."""
    progress = read(0, 1, 2)

    progress.finish(2)
    progress.finish(1)

    assert progress.done == 0
    assert progress.beyond == ((1, 3),)


def test_finishing_the_hole_releases_all_behind_it() -> None:
    """What was finished beyond the hole is not forgotten."""
    progress = read(0, 1, 2)
    progress.finish(2)
    progress.finish(1)

    progress.finish(0)

    assert progress.done == 3
    assert progress.beyond == ()


def test_offsets_without_records_are_finished_by_what_is_read_after_them() -> None:
    """Markers of transactions take offsets that no record ever has."""
    progress = read(5, 9, start=2)

    progress.finish(5)

    assert progress.done == 9


def test_the_end_of_a_partition_finishes_the_markers_before_it() -> None:
    """Else every idle partition of a transactional topic would show a backlog for ever."""
    progress = read(0)
    progress.finish(0)

    progress.reached(2)

    assert progress.done == 2


def test_the_oldest_is_the_first_unfinished_record() -> None:
    """Its age is what an alert looks at."""
    progress = read(0, 1, 2)
    assert progress.oldest == 0

    progress.finish(1)
    progress.finish(0)

    assert progress.oldest == 2


@pytest.mark.parametrize("offset", [1, 4])
def test_finishing_what_is_not_in_hand_is_a_mistake(offset: int) -> None:
    """It would make the prefix pass records of others."""
    progress = read(0, 1, 2)
    progress.finish(1)

    with pytest.raises(ValueError, match="not in hand"):
        progress.finish(offset)


def test_what_is_finished_behind_a_stuck_record_costs_no_memory() -> None:
    """One guest may be tried for a day while millions of records of others pass."""
    progress = read(0)
    tracemalloc.start()

    for offset in range(1, 20_000):
        progress.read(offset, T)
        progress.finish(offset)

    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 50_000
    assert progress.oldest == 0


def test_reading_backwards_is_a_mistake() -> None:
    """It would mean that the consumer was moved behind our back."""
    progress = read(3)

    with pytest.raises(ValueError, match="was read after"):
        progress.read(3, T)


@given(
    st.lists(st.integers(1, 4), min_size=1, max_size=40).flatmap(
        lambda gaps: st.tuples(st.just(gaps), st.permutations(range(len(gaps))))
    ),
    st.integers(0, 40),
)
def test_done_is_always_the_first_unfinished_offset(
    drawn: tuple[list[int], list[int]], count: int
) -> None:
    """Whatever the gaps and the order of finishing, compared with the plain definition."""
    gaps, order = drawn
    offsets = [sum(gaps[: i + 1]) for i in range(len(gaps))]
    progress = read(*offsets)

    finished = {offsets[i] for i in order[:count]}
    for i in order[:count]:
        progress.finish(offsets[i])

    left = [offset for offset in offsets if offset not in finished]
    assert progress.done == (left[0] if left else offsets[-1] + 1)
    assert progress.oldest == (left[0] if left else None)
    ranges = progress.beyond
    assert all(start < end for start, end in ranges)
    assert all(a[1] < b[0] for a, b in itertools.pairwise(ranges))


def test_reading_stops_at_the_limit_and_goes_on_at_half_of_it() -> None:
    """A partition that flutters costs a fetch each time."""
    in_hand = InHand(records_max=4, bytes_max=1000)
    for _ in range(3):
        in_hand.taken(1)
    assert in_hand.turn() is None

    in_hand.taken(1)

    assert in_hand.turn() is True
    assert in_hand.turn() is None
    in_hand.finished(1)
    assert in_hand.turn() is None
    in_hand.finished(1)
    assert in_hand.turn() is False


def test_few_large_records_stop_reading_too() -> None:
    """Memory is bounded by bytes, not by hope."""
    in_hand = InHand(records_max=100, bytes_max=1000)

    in_hand.taken(1000)

    assert in_hand.turn() is True
