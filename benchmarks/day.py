"""Commerce events for benchmarks: many guests in turn, with carts and now and then an order."""

from collections.abc import Iterator
from dataclasses import replace
from random import Random

from pipeline.commerce.encode import encode
from pipeline.commerce.events import Attributes, CommerceEvent, OrderId, Payment
from pipeline.demo.guest import DemoGuest
from pipeline.record import Instant

_PAGE = "/products/running/shoes-8475?colour=blue&size=42&from=newsletter"
_ATTRIBUTES: Attributes = {"campaign": "spring-sale", "loggedIn": True}


def events(
    count: int, *, guests: int, shop: str, start_at: Instant
) -> Iterator[tuple[bytes, bytes]]:
    """Write keys and values of that many events, guests at random.

    Each guest identifies itself first. Of what follows about 55 % are lines added, 25 % changed,
    10 % removed, and 10 % orders with their lines.
    """
    random = Random(7)
    known: dict[int, DemoGuest] = {}
    for number in range(count):
        chosen = random.randrange(guests)
        guest = known.get(chosen)
        if guest is None:
            guest = known[chosen] = DemoGuest(chosen, shop, random, start_at)
            event: CommerceEvent = guest.identify()
        else:
            event = _next(guest, number)
        event = replace(event, page=_PAGE, attributes=_ATTRIBUTES)
        yield guest.guest_id.encode(), encode(event)


def _next(guest: DemoGuest, number: int) -> CommerceEvent:
    dice = guest.random.random()
    if not guest.cart or (dice < 0.55 and len(guest.cart) < 8):
        return guest.add()
    if dice < 0.80:
        return guest.change()
    if dice < 0.90:
        return guest.remove()
    return guest.place(Payment("Card", "Visa"), order_id=OrderId(f"ORDER-{number:08}"))
