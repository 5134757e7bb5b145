"""What must hold for every guest, whatever is said of it and in whatever order."""

from collections import Counter
from dataclasses import replace
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.assemble import fact_codec, state
from pipeline.commerce.events import CommerceEvent, OrderPlaced
from pipeline.orders.advance import advance, wake
from pipeline.orders.cart import lines_at
from pipeline.orders.guest import Became, Guest, Step
from pipeline.orders.policy import OrderPolicy
from pipeline.record import Instant, Position, Record, later
from pipeline.sitecore import line_codec
from pipeline.sitecore.codec import as_read
from pipeline.sitecore.owed import Owed, OwedOrder
from pipeline.sitecore.point_of_sale import PointOfSale, Protocol
from tests import strategies as world
from tests.unit.orders.shop import (
    Day,
    arrivals,
    bought,
    days,
    heard,
    told_to_sitecore,
)
from tests.unit.orders.story import GUEST, in_cart

ANY_POLICY = OrderPolicy(
    points_of_sale={
        "shop": PointOfSale("shop", personal_fields=False),
        "shop/ireland": PointOfSale("shop/ireland", protocol=Protocol.MULTIPLE),
    },
    application=UUID(int=3),
    line_codec=line_codec,
    fact_codec=fact_codec,
    identity_wait_s=300,
    payment_wait_s=200,
    lines_wait_s=100,
    order_wait_s=400,
    cart_horizon_s=50,
    repeat_horizon_s=1000,
    guest_idle_days=0.1,
)


@given(st.data(), days())
def test_arrival_order_and_repetition_do_not_matter(data: st.DataObject, day: Day) -> None:
    """However the facts of a day arrive, the same orders are owed, and the same cart is left."""
    story = heard(data.draw(arrivals(day)))

    assert bought(story) == day.bought()
    assert told_to_sitecore(story) == day.cart_at(None)
    assert story.rules == []


@given(st.data(), days(known=False))
def test_every_order_of_a_stranger_is_set_aside_once(data: st.DataObject, day: Day) -> None:
    """And its payment with it; the cart that is left is the same as if they had been owed."""
    story = heard(data.draw(arrivals(day)))

    expected = Counter(
        identity_missing=len(day.orders),
        order_unknown=len(day.payments),
    )
    assert Counter(story.rules) == +expected
    assert story.orders == []
    assert told_to_sitecore(story) == day.cart_at(None)


@given(st.data(), days())
def test_the_cart_in_state_is_the_cart_that_was_told(data: st.DataObject, day: Day) -> None:
    """Once nothing waits any more, Sitecore has been told what is remembered."""
    story = heard(data.draw(arrivals(day)))

    assert story.guest is not None
    lines = map(line_codec.read, lines_at(story.guest.cart.log, fact_codec).values())
    assert told_to_sitecore(story) == dict(in_cart(lines))


@given(st.data(), days())
def test_every_order_ends_once(data: st.DataObject, day: Day) -> None:
    """Each is owed or set aside, and every other record of it is a repeat."""
    events = data.draw(arrivals(day))
    story = heard(events)

    became = Counter(
        step.became
        for step, event in zip(story.steps, events, strict=False)
        if isinstance(event, OrderPlaced)
    )
    repeats = became.pop(Became.REPEAT, 0)
    assert became.total() == len(day.orders)
    assert repeats == sum(isinstance(event, OrderPlaced) for event in events) - len(day.orders)
    assert len(story.orders) == len(day.orders)


_Moment = tuple[CommerceEvent, int] | int
"""An event and its record's timestamp, or only the passing of time: seconds after the start."""

_moments: st.SearchStrategy[list[_Moment]] = st.lists(
    st.one_of(
        st.tuples(
            world.commerce_events.map(lambda event: replace(event, guest_id=GUEST)),
            st.integers(-3600, 3600),
        ),
        st.integers(0, 20_000),
    ),
    max_size=12,
)


def _steps(moments: list[_Moment], *, restarts: bool = False) -> list[tuple[Step, Record | None]]:
    guest: Guest | None = None
    wake_at: Instant | None = None
    steps: list[tuple[Step, Record | None]] = []
    for offset, moment in enumerate(moments):
        if restarts and guest is not None:
            guest = state.decode(state.encode(guest, wake_at))
        if not isinstance(moment, int):
            event, second = moment
            record = Record(
                Position("t", 0, offset), later(world.NOW, second), b"k", b"v", (("h", None),)
            )
            steps.append((advance(guest, event, record, ANY_POLICY), record))
        elif guest is not None and wake_at is not None and wake_at <= later(world.NOW, moment):
            steps.append((wake(guest, wake_at, (Position("t", 0, offset),), ANY_POLICY), None))
        else:
            continue
        guest, _, _, _, wake_at = steps[-1][0]
    return steps


