"""A guest as bytes: nothing is lost, and what an older program wrote stays readable."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.assemble import fact_codec, state
from pipeline.commerce.events import ItemId, OrderId
from pipeline.errors import StateError
from pipeline.orders import bounds
from pipeline.orders.cart import log_of
from pipeline.orders.guest import Cart, Fact, Guest, KnownOrder, SeenEvents, WaitingOrder
from pipeline.record import Instant, Position, Record
from pipeline.sitecore import line_codec
from tests.unit.orders.shop import Day, arrivals, days
from tests.unit.orders.story import (
    GUEST,
    START,
    Story,
    added,
    at,
    but,
    changed,
    identified,
    line,
    paid,
    placed,
    told,
    viewed,
)

GOLDEN = Path(__file__).parents[2] / "golden" / "state" / str(state.VERSION)


def full_guest() -> Guest:
    """A guest of whom everything that can be remembered is."""
    gift = but(added(2, "gift"), attributes={"wrapped": True, "weight": 1.5, "pieces": 3})
    story = told(
        added(1, "shoes", 2),
        gift,
        but(added(3, "mug"), line=line("mug", 1, "-4.500000")),
        changed(4, "shoes", 1),
        identified(5, browser="b1"),
        placed(6, "1001", line("shoes")),
        placed(7, "1002", total="10.00", payment=None),
        paid(8, "9999"),
        added(9, "coat"),
        viewed(10),
    )
    assert story.guest is not None
    return story.guest


def test_every_part_of_a_guest_survives() -> None:
    """The record of a waiting order too, with its headers: it is what a letter will hold."""
    guest = full_guest()

    again = state.decode(state.encode(guest, at(67)))

    assert again == guest
    assert again.waiting[0].record.headers == (("source", b"till"), ("empty", None))
    assert isinstance(again.waiting[0].record.value, bytes)
    assert fact_codec.read(again.cart.log)[1].line == fact_codec.read(guest.cart.log)[1].line


@given(st.data(), days(known=False))
def test_any_guest_survives(data: st.DataObject, day: Day) -> None:
    """Between any two events a guest is bytes."""
    story = Story()
    for event in data.draw(arrivals(day)):
        story.hears(event)
        assert story.guest is not None
        assert state.decode(state.encode(story.guest, story.wake_at)) == story.guest


@pytest.mark.parametrize("wake_at", [None, Instant(0), START, Instant(-5), Instant(2**62)])
def test_the_next_timer_is_read_without_the_guest(wake_at: Instant | None) -> None:
    """Restore rebuilds the timers of a million guests without decoding one."""
    value = state.encode(Guest.new(GUEST, START), wake_at)

    assert state.wake_at(value[:10]) == wake_at


def test_a_newer_version_is_refused_by_name() -> None:
    """A program that has been rolled back must stop, not misread."""
    value = bytearray(state.encode(full_guest(), None))
    value[1] += 1

    for read in (state.decode, state.wake_at):
        with pytest.raises(StateError, match="version 2, this program reads up to 1"):
            read(bytes(value))


@pytest.mark.parametrize("value", [b"", b"\xa5", b"\xc3\x01" + b"\0" * 30, b"{}" * 20])
def test_what_is_no_guest_is_refused(value: bytes) -> None:
    """Another topic's records must not become guests."""
    for read in (state.decode, state.wake_at):
        with pytest.raises(StateError, match="not a guest's state"):
            read(value)


@given(st.integers(10, 300))
def test_a_guest_that_was_cut_short_is_refused(length: int) -> None:
    """Half a guest is no guest."""
    value = state.encode(full_guest(), None)[:length]

    with pytest.raises(StateError, match="cannot be read"):
        state.decode(value)


@pytest.mark.parametrize(
    ("name", "guest"),
    [
        ("full", full_guest()),
        ("new", Guest.new(GUEST, START)),
        ("erased", Guest(GUEST, 7, START, erased=True)),
    ],
)
def test_a_released_state_stays_readable(name: str, guest: Guest) -> None:
    """The files were written by the first program of this version, and are never rewritten."""
    path = GOLDEN / f"{name}.bin"
    if os.environ.get("UPDATE_GOLDEN") == "1" and not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(state.encode(guest, at(60)))

    value = path.read_bytes()

    assert state.decode(value) == guest
    assert state.wake_at(value) == at(60)


def test_the_state_of_an_ordinary_guest_is_small() -> None:
    """It is written once a batch for every guest that was touched."""
    story = told(identified(0), *(added(n, f"item-{n}") for n in range(1, 6)))
    assert story.guest is not None

    assert len(state.encode(story.guest, story.wake_at)) < 2000


def test_a_guest_at_every_bound_fits_into_a_record() -> None:
    """The topic of guest states takes values of four MiB; a larger one would stop the worker."""
    order = placed(1, "1001", *(line(f"item-{n}") for n in range(20)))
    record = Record(Position("shop", 0, 1), at(1), b"ann", b"." * 1300)
    fact = Fact(at(1), 0, order.event_id, ItemId("i"), line_codec.write(line("x" * 150)), 260)
    guest = full_guest()._replace(
        cart=Cart(log_of((fact,) * (bounds.CART_BYTES_MAX // 260), fact_codec)),
        waiting=(WaitingOrder(order, record, at(1)),) * (bounds.WAITING_BYTES_MAX // 1300),
        orders={
            OrderId(f"{n:0{bounds.ID_CHARACTERS_MAX}}"): KnownOrder(b"." * 16, at(1), paid=True)
            for n in range(bounds.ORDERS_MAX)
        },
        seen=SeenEvents(bytes(16 * bounds.EVENT_IDS_MAX), bytes(16 * bounds.EVENT_IDS_MAX)),
    )

    assert len(state.encode(guest, None)) + 2 * bounds.IDENTITY_BYTES_MAX < 4 * 1024 * 1024
