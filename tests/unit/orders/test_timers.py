"""Timers: deadlines, several at once, and those whose reason has gone."""

from dataclasses import replace

import pytest

from pipeline.commerce.events import CommerceEvent
from pipeline.orders.advance import wake
from pipeline.orders.deadlines import Timer, lacks
from pipeline.orders.guest import Became, Guest
from pipeline.record import DAY_S, Position, later
from tests.unit.orders.story import (
    CARD,
    GUEST,
    POLICY,
    START,
    Story,
    added,
    at,
    identified,
    line,
    names,
    paid,
    placed,
    told,
    viewed,
)

UNPAID = placed(1, "1001", line("shoes"), payment=None)


def test_a_wake_whose_reason_has_gone_changes_nothing() -> None:
    """The payment came just before the timer fired."""
    story = told(identified(0), UNPAID, paid(2))
    assert story.guest is not None

    step = wake(story.guest, at(61), (), POLICY)

    assert step.guest is story.guest
    assert step == (story.guest, Became.NOTED, (), (), story.wake_at)


def test_a_record_after_a_deadline_does_not_end_the_wait() -> None:
    """Only the timer does: a payment in time may still lie unread behind that record."""
    story = told(identified(0), UNPAID, viewed(500), paid(2))

    assert [order.payment for order in story.orders] == [paid(2).payment]


def test_a_wake_ends_only_what_is_due_at_its_deadline() -> None:
    """The time is the deadline that came due, so a late wake decides as a punctual one."""
    story = told(identified(0), UNPAID, placed(30, "1002", line("coat"), payment=None))

    story.waits_until(61)

    assert [order.order_id for order in story.orders] == ["1001"]
    assert story.wake_at == at(30 + POLICY.payment_wait_s)


def test_everything_due_at_one_instant_ends_in_one_wake() -> None:
    """Two orders and a payment, one millisecond."""
    policy = replace(POLICY, order_wait_s=POLICY.payment_wait_s)
    story = Story(policy)
    story.hears(
        identified(0),
        placed(1, "1001", line("a"), payment=None),
        placed(1, "1002", line("b"), payment=None),
        paid(1, "9999"),
        second=1,
    )

    story.waits_until(61)

    assert [order.order_id for order in story.orders] == ["1001", "1002"]
    assert story.rules == ["order_unknown"]
    assert len(story.steps) == 5


def test_each_wait_that_ends_is_named_by_its_own_timer() -> None:
    """A letter says which wait was too short."""
    story = told(placed(1, "1001", line("a")), paid(1, "9999")).waits_until(1000)

    assert [(aside.refusal.rule, aside.cause.timer) for aside in story.set_aside] == [
        ("identity_missing", "identity_wait"),
        ("order_unknown", "order_wait"),
    ]


def test_what_a_timer_does_carries_the_positions_at_which_it_fired() -> None:
    """An independent check fires it there, and gets the same."""
    story = told(identified(0), UNPAID)
    assert story.guest is not None
    positions = (Position("web", 0, 17), Position("till", 0, 4))

    step = wake(story.guest, at(61), positions, POLICY)

    assert step.owed[0].cause.positions == positions
    assert step.owed[0].cause.event_id is None


def test_deliveries_of_one_timer_at_one_instant_have_names_of_their_own() -> None:
    """Timestamps go backwards: a deadline that has fired can come due for another order."""
    story = told(identified(0), UNPAID).waits_until(61)
    story.hears(placed(2, "1002", line("b"), payment=None), second=1)
    story.waits_until(61)

    first, second = story.orders

    assert first.cause.timestamp == second.cause.timestamp
    assert first.delivery_id != second.delivery_id


def test_timestamps_that_go_backwards_do_not_matter() -> None:
    """Kafka's timestamps are the producers'; they need not rise."""
    story = Story()
    story.hears(added(1, "a"), second=100)
    story.hears(placed(2, "1001", line("a")), second=50)
    story.hears(identified(3), second=-1000)

    assert names(story.owed) == ["OwedCart", "OwedIdentity", "OwedOrder"]
    assert [owed.sequence for owed in story.owed] == [at(100), at(100) + 1, at(100) + 2]


def test_a_guest_without_open_business_is_forgotten_when_idle() -> None:
    """State must not grow by everyone who ever looked in."""
    story = told(viewed(0)).waits_until(POLICY.guest_idle_days * DAY_S + 3600)

    assert (story.guest, story.wake_at) == (None, None)


def test_a_guest_is_kept_for_the_whole_idle_time() -> None:
    """A guest outlives the oldest order that is still taken, or one could be owed twice."""
    story = told(viewed(0), viewed(5000))

    story.waits_until(5000 + POLICY.guest_idle_days * DAY_S - 1)

    assert story.guest is not None


