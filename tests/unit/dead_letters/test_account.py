"""Which letters are open, whatever was done with them and however often."""

from itertools import permutations

from pipeline.dead_letters.account import Account, Case, Wanted
from pipeline.dead_letters.letter import Letter, Marker
from pipeline.record import Instant
from tests.unit.dead_letters.letters import because, known, of_owed, of_shop

NAME = "shop/3@17"
FIRST = known(of_shop(17), 0)
AGAIN = FIRST._replace(replay=1, at=FIRST.at._replace(offset=5))
REPLAYED = Marker(NAME, 1, "replayed")
TWICE = Marker(NAME, 2, "replayed")
DISCARDED = Marker(NAME, 2, "discarded")


def account(*read: Letter | Marker) -> Account:
    """An account of what was read."""
    made = Account()
    for one in read:
        made.take(one)
    return made


def cases(*read: Letter | Marker, wanted: Wanted = Wanted(), closed: bool = False) -> list[Case]:  # noqa: B008
    return list(account(*read).cases(wanted, closed=closed))


def test_what_was_replayed_or_discarded_is_not_offered_again() -> None:
    """Else a command that is repeated would replay twice."""
    assert [case.letter for case in cases(FIRST)] == [FIRST]
    for what in ("replayed", "discarded"):
        done = Marker(NAME, 1, what)
        assert cases(FIRST, done) == []
        assert [case.state for case in cases(FIRST, done, closed=True)] == [what]


def test_one_that_came_back_is_open_again() -> None:
    """Its replay has failed: somebody must look at it."""
    assert [case.letter for case in cases(FIRST, REPLAYED, AGAIN)] == [AGAIN]
    assert cases(FIRST, REPLAYED, AGAIN, TWICE) == []
    assert cases(FIRST, REPLAYED, AGAIN, DISCARDED) == []


def test_letters_and_markers_may_be_read_in_any_order() -> None:
    """A record that went through rekey has letters in two partitions."""
    read: list[Letter | Marker] = [FIRST, REPLAYED, AGAIN]
    for closed in permutations([*read, TWICE]):
        assert cases(*closed) == []
    for still in permutations(read):
        assert [case.letter for case in cases(*still)] == [AGAIN]


def test_the_same_record_set_aside_once_more_is_not_open_again() -> None:
    """After a reset the commerce topics are read anew, and the replay lies there too."""
    assert cases(FIRST, REPLAYED, FIRST) == []


def test_letters_of_one_delivery_are_one_letter() -> None:
    """A cart of which two lines were refused has two."""
    first = known(because(of_owed(), "payment_refused"), 1)
    second = known(because(of_owed(), "may_have_arrived"), 2)

    (case,) = cases(first, second)

    assert (case.letters, case.reasons) == (2, ["payment_refused", "may_have_arrived"])
    assert case.may_have_arrived
    assert not cases(first)[0].may_have_arrived


def test_what_may_have_arrived_once_may_have_arrived_ever_after() -> None:
    """A later refusal says nothing of the earlier try."""
    first = known(because(of_owed(), "may_have_arrived"), 1)
    again = known(of_owed(), 5)._replace(replay=1)

    (case,) = cases(first, Marker(first.name, 1, "replayed"), again)

    assert (case.reasons, case.may_have_arrived) == (["refused"], True)
    assert known(of_owed(headers=(("dead-letter-may-have-arrived", b"true"),))).may_have_arrived


def test_every_filter_leaves_out_what_it_does_not_mean() -> None:
    """One that lets everything through would replay everything."""
    other = known(of_owed(), 9)
    fits = [
        Wanted(reason="unknown_channel"),
        Wanted(guest=b"ann"),
        Wanted(topic="shop"),
        Wanted(until=Instant(3009)),
        Wanted(offset=0),
        Wanted(partition=3, offset=0),
    ]

    for wanted in fits:
        assert [case.letter for case in cases(FIRST, other, wanted=wanted)] == [FIRST], wanted
    assert [c.letter for c in cases(FIRST, other, wanted=Wanted(since=Instant(3001)))] == [other]
    assert cases(FIRST, other, wanted=Wanted(partition=2)) == []
    assert len(cases(FIRST, other)) == 2
