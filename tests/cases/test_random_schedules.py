"""Random days against the sandbox, which knows what Sitecore would not show."""

from collections import Counter
from dataclasses import dataclass, replace
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.commerce.events import (
    BrowserId,
    CommerceEvent,
    Line,
    LineAdded,
    LineChanged,
    Money,
    OrderPlaced,
)
from pipeline.record import Instant, in_utc, later
from pipeline.sandbox.faults import Faults
from pipeline.sandbox.orders import Order
from pipeline.sandbox.settings import SandboxSettings, Shop
from tests.cases.installation import KEY, Installation
from tests.cases.sandboxed import Sandboxed
from tests.cases.shop import APP, WEB
from tests.unit.orders.shop import PRICES, Day, days
from tests.unit.orders.story import START, identified

POINTS = {"shop": "automatic", "classic": "multiple", "kiosk": "single"}
TIMEOUT_S = 1200.0
LATE_S = 50.0
"""Less than any wait of an order."""

_places = st.sampled_from(
    [*[(WEB, "WEB")] * 4, (APP, "MOBILE_APP"), (WEB, "MOBILE_WEB"), (None, "WEB")]
)
_gaps = st.sampled_from([0.0] * 6 + [5.0, 60.0, 1100.0, 1171.0, 1500.0])
_delays = st.sampled_from([0.0] * 6 + [1.0, 20.0, LATE_S])

CALM = st.just(Faults())
ANSWERED = st.builds(
    Faults,
    fail_before=st.sampled_from([0.0, 0.2]),
    limit_per_s=st.sampled_from([None, 1.0, 3.0]),
    retry_after_s=st.sampled_from([1, 40, 700]),
)
LOST = st.builds(
    Faults,
    fail_after=st.sampled_from([0.0, 0.1]),
    cut=st.sampled_from([0.1, 0.2]),
    hang=st.sampled_from([0.0, 0.1]),
    retry_after_s=st.just(1),
)
REFUSED_ITEM = "coat"
REFUSING = st.just(Faults(refuse_item_types=("FORBIDDEN",)))


@dataclass(frozen=True)
class Schedule:
    """A guest's day at one point of sale: what happened, and when each fact is read."""

    day: Day
    arrivals: tuple[tuple[Instant, CommerceEvent], ...]


@st.composite
def schedules(draw: st.DrawFn, points: tuple[str, ...] = tuple(POINTS)) -> Schedule:
    """A day on several devices, with silences, late facts and facts that are read twice."""
    point, drawn = draw(st.sampled_from(points)), draw(days())
    seconds = _stretched(draw)
    happened = {
        event.event_id: _placed_at(draw, event, point, seconds)
        for event in (identified(-1, browser=WEB), *drawn.events)
    }
    day = Day(
        tuple(happened[event.event_id] for event in drawn.changes),  # type: ignore[misc]
        tuple(happened[event.event_id] for event in drawn.orders),  # type: ignore[misc]
        (),
        (),
    )
    repeated = draw(st.lists(st.sampled_from(list(happened.values())), max_size=3))
    arrivals = [
        (later(event.occurred_at, draw(_delays)), event)
        for event in (*happened.values(), *repeated)
    ]
    return Schedule(day, tuple(sorted(arrivals, key=lambda one: one[0])))


def _with_refused_item(event: CommerceEvent) -> CommerceEvent:
    """The same, with the coat of a type that the tenant does not take."""

    def typed(line: Line) -> Line:
        return replace(line, type="FORBIDDEN") if line.item_id == REFUSED_ITEM else line

    match event:
        case LineAdded() | LineChanged():
            return replace(event, line=typed(event.line))
        case OrderPlaced():
            return replace(event, lines=tuple(map(typed, event.lines)))
    return event


def _stretched(draw: st.DrawFn) -> list[float]:
    """When the seconds of a day are, with silences between them."""
    seconds, at = [], 0.0
    for _ in range(32):
        at += 1 + draw(_gaps)
        seconds.append(at)
    return seconds


def _placed_at(
    draw: st.DrawFn, event: CommerceEvent, point: str, seconds: list[float]
) -> CommerceEvent:
    """An event on one of the guest's devices, at its stretched time."""
    browser, channel = draw(_places)
    number = (event.occurred_at - START) // 1000
    at = later(START, seconds[number] if number >= 0 else 0)
    moved = replace(
        event,
        occurred_at=at,
        browser_id=None if browser is None else BrowserId(browser),
        channel=channel,
        point_of_sale=point,
    )
    if not isinstance(moved, OrderPlaced):
        return moved
    total = moved.total
    # A shipping cost that is no line; the cart form cannot say it, where no other is possible.
    is_sayable = point != "classic" and moved.payment is not None
    if moved.lines and is_sayable and draw(st.booleans()):
        total = Money(total.amount + Decimal("4.95"), total.currency)
    return replace(moved, ordered_at=at, total=total)


