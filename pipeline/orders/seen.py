"""Ids of events that leave no other trace, so that a repeat is known.

Carts, orders and payments know their repeats by what they are. Page views and
the like are told apart by their event id alone.
"""

from hashlib import blake2b

from pipeline.commerce.events import EventId
from pipeline.orders.bounds import EVENT_IDS_MAX
from pipeline.orders.guest import SeenEvents
from pipeline.record import Instant, seconds_between

_BYTES = 16


def has_seen(seen: SeenEvents, event_id: EventId) -> bool:
    """Whether an event of this id was remembered."""
    key = _key(event_id)
    return _holds(seen.current, key) or _holds(seen.previous, key)


def has_room(seen: SeenEvents, now: Instant, horizon_s: float) -> bool:
    """Whether one more id can be remembered."""
    return len(seen.current) < EVENT_IDS_MAX * _BYTES or _is_over(seen, now, horizon_s)


def with_seen(seen: SeenEvents, event_id: EventId, now: Instant, horizon_s: float) -> SeenEvents:
    """Remember an id for at least the horizon, and less than two."""
    key = _key(event_id)
    if not _is_over(seen, now, horizon_s):
        return SeenEvents(seen.current + key, seen.previous, seen.turned_at)
    if seconds_between(seen.turned_at, now) >= 2 * horizon_s:
        return SeenEvents(key, b"", now)
    return SeenEvents(key, seen.current, now)


def _is_over(seen: SeenEvents, now: Instant, horizon_s: float) -> bool:
    return seconds_between(seen.turned_at, now) >= horizon_s


def _holds(ids: bytes, key: bytes) -> bool:
    index = ids.find(key)
    while index % _BYTES and index >= 0:  # found across the border of two ids
        index = ids.find(key, index + 1)
    return index >= 0


def _key(event_id: EventId) -> bytes:
    try:
        key = bytes.fromhex(event_id.replace("-", ""))
    except ValueError:
        key = b""
    if len(key) == _BYTES:
        return key
    return blake2b(event_id.encode("utf-8", "surrogatepass"), digest_size=_BYTES).digest()
