"""A guest cannot grow without end: what is too much is set aside, by name."""

from pipeline.orders import bounds
from pipeline.orders.advance import advance
from pipeline.orders.guest import Became, Guest, KnownOrder, SeenEvents
from pipeline.record import DAY_S, Position, Record, later
from pipeline.sitecore.owed import WrittenCart
from tests.unit.orders.story import (
    GUEST,
    POLICY,
    START,
    Story,
    added,
    at,
    but,
    changed,
    cleared,
    identified,
    line,
    paid,
    placed,
    told,
    viewed,
)


def _large(size: int) -> Record:
    return Record(Position("shop", 0, 1), at(1), b"ann", b"." * size)


def test_a_cart_holds_so_many_lines_and_no_more() -> None:
    """The line that is too many is set aside, the cart goes on without it."""
    story = told(*(added(n, f"item-{n}") for n in range(bounds.LINES_MAX)))
    refused = story.hears(added(bounds.LINES_MAX, "one-more"))
    changed_line = story.hears(changed(bounds.LINES_MAX + 1, "item-0", 2))

    assert [aside.refusal.rule for aside in refused.set_aside] == ["too_many_lines"]
    assert changed_line.became is Became.OWED


def test_a_cart_remembers_so_many_facts_and_no_more() -> None:
    """Within the horizon; beyond it facts without effect make room."""
    story = told(*(changed(n * 0.001, "shoes", 1 + n % 2) for n in range(bounds.FACTS_MAX)))

    refused = story.hears(changed(2, "shoes", 7))
    later_on = story.hears(changed(3 + POLICY.cart_horizon_s, "shoes", 7))

    assert [aside.refusal.rule for aside in refused.set_aside] == ["too_many_cart_events"]
    assert later_on.became is Became.OWED


def test_an_order_is_taken_however_full_the_cart_is() -> None:
    """A bound on carts must not cost an order."""
    story = told(
        identified(0), *(changed(n * 0.001, "shoes", 1 + n % 2) for n in range(bounds.FACTS_MAX))
    )
    story.hears(placed(2, "1001", line("shoes")))

    assert story.became[-1] is Became.OWED


def test_a_cart_weighs_so_much_and_no_more() -> None:
    """Few facts can be large."""
    step = advance(None, added(1, "shoes"), _large(bounds.CART_BYTES_MAX + 1), POLICY)

    assert [aside.refusal.rule for aside in step.set_aside] == ["cart_too_large"]
    assert step.guest is None


def test_so_many_orders_wait_and_no_more() -> None:
    """Each waiting order keeps its whole record in the guest's one value."""
    story = told(*(placed(n, f"o{n}", line("a")) for n in range(bounds.WAITING_MAX)))
    story.hears(placed(200, "one-more", line("a")))

    assert story.rules == ["too_much_waiting"]

    story.hears(identified(201))

    assert len(story.orders) == bounds.WAITING_MAX


def test_a_complete_order_passes_however_many_wait() -> None:
    """It does not have to wait, so it needs no room."""
    story = told(
        identified(0),
        *(placed(n, f"o{n}", line("a"), payment=None) for n in range(bounds.WAITING_MAX)),
    )
    story.hears(placed(59, "one-more", line("a")))

    assert [order.order_id for order in story.orders] == ["one-more"]


def test_so_many_payments_wait_and_no_more() -> None:
    """Payments of orders that never come are cheap to invent."""
    story = told(*(paid(n, f"o{n}") for n in range(bounds.WAITING_MAX)))

    refused = story.hears(paid(200, "one-more"))

    assert refused.became is Became.SET_ASIDE
    assert story.rules == ["too_much_waiting"]


def test_a_record_too_large_to_wait_is_set_aside() -> None:
    """The state of one guest must fit into one record of its own."""
    record = _large(bounds.WAITING_BYTES_MAX + 1)
    step = advance(None, placed(1, "1001", line("a")), record, POLICY)

    assert [aside.refusal.rule for aside in step.set_aside] == ["too_much_waiting"]
    assert step.set_aside[0].record is record


