"""Event ids, sixteen bytes each."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from pipeline.commerce.events import EventId
from pipeline.orders.guest import SeenEvents
from pipeline.orders.seen import has_seen, with_seen
from pipeline.record import Instant

_NOW = Instant(0)


def _id(data: bytes) -> EventId:
    return EventId(str(UUID(bytes=data)))


def _remembered(*event_ids: EventId) -> SeenEvents:
    seen = SeenEvents()
    for event_id in event_ids:
        seen = with_seen(seen, event_id, _NOW, 10.0)
    return seen


def test_bytes_of_two_ids_do_not_make_a_third() -> None:
    """A page view must not be lost because its id lies across the border of two others."""
    first, second = bytes(range(16)), bytes(range(16, 32))
    across = _id(first[8:] + second[:8])

    seen = _remembered(_id(first), _id(second))

    assert not has_seen(seen, across)
    assert has_seen(with_seen(seen, across, _NOW, 10.0), across)


@given(st.lists(st.text(max_size=40), max_size=20), st.text(max_size=40))
def test_any_text_can_be_an_id(texts: list[str], other: str) -> None:
    """Ids that are no UUIDs are told apart all the same."""
    seen = _remembered(*map(EventId, texts))

    assert all(has_seen(seen, EventId(text)) for text in texts)
    assert has_seen(seen, EventId(other)) == (other in texts)


def test_an_id_costs_sixteen_bytes() -> None:
    """Of a day's clicking nothing else is left."""
    assert len(_remembered(_id(bytes(16)), _id(bytes(range(16)))).current) == 32
