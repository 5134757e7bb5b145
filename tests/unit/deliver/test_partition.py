"""Whose first request is suspected after an owner that did not end well."""

from pipeline.deliver.lanes import Lane
from pipeline.deliver.partition import Suspicion
from pipeline.record import GuestId
from pipeline.sitecore.delivery import Delivery


def lane(guest: str, *, suspect: bool) -> Lane:
    """A guest's lane."""
    opened = Lane(0, GuestId(guest), Delivery.new(GuestId(guest)))
    opened.suspect = suspect
    return opened


def test_a_guest_that_was_answered_is_suspected_no_more() -> None:
    """Every request of theirs would be marked for as long as the old records last."""
    suspicion = Suspicion(end=10, left=10)
    first = lane("a", suspect=suspicion.falls_on(GuestId("a"), 1))

    suspicion.clear(first)

    assert not first.suspect
    assert not suspicion.falls_on(GuestId("a"), 2)
    assert suspicion.falls_on(GuestId("b"), 3)


def test_guests_that_were_never_suspected_are_not_remembered() -> None:
    """All guests of the shop would gather there."""
    suspicion = Suspicion(end=0, left=0)

    for number in range(100):
        suspicion.clear(lane(f"g{number}", suspect=False))

    assert suspicion.cleared == set()
