"""Commerce events for benchmarks: many guests in turn, with carts and now and then an order."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random

from pipeline.commerce.encode import encode
from pipeline.commerce.events import Attributes, CommerceEvent, OrderId, Payment
from pipeline.demo.guest import DemoGuest
from pipeline.record import Instant

_PAGE = "/products/running/shoes-8475?colour=blue&size=42&from=newsletter"
_ATTRIBUTES: Attributes = {"campaign": "spring-sale", "loggedIn": True}


@dataclass(frozen=True, slots=True)
class Crowd:
    """Guests who have said who they are, and who of them says something next."""

    guests: int
    active: int
    """Of these, at random."""


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
        yield _written(event)


def identities(
    crowd: Crowd, *, shop: str, start_at: Instant, note: str = ""
) -> Iterator[tuple[bytes, bytes]]:
    """Write who each guest is; *note* makes what is remembered of each so much longer."""
    random = Random(5)
    for number in range(crowd.guests):
        event = DemoGuest(number, shop, random, start_at).identify()
        street = (note,) if note else ()
        yield _written(replace(event, contact=event.contact._replace(street=street)))


def more_events(
    count: int, *, crowd: Crowd, shop: str, start_at: Instant
) -> Iterator[tuple[bytes, bytes]]:
    """Write that many events of guests who are known, mixed as by `events`."""
    random = Random(7)
    known: dict[int, DemoGuest] = {}
    spread = crowd.guests // crowd.active
    for number in range(count):
        chosen = random.randrange(crowd.active) * spread
        guest = known.get(chosen)
        if guest is None:
            guest = known[chosen] = DemoGuest(chosen, shop, random, start_at)
        yield _written(_next(guest, number))


def _written(event: CommerceEvent) -> tuple[bytes, bytes]:
    full = replace(event, page=_PAGE, attributes=_ATTRIBUTES)
    return full.guest_id.encode(), encode(full)


def _next(guest: DemoGuest, number: int) -> CommerceEvent:
    dice = guest.random.random()
    if not guest.cart or (dice < 0.55 and len(guest.cart) < 8):
        return guest.add()
    if dice < 0.80:
        return guest.change()
    if dice < 0.90:
        return guest.remove()
    return guest.place(Payment("Card", "Visa"), order_id=OrderId(f"ORDER-{number:08}"))
