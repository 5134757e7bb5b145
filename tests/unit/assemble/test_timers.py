"""When a guest is looked at again, and what must have been read before."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.assemble.timers import Gate, Timers
from pipeline.record import GuestId, Instant

ANN, BEN = GuestId("ann"), GuestId("ben")


def test_what_is_due_comes_in_order_and_stays_until_it_moves() -> None:
    """A batch that is undone must find the same timers again."""
    wakes = {ANN: Instant(30), BEN: Instant(20)}
    timers = Timers(wakes.get, [(at, guest) for guest, at in wakes.items()])

    assert timers.due(Instant(30), 9) == timers.due(Instant(30), 9) == [(20, BEN), (30, ANN)]
    assert timers.due(Instant(20), 9) == [(20, BEN)]
    assert timers.first_due(Instant(19)) is None


def test_a_timer_that_moved_away_is_not_due_at_its_old_time() -> None:
    """An idle guest who comes back must not be forgotten."""
    wakes = {ANN: Instant(10)}
    timers = Timers(wakes.get, [(Instant(10), ANN)])
    wakes[ANN] = Instant(50)
    timers.moved(ANN, Instant(10), Instant(50))

    assert timers.due(Instant(49), 9) == []
    assert timers.due(Instant(50), 9) == [(50, ANN)]


def test_a_timer_that_moves_away_with_every_event_costs_no_entry() -> None:
    """Else a busy guest would fill the memory with timers of the past."""
    timers = Timers({ANN: Instant(99)}.get, [(Instant(10), ANN)])

    for at in range(11, 99):
        timers.moved(ANN, Instant(at - 1), Instant(at))

    assert len(timers) == 1


@given(st.lists(st.tuples(st.integers(0, 4), st.one_of(st.none(), st.integers(0, 50)))))
def test_exactly_the_due_guests_are_found(moves: list[tuple[int, int | None]]) -> None:
    """However timers move, come and go, none is missed and none fires early."""
    wakes: dict[GuestId, Instant] = {}
    timers = Timers(wakes.get)
    for number, at in moves:
        guest, before = GuestId(str(number)), wakes.get(GuestId(str(number)))
        if at is None:
            wakes.pop(guest, None)
        else:
            wakes[guest] = Instant(at)
        timers.moved(guest, before, wakes.get(guest))
        due = timers.due(Instant(25), 99)
        assert due == sorted((at, guest) for guest, at in wakes.items() if at <= 25)


@pytest.mark.parametrize(
    ("positions", "passed"),
    [({"a": 5, "b": 2}, True), ({"a": 4, "b": 2}, False), ({"a": 5}, False)],
)
def test_a_gate_is_passed_once_every_source_is_read(
    positions: dict[str, int], passed: bool
) -> None:
    """A payment that lies unread in one topic must not be overtaken by its timeout."""
    assert Gate(Instant(10), {"a": 5, "b": 2}).is_passed(positions) is passed


def test_a_sample_says_nothing_of_timers_that_came_due_after_it() -> None:
    """What was published in between may speak against them."""
    gate = Gate(Instant(10), {})

    assert gate.covers(Instant(10))
    assert not gate.covers(Instant(11))