@settings(max_examples=150)
@given(_moments)
def test_a_restart_after_every_event_changes_nothing(moments: list[_Moment]) -> None:
    """State is bytes between any two events: whatever they do not hold would be lost."""
    assert _steps(moments, restarts=True) == _steps(moments)


@settings(max_examples=150)
@given(_moments)
def test_nothing_is_silent(moments: list[_Moment]) -> None:
    """Every event is owed, noted, waiting, a repeat, late or set aside, and truly so."""
    for step, record in _steps(moments):
        if record is None:
            continue
        match step.became:
            case Became.OWED:
                assert step.owed
            case Became.NOTED:
                assert step.owed == ()
                assert step.guest is not None
            case Became.WAITING:
                assert step.guest is not None
                assert record in (
                    *(order.record for order in step.guest.waiting),
                    *(payment.record for payment in step.guest.payments),
                )
            case Became.SET_ASIDE:
                assert record.position in [aside.position for aside in step.set_aside]
            case Became.REPEAT | Became.LATE:
                assert (step.owed, step.set_aside) == ((), ())


@settings(max_examples=150)
@given(_moments)
def test_what_waits_is_owed_or_set_aside_or_still_waits(moments: list[_Moment]) -> None:
    """A record in state is never dropped, unless a later version of its order replaced it."""
    before: set[Position] = set()
    for step, _ in _steps(moments):
        guest = step.guest
        now = {each.record.position for each in guest.waiting} if guest else set()
        gone = len(before - now)
        ended = sum(isinstance(owed, OwedOrder) for owed in step.owed) + len(step.set_aside)
        replaced = step.became is Became.WAITING
        assert gone <= ended + replaced
        before = now


@settings(max_examples=150)
@given(_moments)
def test_numbers_rise_and_no_order_is_owed_twice(moments: list[_Moment]) -> None:
    """While a guest is remembered; after that its orders are too old to be taken."""
    lives: list[list[Owed]] = [[]]
    for step, _ in _steps(moments):
        lives[-1].extend(map(as_read, step.owed))
        if step.guest is None:
            lives.append([])
    for life in lives:
        numbers = [owed.sequence for owed in life]
        orders = [owed.order_id for owed in life if isinstance(owed, OwedOrder)]
        names = [owed.delivery_id for owed in life]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers))) if numbers else True
        assert len(set(orders)) == len(orders)
        assert len(set(names)) == len(names)


@given(_moments)
def test_the_same_events_come_to_the_same(moments: list[_Moment]) -> None:
    """Nothing but its arguments decides: no clock, no chance, no memory."""
    assert _steps(moments) == _steps(moments)


_hostile_text = st.text(max_size=300) | st.sampled_from(["", "\ud800", "\x00", "İ" * 100])
_hostile_numbers = st.integers(-(2**63), 2**63 - 1)
_hostile = st.one_of(
    st.tuples(st.sampled_from(["event_id", "channel", "point_of_sale", "currency"]), _hostile_text),
    st.tuples(st.sampled_from(["order_id", "status", "name", "item_id"]), _hostile_text),
    st.tuples(st.sampled_from(["occurred_at", "ordered_at"]), _hostile_numbers),
    st.tuples(
        st.just("attributes"),
        st.dictionaries(_hostile_text, st.floats() | _hostile_numbers | _hostile_text),
    ),
    st.tuples(
        st.just("total"),
        world.money.flatmap(lambda money: st.builds(replace, st.just(money), amount=st.decimals())),
    ),
)


@settings(max_examples=150)
@given(
    st.lists(st.tuples(world.commerce_events, _hostile, _hostile_numbers), max_size=6),
)
def test_no_event_is_too_strange(
    said: list[tuple[CommerceEvent, tuple[str, object], int]],
) -> None:
    """The core is total: whatever stands in an event, there is a step, and a next one."""
    guest: Guest | None = None
    for offset, (event, (field, value), timestamp) in enumerate(said):
        changes = {field: value} if hasattr(event, field) else {}
        strange = replace(event, guest_id=GUEST, **changes)  # type: ignore[arg-type]
        record = Record(Position("t", 0, offset), Instant(timestamp), b"k", None)
        step = advance(guest, strange, record, ANY_POLICY)
        if step.wake_at is not None and step.guest is not None:
            woken = wake(step.guest, step.wake_at, (), ANY_POLICY)
            assert woken.wake_at is None or woken.wake_at > step.wake_at
        guest = step.guest
