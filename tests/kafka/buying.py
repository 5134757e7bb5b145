"""What guests do in the tests on a real broker, and what must be owed for it."""

import random
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from pipeline.commerce.events import CommerceEvent, OrderId
from pipeline.record import GuestId, Instant, later
from pipeline.sitecore.owed import OwedOrder
from tests.kafka.assembling import Shop, of_guest
from tests.unit.orders import story


def now() -> Instant:
    """The time that it is."""
    return Instant(time.time_ns() // 1_000_000)


def said(event: CommerceEvent, guest: str, second: float = 0.0) -> CommerceEvent:
    """An event of the story as a guest of our own says it, now."""
    at = later(now(), second - 60)
    of_guest = replace(event, guest_id=GuestId(guest), occurred_at=at)
    return replace(of_guest, event_id=type(event.event_id)(_uuid(repr((event, guest)))))


def buys(guest: str, count: int, *, first: int = 0) -> list[CommerceEvent]:
    """A guest who logs in, and buys so often what was in the cart."""
    events = [] if first else [said(story.identified(1), guest)]
    for number in range(first, first + count):
        order = story.placed(3, f"{guest}-{number}", story.line("shoes"))
        events.append(said(story.added(2, f"item-{number}"), guest, number))
        events.append(said(replace(order, ordered_at=now()), guest, number + 0.5))
    return events


def check(made: Shop, guests: Iterable[str], orders: int) -> None:
    """Everything that is owed is there, once, and in order."""
    owed = made.owed()
    assert Counter(one.delivery_id for one in owed).most_common(1)[0][1] == 1
    for guest in guests:
        mine = of_guest(owed, GuestId(guest))
        first = mine[0].sequence
        assert [one.sequence for one in mine] == list(range(first, first + len(mine)))
        bought = [one.order_id for one in mine if isinstance(one, OwedOrder)]
        assert bought == [OrderId(f"{guest}-{number}") for number in range(orders)]


def _uuid(words: str) -> str:
    generator = random.Random(words)
    text = f"{generator.getrandbits(128):032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
