"""The demo's day has in it what real days have."""

from random import Random

from pipeline.commerce.events import LineRemoved, OrderCancelled, OrderPlaced, PaymentReceived
from pipeline.demo.day import REFUSED_TYPE, SHOPS, UNKNOWN_SHOP, interleaved, shop_day
from pipeline.record import Instant

DAY = shop_day(300, seed=1, ends_at=Instant(1_800_000_000_000))
EVENTS = [event for story in DAY for event in (*story.events, *story.late)]


def test_a_seed_always_writes_the_same_day() -> None:
    """A fault that the demo finds can be looked at again."""
    again = shop_day(300, seed=1, ends_at=Instant(1_800_000_000_000))
    assert again == DAY


def test_everything_that_goes_wrong_in_shops_goes_wrong_in_it() -> None:
    """Protocols, changes of mind, late payments, refusals: each is seen at least once."""
    kinds = {type(event) for event in EVENTS}
    placed = [event for event in EVENTS if isinstance(event, OrderPlaced)]

    assert kinds >= {LineRemoved, OrderCancelled, PaymentReceived}
    assert {event.point_of_sale for event in placed} == {*SHOPS.values(), UNKNOWN_SHOP}
    assert any(line.type == REFUSED_TYPE for event in placed for line in event.lines)
    assert any(story.late for story in DAY)
    assert len({event.event_id for event in EVENTS}) < len(EVENTS)


def test_guests_are_mixed_and_each_keeps_its_order() -> None:
    """A topic carries many guests at once; what one says is not reordered by us."""
    mixed = interleaved(DAY, Random(1))

    assert len(mixed) == sum(len(story.events) for story in DAY)
    for story in DAY[:20]:
        guest = story.events[0].guest_id
        assert [event for event in mixed if event.guest_id == guest] == story.events
