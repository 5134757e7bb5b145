"""What happened to a cart, as bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.assemble import fact_codec
from pipeline.commerce.events import EventId, ItemId
from pipeline.errors import StateError
from pipeline.orders.cart import log_of
from pipeline.orders.guest import Fact, FactLog
from pipeline.record import Instant
from pipeline.sitecore.owed import WrittenLine

facts = st.lists(
    st.builds(
        Fact,
        at=st.integers(0, 2**60).map(Instant),
        rank=st.integers(0, 1),
        event_id=st.text(max_size=40).map(EventId),
        item_id=st.none() | st.text(max_size=300).map(ItemId),
        line=st.none() | st.binary(max_size=300).map(WrittenLine),
        size=st.integers(0, 2**20),
    ),
    max_size=300,
)


@given(facts)
def test_a_log_holds_its_facts(said: list[Fact]) -> None:
    """However many they are: the head that an array has lies outside of the bytes."""
    assert fact_codec.read(log_of(said, fact_codec)) == tuple(said)


def test_a_log_of_which_a_part_is_missing_is_refused() -> None:
    """A cart must not lose what happened to it, and go on."""
    fact = Fact(Instant(1), 0, EventId("e"), ItemId("i"), WrittenLine(b"line"), 9)
    log = log_of((fact, fact), fact_codec)

    with pytest.raises(StateError, match="a cart that was remembered cannot be read"):
        fact_codec.read(log._replace(written=log.written[:-3]))
    with pytest.raises(StateError):
        fact_codec.read(log._replace(facts=1))


def test_nothing_is_a_log_without_facts() -> None:
    """That of a new guest."""
    assert fact_codec.read(FactLog()) == ()