def played(schedule: Schedule, faults: Faults) -> tuple[Installation, Sandboxed]:
    """Play a schedule to its end, against a sandbox with these faults."""
    tenant = SandboxSettings(
        client_key=KEY,
        shops={name: Shop(TIMEOUT_S) for name in POINTS},
        browser_ids=(WEB, APP),
    )
    points = [{"name": name, "protocol": protocol} for name, protocol in POINTS.items()]
    installation = Installation(*points)
    installation.now = START
    installation.answer = sitecore = Sandboxed(tenant, lambda: installation.now, faults)
    for at, event in schedule.arrivals:
        installation.hears(event, at=at)
    installation.rests(86_400)
    return installation, sitecore


def is_as_placed(order: Order, placed: OrderPlaced, day: Day) -> bool:
    """Whether an order that Sitecore shows is the one that was placed."""
    lines = {str(item.item_id or item.reference_id): item.quantity for item in order.items}
    prices = {str(item.item_id or item.reference_id): item.price for item in order.items}
    bought = {line.item_id: line.quantity for line in placed.lines} or day.cart_at(placed)
    if order.form == "single":
        on_time = order.ordered_at == in_utc(placed.ordered_at)
    else:  # Sitecore takes its arrival for its time
        no_other = placed.point_of_sale == "classic" or placed.payment is None
        age_ms = order.arrived_at - placed.ordered_at
        on_time = age_ms >= 0 and (no_other or age_ms < TIMEOUT_S * 1000)
    return (
        lines == bought
        and prices == {item: PRICES[item] for item in bought}
        and (order.total, order.currency) == (placed.total.amount, placed.total.currency)
        and on_time
    )


def check_shown(schedule: Schedule, installation: Installation, sitecore: Sandboxed) -> None:
    """Check that each order is shown once, as it was placed, or set aside."""
    shown = sitecore.sandbox.tenant.orders
    counts = Counter(order.reference_id for order in shown)
    aside = Counter(set(installation.orders_set_aside))
    assert counts + aside == Counter(order.order_id for order in schedule.day.orders)
    placed = {str(order.order_id): order for order in schedule.day.orders}
    wrong = [
        order
        for order in shown
        if not is_as_placed(order, placed[order.reference_id], schedule.day)
    ]
    assert wrong == []
    assert sitecore.sandbox.log.reasons == {}


@given(schedules(), CALM | ANSWERED)
@settings(max_examples=60, deadline=None)
def test_every_order_is_shown_once_and_as_it_was_placed(schedule: Schedule, faults: Faults) -> None:
    """Or it is set aside by name; and nothing that Sitecore took is hidden by it."""
    check_shown(schedule, *played(schedule, faults))


@given(schedules(("shop", "classic")), REFUSING)
@settings(max_examples=60, deadline=None)
def test_what_sitecore_refuses_takes_its_own_order_with_it_and_no_other(
    schedule: Schedule, faults: Faults
) -> None:
    """No order is shown without the line that was refused, or with what was left of its cart."""
    arrivals = tuple((at, _with_refused_item(event)) for at, event in schedule.arrivals)
    installation, sitecore = played(replace(schedule, arrivals=arrivals), faults)

    check_shown(schedule, installation, sitecore)
    bought = {
        order.order_id: {line.item_id for line in order.lines} or schedule.day.cart_at(order)
        for order in schedule.day.orders
    }
    refused = {order_id for order_id, items in bought.items() if REFUSED_ITEM in items}
    empty = {order_id for order_id, items in bought.items() if not items}
    assert refused <= set(installation.orders_set_aside) <= refused | empty


@given(schedules(("shop", "classic")), CALM | ANSWERED)
@settings(max_examples=60, deadline=None)
def test_an_order_with_lines_is_never_set_aside(schedule: Schedule, faults: Faults) -> None:
    """Whatever device, channel or silence: some form carries it."""
    installation, _ = played(schedule, faults)

    empty = {o.order_id for o in schedule.day.orders if not (o.lines or schedule.day.cart_at(o))}
    assert set(installation.orders_set_aside) <= empty


@given(schedules(), LOST)
@settings(max_examples=60, deadline=None)
def test_what_is_shown_twice_was_marked(schedule: Schedule, faults: Faults) -> None:
    """Where answers are lost an order may be there twice, and its repeat says so of itself."""
    installation, sitecore = played(schedule, faults)

    aside = set(installation.orders_set_aside)
    by_order: dict[str, list[bool]] = {order.order_id: [] for order in schedule.day.orders}
    for request in sitecore.sandbox.log.newest:
        if request.taken and request.reference is not None and request.unseen is None:
            by_order[request.reference].append(request.possible_repeat)
    for order_id, marks in by_order.items():
        assert marks or order_id in aside
        assert all(marks[1:])


@given(schedules(), CALM)
@settings(max_examples=40, deadline=None)
def test_a_topic_that_is_published_again_doubles_nothing(
    schedule: Schedule, faults: Faults
) -> None:
    """Days later, from its start: no order and no payment leaves twice, and nothing old at all."""
    installation, sitecore = played(schedule, faults)
    orders, sent = len(sitecore.sandbox.tenant.orders), len(installation.sent)

    installation.rests(2 * 86_400)
    for _, event in schedule.arrivals:
        installation.hears(event, at=installation.now)
    installation.rests(86_400)

    assert len(sitecore.sandbox.tenant.orders) == orders
    assert set(installation.types[sent:]) <= {"IDENTITY", "CLEAR_CART"}