def test_the_cart_of_an_order_too_large_to_wait_is_owed_empty() -> None:
    """It was bought, though it cannot be told."""
    story = told(added(0, "a"))
    record = _large(bounds.WAITING_BYTES_MAX + 1)

    step = advance(story.guest, placed(1, "1001", line("a")), record, POLICY)

    assert [owed.lines for owed in step.owed if isinstance(owed, WrittenCart)] == [()]


def test_a_large_order_that_need_not_wait_is_owed() -> None:
    """Only what is kept must be small."""
    story = told(identified(0))
    record = _large(bounds.WAITING_BYTES_MAX + 1)

    step = advance(story.guest, placed(1, "1001", line("a")), record, POLICY)

    assert step.became is Became.OWED


def test_an_identity_too_large_to_keep_is_set_aside() -> None:
    """It would be copied into every order."""
    step = advance(None, identified(1), _large(bounds.IDENTITY_BYTES_MAX + 1), POLICY)

    assert [aside.refusal.rule for aside in step.set_aside] == ["identity_too_large"]


def test_so_many_event_ids_are_remembered_and_no_more() -> None:
    """A robot's page views are set aside rather than owed twice."""
    full = SeenEvents(b"\0" * 16 * bounds.EVENT_IDS_MAX, b"", at(0))
    story = Story()
    story.guest = Guest.new(GUEST, at(0))._replace(seen=full)

    refused = story.hears(viewed(1))
    next_generation = story.hears(viewed(POLICY.repeat_horizon_s))

    assert [aside.refusal.rule for aside in refused.set_aside] == ["too_many_events"]
    assert next_generation.became is Became.OWED


def test_an_identity_is_taken_however_many_events_came() -> None:
    """Orders wait for it, and to owe it twice does no harm."""
    full = SeenEvents(b"\0" * 16 * bounds.EVENT_IDS_MAX, b"", at(0))
    story = Story()
    story.guest = Guest.new(GUEST, at(0))._replace(seen=full)

    assert story.hears(identified(1)).became is Became.OWED


def test_old_orders_make_room_for_new_ones() -> None:
    """A repeat of an order this old is refused as historic, so it need not be known."""
    story = told(identified(0))
    assert story.guest is not None
    old = {placed(n, f"o{n}").order_id: KnownOrder(b"", at(n), True) for n in range(2000)}
    assert len(old) == bounds.ORDERS_MAX
    now = 1000 + POLICY.order_age_max_days * DAY_S
    story.guest = story.guest._replace(orders=old)

    story.hears(placed(now, "new", line("a")))
    forgotten = story.hears(but(placed(500, "o500", line("a")), ordered_at=at(500)))
    still_known = story.hears(but(placed(1500, "o1500", line("a")), ordered_at=at(1500)))

    assert [order.order_id for order in story.orders] == ["new"]
    assert [aside.refusal.rule for aside in forgotten.set_aside] == ["historic_order"]
    assert [aside.refusal.rule for aside in still_known.set_aside] == ["order_changed"]


def test_an_order_is_set_aside_when_all_room_is_taken_by_recent_ones() -> None:
    """To forget a recent order would be to owe it twice."""
    story = told(identified(0))
    assert story.guest is not None
    recent = {placed(n, f"o{n}").order_id: KnownOrder(b"", at(n), True) for n in range(2000)}
    story.guest = story.guest._replace(orders=recent)

    story.hears(placed(2000, "one-more", line("a")))

    assert story.rules == ["too_many_orders"]


def test_the_bounds_leave_a_real_guest_alone() -> None:
    """A day of clicking must not come near them."""
    story = told(identified(0))
    for n in range(200):
        story.hears(viewed(10 * n + 1), added(10 * n + 2, f"i{n % 30}"), cleared(10 * n + 5))

    assert story.rules == []
    assert story.guest is not None
    assert story.guest.seen_at == later(START, 10 * 199 + 5)
