"""Whose first request is suspected after an owner that did not end well."""

from pipeline.deliver.lanes import Item, Lane
from pipeline.deliver.partition import Suspicion, cause_of_mark, marked
from pipeline.record import GuestId, Instant, Position, Record
from pipeline.sitecore.delivery import Delivery, Head
from pipeline.sitecore.owed import DeliveryId
from pipeline.sitecore.request import SendEvent
from pipeline.sitecore.tries import key_of_event

VIEW = {"type": "VIEW", "browser_id": "b", "channel": "WEB", "pos": "shop"}


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


def test_an_order_that_may_have_left_in_another_form_is_marked_behind_the_first_request() -> None:
    """Its session closed meanwhile, and other requests go before it: it may be there twice."""
    suspicion = Suspicion(end=10, left=10)
    opened = lane("a", suspect=True)
    opened.items.append(Item(Record(Position("t", 0, 1), Instant(0), b"a", b""), 1))

    suspicion.clear(opened)

    assert is_marked("ORDER_CHECKOUT", opened)
    assert is_marked("CHECKOUT", opened)
    assert not is_marked("ADD", opened)
    opened.pop()
    assert not is_marked("ORDER_CHECKOUT", opened)


def test_every_mark_has_a_cause() -> None:
    """A repeat that nobody can explain cannot be kept from happening again."""
    event = SendEvent(DeliveryId("d"), VIEW)
    silent, owned, replayed = (lane("a", suspect=suspect) for suspect in (True, True, False))
    head = Head(DeliveryId("d"), doubt=key_of_event(VIEW))
    silent.delivery = silent.delivery._replace(head=head)

    causes = [cause_of_mark(event, one) for one in (silent, owned, replayed)]

    assert causes == ["unanswered", "earlier_owner", "replayed"]


def is_marked(kind: str, opened: Lane) -> bool:
    """Whether an event of this type would be marked now."""
    request = marked(SendEvent(DeliveryId("d"), {"type": kind}), opened)
    return isinstance(request, SendEvent) and request.possible_repeat
