"""A guest who asked to be forgotten."""

from pipeline.orders.guest import Became, Guest
from tests.unit.orders.story import (
    GUEST,
    added,
    at,
    but,
    erased,
    identified,
    line,
    names,
    paid,
    placed,
    told,
    viewed,
)


def test_an_erasure_leaves_a_mark_without_personal_data() -> None:
    """A value that stays; a tombstone would vanish, and the data could come again."""
    story = told(identified(0), added(1, "a"), erased(2))

    assert story.guest == Guest(GUEST, int(at(0)) + 3, at(2), erased=True)
    assert names(story.owed)[-1] == "OwedErasure"
    assert story.wake_at is None


def test_the_waiting_orders_of_an_erased_guest_go_by_position_only() -> None:
    """Their records hold what must not be kept, but that they went must be known."""
    story = told(placed(1, "1001", line("a")), paid(1, "9999"), erased(2))

    assert [(aside.refusal.rule, aside.record) for aside in story.set_aside] == [
        ("guest_erased", None),
        ("guest_erased", None),
    ]
    assert [aside.position.offset for aside in story.set_aside] == [1, 2]


def test_what_is_said_of_an_erased_guest_is_set_aside_by_position_only() -> None:
    """The sender must not transmit the data of a deleted guest again."""
    story = told(erased(0), identified(1), viewed(2), placed(3, "1001", line("a")))

    assert story.became == [Became.OWED, *[Became.SET_ASIDE] * 3]
    assert {aside.refusal.rule for aside in story.set_aside} == {"guest_erased"}
    assert all(aside.record is None for aside in story.set_aside)
    assert names(story.owed) == ["OwedErasure"]


def test_an_erasure_is_owed_once() -> None:
    """A second request finds nothing left to do."""
    story = told(viewed(0), erased(1), erased(1), erased(2))

    assert story.became[1:] == [Became.OWED, Became.REPEAT, Became.REPEAT]


def test_an_erasure_is_honoured_wherever_it_was_asked_for() -> None:
    """A typing error in a channel is no reason to keep personal data."""
    story = told(identified(0), but(erased(1), point_of_sale="atlantis", channel="?", currency=""))

    assert names(story.owed)[-1] == "OwedErasure"
    assert story.set_aside == []


def test_an_unknown_guest_can_be_erased() -> None:
    """Deliver may know what assembly has forgotten."""
    story = told(erased(1))

    assert (story.became, names(story.owed)) == ([Became.OWED], ["OwedErasure"])
