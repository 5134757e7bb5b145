"""Page views, searches, custom events, and what happens to orders later."""

from uuid import uuid5

import pytest

from pipeline.commerce.events import AfterOrder, Money, OrderCancelled, OrderChanged, OrderRefunded
from pipeline.orders.delivery_id import delivery_id
from pipeline.orders.guest import Became
from pipeline.sitecore.owed import OwedBehaviour
from tests.unit.orders.story import (
    POLICY,
    Story,
    added,
    at,
    but,
    first,
    identified,
    line,
    placed,
    raised,
    searched,
    told,
    viewed,
)

_LATER_EVENTS = (
    OrderCancelled(**first(5, "c"), order_id=placed(1).order_id, ordered_at=at(1)),
    OrderRefunded(
        **first(5, "r"),
        order_id=placed(1).order_id,
        ordered_at=at(1),
        amount=Money(placed(1).total.amount, "EUR"),
    ),
    OrderChanged(
        **first(5, "x"),
        order_id=placed(1).order_id,
        ordered_at=at(1),
        status="PURCHASED",
        total=placed(1).total,
        lines=(),
    ),
)


def test_behaviour_is_owed_by_its_type() -> None:
    """VIEW and SEARCH are Sitecore's names; custom events have the shop's, in upper case."""
    story = told(viewed(1), searched(2, "shoes", "APPAREL"), raised(3, "Order_Shipped"))

    owed = [each for each in story.owed if isinstance(each, OwedBehaviour)]

    assert [(each.type, each.product_name, each.product_type) for each in owed] == [
        ("VIEW", None, None),
        ("SEARCH", "shoes", "APPAREL"),
        ("ORDER_SHIPPED", None, None),
    ]


def test_behaviour_keeps_its_extension_data() -> None:
    """It becomes the event's extension data."""
    story = told(but(raised(1, "tried_on"), attributes={"size": 42}))

    assert isinstance(story.owed[0], OwedBehaviour)
    assert story.owed[0].attributes == {"size": 42}


def test_behaviour_passes_a_waiting_order() -> None:
    """It is not part of the order, and after five minutes it would not be sent at all."""
    story = told(placed(1, "1001", line("a")), viewed(2))

    assert story.became == [Became.WAITING, Became.OWED]


def test_behaviour_is_owed_once_an_event_id() -> None:
    """Nothing else tells two page views apart."""
    assert told(viewed(1), viewed(1), viewed(2)).became == [
        Became.OWED,
        Became.REPEAT,
        Became.OWED,
    ]


def test_an_event_id_is_remembered_for_the_horizon() -> None:
    """Through the change of generations too."""
    story = told(viewed(0))
    story.hears(viewed(1), second=POLICY.repeat_horizon_s - 1)
    story.hears(viewed(2), second=POLICY.repeat_horizon_s)

    again = story.hears(viewed(1), second=2 * POLICY.repeat_horizon_s - 2)

    assert again.became is Became.REPEAT


def test_an_event_id_is_forgotten_after_two_horizons() -> None:
    """Memory is bounded by time."""
    story = told(viewed(0))
    story.hears(viewed(1), second=2 * POLICY.repeat_horizon_s)

    assert story.hears(viewed(0), second=2 * POLICY.repeat_horizon_s).became is Became.OWED


@pytest.mark.parametrize(
    ("event", "rule"),
    list(zip(_LATER_EVENTS, ("order_cancelled", "order_refunded", "order_changed"), strict=True)),
)
def test_what_happens_to_an_order_later_is_set_aside(event: AfterOrder, rule: str) -> None:
    """The Stream API can create orders and cannot change them; a person must know where."""
    story = told(identified(0), placed(1, "1001", line("a")), event)

    (aside,) = story.set_aside

    assert aside.refusal.rule == rule
    assert "REST or Batch API" in aside.refusal.found
    assert aside.record is not None
    assert story.became[-1] is Became.SET_ASIDE


def test_numbers_of_what_is_owed_rise_by_one() -> None:
    """Deliver finds a gap, or an overtaking, by them. They begin at the guest's creation."""
    story = told(
        viewed(1), added(2, "a"), placed(3, "1001", line("a")), viewed(4), identified(5), viewed(6)
    )

    assert [owed.sequence for owed in story.owed] == list(range(at(1), at(1) + 6))


def test_a_delivery_id_is_made_of_application_cause_and_number() -> None:
    """Stable over restarts, and computable by anyone who knows the application's id."""
    story = told(placed(1, "1001", line("a")), identified(2))
    event_id = identified(2).event_id

    assert [owed.delivery_id for owed in story.owed] == [
        str(uuid5(POLICY.application, f"{event_id}:{at(1) + number}")) for number in range(2)
    ]


def test_delivery_ids_are_uuids_of_version_five() -> None:
    """The faster way of making them must not make others."""
    for number in range(300):
        expected = str(uuid5(POLICY.application, f"çause:{number}"))
        assert delivery_id(POLICY.application, "çause", number) == expected


def test_a_replayed_order_does_not_take_the_name_of_what_its_refusal_owed() -> None:
    """Letters of one delivery id are one letter, so two things must not share it."""
    order = placed(2, "1001", line("a"))
    story = told(added(1, "a"), but(order, status="COMPLETED"), identified(3))
    story.hears(added(9, "b"), order, second=10)

    delivery_ids = [owed.delivery_id for owed in story.owed]

    assert len(set(delivery_ids)) == len(delivery_ids) == 6


def test_a_refused_event_of_an_unknown_guest_leaves_no_guest() -> None:
    """A flood of events from a shop that is not configured must not fill the state."""
    story = Story()
    step = story.hears(but(viewed(1), point_of_sale="atlantis"))

    assert (step.guest, step.became, step.wake_at) == (None, Became.SET_ASIDE, None)