def test_a_guest_with_open_business_is_never_idle() -> None:
    """Its deadlines come first, whatever the settings say."""
    policy = replace(POLICY, identity_wait_s=100 * DAY_S)
    story = Story(policy)
    story.hears(placed(1, "1001", line("a")))

    assert story.wake_at == later(START, 1 + 100 * DAY_S)


def test_a_repeat_does_not_keep_a_guest() -> None:
    """It leaves no trace, so the worker writes nothing for it."""
    story = told(viewed(0))
    before = story.wake_at

    story.hears(viewed(0), second=10 * DAY_S)

    assert story.wake_at == before


def test_an_idle_timer_does_not_move_with_every_event() -> None:
    """It is rounded up to the hour: else each event would move a timer in the heap."""
    story = told(viewed(1), viewed(2), viewed(3))

    assert len({step.wake_at for step in story.steps}) == 1


def test_a_shorter_wait_after_a_restart_ends_waits_that_are_over_by_it() -> None:
    """Deadlines follow the settings of today, not those of the day the order came."""
    story = told(placed(1, "1001", line("a")))
    story.policy = replace(POLICY, identity_wait_s=10)

    story.waits_until(700)

    assert story.rules == ["identity_missing"]


def test_an_erased_guest_has_no_timers() -> None:
    """The mark never expires: a tombstone would vanish, and with it the promise."""
    mark = Guest(GUEST, 5, START, erased=True)

    step = wake(mark, later(START, 1000 * DAY_S), (), POLICY)

    assert (step.guest, step.wake_at) == (mark, None)


def test_an_order_that_lacks_everything_ends_each_wait_in_turn() -> None:
    """Lines, payment and identity have waits of their own."""
    policy = replace(POLICY, lines_wait_s=10, payment_wait_s=20, identity_wait_s=30)
    story = Story(policy)
    story.hears(placed(0, total="10.00", payment=None))

    wakes = []
    while story.wake_at is not None and not story.set_aside:
        wakes.append(story.wake_at)
        story.waits_until((story.wake_at - START) / 1000)

    assert wakes == [at(10), at(20), at(30)]
    assert story.rules == ["identity_missing"]


def test_a_payment_given_with_the_order_needs_no_timer() -> None:
    """Only what is missing has a deadline."""
    story = told(placed(1, "1001", line("a"), payment=CARD))

    assert story.wake_at == at(1 + POLICY.identity_wait_s)


def test_a_known_guest_does_not_wait_for_an_identity() -> None:
    """However long the other waits are: the order is not a stranger's."""
    story = Story(replace(POLICY, payment_wait_s=5000))
    story.hears(identified(0), UNPAID)
    assert story.wake_at == at(1 + 5000)

    story.hears(paid(100, "9999"))
    story.waits_until(5001)

    assert [order.payment for order in story.orders] == [None]
    assert story.rules == ["order_unknown"]


def test_a_wait_for_lines_does_not_end_with_a_shorter_one() -> None:
    """Each wait has its own time."""
    story = Story(replace(POLICY, payment_wait_s=20, lines_wait_s=100))
    story.hears(identified(0), placed(1, total="10.00", payment=None))
    story.waits_until(50)
    assert story.orders == []

    story.hears(added(0.5, "shoes"), second=60)

    assert [(len(order.lines), order.payment) for order in story.orders] == [(1, None)]


def test_a_guest_whose_record_has_no_time_is_not_stuck() -> None:
    """A nonsensical timestamp has deadlines that never come, not ones that always do."""
    story = Story()
    step = story.hears(viewed(0), second=9e15)

    assert (step.became, step.wake_at) == (Became.OWED, None)


@pytest.mark.parametrize(
    ("events", "lacking"),
    [
        ((placed(1, total="1", payment=None),), Timer.IDENTITY),
        ((identified(0), placed(1, total="1", payment=None)), Timer.PAYMENT),
        ((identified(0), placed(1, total="1", payment=None), paid(2)), Timer.LINES),
    ],
)
def test_what_an_order_waits_for_can_be_told(
    events: tuple[CommerceEvent, ...], lacking: Timer
) -> None:
    """A metric says how many wait, and for what."""
    story = told(*events)

    assert story.guest is not None
    assert [lacks(order, story.guest) for order in story.guest.waiting] == [lacking]


def test_a_record_from_the_past_does_not_make_a_guest_idle_sooner() -> None:
    """The latest timestamp counts, not the last one."""
    story = told(viewed(0))
    before = story.wake_at

    story.hears(viewed(1), second=-50_000)

    assert story.wake_at == before


def test_a_timer_does_not_keep_a_guest() -> None:
    """Nobody was heard of when a wait ended."""
    story = Story(replace(POLICY, identity_wait_s=7200))
    story.hears(placed(0, "1001", line("a")))

    story.waits_until(7200)

    assert story.wake_at == at(POLICY.guest_idle_days * DAY_S)
