"""A shop's day: what some hundred guests do, with everything that goes wrong in real shops.

A day is reproducible: its randomness comes from a seed, its clock is an argument.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from pipeline.commerce.events import CommerceEvent, OrderPlaced, Payment
from pipeline.demo.guest import DemoGuest
from pipeline.record import Instant, later

REFUSED_TYPE = "GIFT_CARD"
"""An item type that the demo's destination refuses."""
UNKNOWN_SHOP = "outlet/atlantis"
"""A point of sale that the tenant does not have."""
SHOPS = {"single": "kiosk/lisbon", "multiple": "shop/paris", "automatic": "shop/dublin"}
"""One point of sale for each protocol."""

_CARD = Payment("Card", "Visa")
_PAYMENTS = (_CARD, Payment("PayPal"), Payment("Voucher"))


@dataclass(slots=True)
class Story:
    """What one guest does: events in publishing order."""

    name: str
    events: list[CommerceEvent] = field(default_factory=list)
    late: list[CommerceEvent] = field(default_factory=list)
    """Published only when the waiting time for payments is over."""

    def says(self, *events: CommerceEvent) -> None:
        """Let the guest say these next."""
        self.events.extend(events)


Plot = Callable[[DemoGuest, Story], None]


def _buys(guest: DemoGuest, story: Story) -> None:
    """Fills a cart, changes its mind, buys."""
    story.says(guest.identify(), guest.view(), guest.add(), guest.add(), guest.change())
    story.says(guest.add(), guest.remove(), guest.place(guest.random.choice(_PAYMENTS)))


def _logs_in_last(guest: DemoGuest, story: Story) -> None:
    """Buys as a stranger and is known a moment later."""
    story.says(guest.add(), guest.add(), guest.place(_CARD), guest.identify())


def _arrives_shuffled(guest: DemoGuest, story: Story) -> None:
    """Its events come out of order, one of them twice."""
    _buys(guest, story)
    guest.random.shuffle(story.events)
    story.events.append(guest.random.choice(story.events))


def _pays_soon(guest: DemoGuest, story: Story) -> None:
    """Pays while the order waits for it."""
    story.says(guest.identify(), guest.add(), guest.place(None), guest.pay(_CARD))


def _pays_late(guest: DemoGuest, story: Story) -> None:
    """Pays when the order has gone without it."""
    story.says(guest.identify(), guest.add(), guest.place(None))
    story.late.append(guest.pay(_CARD))


def _changes_device(guest: DemoGuest, story: Story) -> None:
    """Fills the cart in the browser and buys in the app."""
    story.says(guest.identify(), guest.add(), guest.add())
    guest.channel = "MOBILE_APP"
    story.says(guest.place(_CARD))


def _walks_away(guest: DemoGuest, story: Story) -> None:
    """Leaves a cart behind."""
    story.says(guest.view(), guest.add(), guest.add(), guest.change())


def _empties_the_cart(guest: DemoGuest, story: Story) -> None:
    """Fills a cart and empties it."""
    story.says(guest.view(), guest.add(), guest.clear())


def _stays_a_stranger(guest: DemoGuest, story: Story) -> None:
    """Buys, and nobody ever says who it was."""
    story.says(guest.add(), guest.place(_CARD))


def _buys_a_gift_card(guest: DemoGuest, story: Story) -> None:
    """Buys an item type that the destination refuses."""
    story.says(guest.identify(), guest.add(REFUSED_TYPE), guest.place(_CARD))


def _shops_in_atlantis(guest: DemoGuest, story: Story) -> None:
    """Buys at a point of sale that Sitecore does not know, and would not mention."""
    guest.shop = UNKNOWN_SHOP
    story.says(guest.place(_CARD))


def _calls_it_off(guest: DemoGuest, story: Story) -> None:
    """Buys and cancels, which the Stream API cannot take."""
    _buys(guest, story)
    story.says(guest.cancel())


_PLOTS: tuple[tuple[int, Plot], ...] = (
    (36, _buys),
    (14, _arrives_shuffled),
    (10, _walks_away),
    (8, _logs_in_last),
    (8, _pays_soon),
    (6, _changes_device),
    (5, _empties_the_cart),
    (4, _pays_late),
    (3, _stays_a_stranger),
    (2, _buys_a_gift_card),
    (2, _calls_it_off),
    (2, _shops_in_atlantis),
)
"""Of a hundred guests, how many do what."""


def shop_day(guests: int, *, seed: int, ends_at: Instant) -> list[Story]:
    """Write a day of that many guests, whose last event happens about *ends_at*."""
    random = Random(seed)  # noqa: S311 — reproducible, not secret
    plots = [plot for weight, plot in _PLOTS for _ in range(weight)]
    return [_story(number, plots, random, ends_at) for number in range(guests)]


def _story(number: int, plots: list[Plot], random: Random, ends_at: Instant) -> Story:
    plot = plots[number * 37 % len(plots)]  # 37 and 100 share no factor: plots take turns
    shop = list(SHOPS.values())[number % len(SHOPS)]
    guest = DemoGuest(number, shop, random, later(ends_at, -10 * random.random()))
    story = Story(plot.__name__.strip("_"))
    plot(guest, story)
    return story


def orders_placed(stories: list[Story]) -> set[str]:
    """Order ids of a day."""
    events = (event for story in stories for event in story.events)
    return {event.order_id for event in events if isinstance(event, OrderPlaced)}


def interleaved(stories: list[Story], random: Random) -> list[CommerceEvent]:
    """All events as a topic would carry them: each guest's in its order, guests mixed."""
    queues = [list(reversed(story.events)) for story in stories]
    turns = [queue for queue in queues for _ in queue]
    random.shuffle(turns)
    return [queue.pop() for queue in turns]
