"""The cart: a log of facts, folded."""

from dataclasses import replace

from pipeline.assemble import fact_codec
from pipeline.commerce.events import CommerceEvent
from pipeline.orders.cart import log_of
from pipeline.orders.guest import Became
from pipeline.sitecore.codec import as_read
from pipeline.sitecore.owed import OwedCart
from tests.unit.orders.story import (
    POLICY,
    Story,
    added,
    at,
    but,
    changed,
    cleared,
    identified,
    in_cart,
    line,
    paid,
    placed,
    removed,
    told,
)


def test_every_change_owes_the_whole_cart() -> None:
    """What is owed carries all that saying it may need: deliver may have to start anew."""
    story = told(added(1, "shoes"), added(2, "coat"), changed(3, "shoes", 4), removed(4, "coat"))

    assert story.carts == [
        [("shoes", 1)],
        [("shoes", 1), ("coat", 1)],
        [("coat", 1), ("shoes", 4)],
        [("shoes", 4)],
    ]


def test_a_cleared_cart_is_owed_empty() -> None:
    """Sitecore still holds its lines, and would count them as abandoned."""
    story = told(added(1, "shoes"), cleared(2))

    assert story.carts[-1] == []


def test_an_added_line_replaces_the_one_with_its_item_id() -> None:
    """Quantities are absolute: a second ADD replaces, it does not add."""
    story = told(added(1, "shoes", 2), added(2, "shoes", 1))

    assert story.carts[-1] == [("shoes", 1)]


def test_a_quantity_of_zero_takes_the_line_out() -> None:
    """What a quantity of zero means to Sitecore is not documented, so it is never said."""
    story = told(added(1, "shoes"), changed(2, "shoes", 0))

    assert story.carts == [[("shoes", 1)], []]


def test_an_older_change_that_comes_later_changes_nothing() -> None:
    """The latest word about a line wins, by the shop's clock and not by arrival."""
    story = Story()
    story.hears(added(1, "shoes"), changed(5, "shoes", 5), second=6)

    late = story.hears(changed(3, "shoes", 3), second=7)

    assert (late.became, late.owed) == (Became.NOTED, ())
    assert story.carts[-1] == [("shoes", 5)]


def test_a_line_that_was_removed_does_not_come_back_by_its_late_addition() -> None:
    """Removals are remembered, or a late fact would put a line back that nobody wants."""
    story = told(removed(5, "shoes"))

    late = story.hears(added(1, "shoes"), second=6)

    assert (late.became, story.carts) == (Became.NOTED, [])


def test_a_change_of_nothing_owes_nothing() -> None:
    """Every message costs one of the destination's requests."""
    story = told(cleared(1), removed(2, "shoes"), added(3, "coat"), changed(4, "coat", 1))

    assert story.carts == [[("coat", 1)]]


def test_the_same_fact_again_is_a_repeat() -> None:
    """A topic that is published twice must not owe its carts twice."""
    story = told(added(1, "shoes"), added(2, "coat"))

    again = story.hears(added(1, "shoes"), second=3)

    assert again == (story.steps[-2].guest, Became.REPEAT, (), (), again.wake_at)


def test_a_repeat_leaves_the_very_same_guest() -> None:
    """The worker writes no state for a guest that did not change."""
    story = told(added(1, "shoes"))
    before = story.guest

    story.hears(added(1, "shoes"), second=3)

    assert story.guest is before


def test_facts_of_one_instant_are_ordered_by_event_id() -> None:
    """Two facts of one millisecond have an order, the same one however they arrive."""
    one, other = added(1, "shoes", 1), added(1, "shoes", 2)
    last = max((one, other), key=lambda event: event.event_id)

    for events in ((one, other), (other, one)):
        assert told(*events).carts[-1] == [("shoes", last.line.quantity)]


def test_a_purchase_takes_the_lines_of_its_own_millisecond() -> None:
    """A one-click purchase adds and buys in one instant; the line is bought, not left over."""
    events: list[CommerceEvent] = [
        identified(0),
        added(1, "shoes"),
        placed(1, "1001", total="10.00"),
    ]

    for order in (events, events[::-1]):
        story = told(*order)
        assert [in_cart(owed.lines) for owed in story.orders] == [[("shoes", 1)]]


def test_no_cart_is_owed_at_a_point_of_sale_of_the_single_protocol() -> None:
    """That protocol tells orders only; the cart is still what an order's lines come from."""
    story = told(
        but(added(1, "shoes"), point_of_sale="kiosk"),
        but(identified(2), point_of_sale="kiosk"),
        but(placed(3, "1001", total="10.00"), point_of_sale="kiosk"),
    )

    assert story.carts == []
    assert in_cart(story.orders[0].lines) == [("shoes", 1)]


def test_the_cart_is_owed_in_the_newest_circumstances() -> None:
    """A cart lives in the session of the latest change, not in that of a straggler."""
    story = told(but(added(5, "shoes"), channel="MOBILE_APP"))
    story.hears(added(1, "coat"), second=6)

    cart = story.owed[-1]

    assert isinstance(cart, OwedCart)
    assert (cart.context.channel, cart.occurred_at) == ("MOBILE_APP", at(5))


def test_a_fact_that_may_be_older_than_a_forgotten_one_is_late() -> None:
    """Beyond the horizon removals are forgotten: who would say that the line was not removed?"""
    story = told(added(0, "shoes"), removed(1, "shoes"), added(POLICY.cart_horizon_s + 10, "coat"))

    late = story.hears(changed(0.5, "shoes", 2), second=POLICY.cart_horizon_s + 11)

    assert (late.became, late.owed) == (Became.LATE, ())
    assert story.carts[-1] == [("coat", 1)]


def test_an_old_line_stays_in_the_cart_beyond_the_horizon() -> None:
    """Only facts without effect are forgotten."""
    story = told(added(0, "shoes"), changed(1, "shoes", 2), added(9000, "coat"))

    assert story.carts[-1] == [("shoes", 2), ("coat", 1)]
    assert story.guest is not None
    assert story.guest.cart.log.facts == 2


def test_a_late_clearing_still_takes_what_is_older() -> None:
    """Emptying is right at any age: it takes only what is older than itself."""
    story = told(added(0, "shoes"), added(1, "hat"), changed(2, "hat", 2), added(9000, "coat"))

    story.hears(cleared(0.5), second=9001)

    assert story.carts[-1] == [("hat", 2), ("coat", 1)]


def test_what_was_removed_long_ago_is_forgotten_altogether() -> None:
    """A cart must not grow by everything that was ever in it."""
    story = told(added(0, "shoes"), removed(1, "shoes"), added(9000, "coat"))

    assert story.guest is not None
    assert [fact.item_id for fact in fact_codec.read(story.guest.cart.log)] == ["coat"]


def test_what_has_no_effect_is_forgotten_a_quarter_of_the_horizon_late_at_most() -> None:
    """So it is looked for now and then, and not at each change: that would read all others."""
    every_s = 60
    horizon = int(POLICY.cart_horizon_s) // every_s
    story = told(added(0, "hat"), added(1, "shoes"), removed(2, "shoes"))
    numbers = []
    for number in range(1, 3 * horizon):
        story.hears(changed(number * every_s, "coat", number), second=number * every_s)
        assert story.guest is not None
        numbers.append(story.guest.cart.log.facts)

    base = ["hat", "coat"]
    assert max(numbers) <= horizon + horizon / 4 + len(base) + 1
    assert max(numbers[2 * horizon :]) - min(numbers[2 * horizon :]) > horizon / 8


def test_facts_that_arrive_in_any_order_find_their_place() -> None:
    """The log is added to where it ends, and written anew where a fact lies further up."""
    story = told(added(1, "a"), added(5, "b"), added(3, "c"), added(7, "d"), added(2, "e"))

    assert story.guest is not None
    facts = fact_codec.read(story.guest.cart.log)
    assert [fact.item_id for fact in facts] == ["a", "e", "c", "b", "d"]
    assert story.guest.cart.log == log_of(facts, fact_codec)


def test_the_last_emptying_is_never_forgotten() -> None:
    """While no removal was forgotten, it alone says that older lines are gone."""
    story = told(cleared(0), added(9000, "coat"))

    story.hears(added(-1, "shoes"), second=9001)

    assert story.became[-1] is Became.NOTED
    assert story.carts == [[("coat", 1)]]


def test_a_fact_from_the_future_does_not_make_the_present_late() -> None:
    """The horizon follows the clock of the records, so one wrong clock cannot end a cart."""
    story = told(added(0, "shoes"), removed(1, "shoes"))
    story.hears(added(80_000, "hat"), second=2)

    straggler = story.hears(added(0.5, "coat"), second=3)

    assert straggler.became is Became.OWED
    assert story.carts[-1] == [("coat", 1), ("hat", 1)]


def test_carts_are_held_back_while_an_order_waits() -> None:
    """The order comes first: a cart that overtook it would become part of it, or clear it."""
    story = told(added(1, "shoes"), placed(2, "1001", line("shoes")))
    held = story.hears(added(3, "coat"))

    assert (held.became, held.owed) == (Became.NOTED, ())

    released = story.hears(identified(4))

    assert [type(owed).__name__ for owed in map(as_read, released.owed)] == [
        "OwedIdentity",
        "OwedOrder",
        "OwedCart",
    ]
    assert story.carts == [[("shoes", 1)], [("coat", 1)]]


def test_a_held_back_cart_is_owed_in_its_own_circumstances() -> None:
    """It lives in the session where it was filled, not in that of the log-in that freed it."""
    story = told(
        placed(2, "1001", line("shoes")),
        but(added(3, "coat"), channel="MOBILE_APP"),
        but(identified(4), channel="CALL_CENTER"),
    )

    cart = story.owed[-1]

    assert isinstance(cart, OwedCart)
    assert cart.context.channel == "MOBILE_APP"


def test_no_cart_is_owed_after_an_order_that_took_it_all() -> None:
    """The order says itself that the cart is gone."""
    story = told(identified(0), added(1, "shoes"), placed(2, "1001", line("shoes")))

    assert story.carts == [[("shoes", 1)]]


def test_the_cart_waits_for_the_last_of_several_orders() -> None:
    """As long as one waits, what is in the cart comes after it."""
    story = told(
        identified(0),
        placed(1, "1001", line("a"), payment=None),
        placed(2, "1002", line("b"), payment=None),
        added(3, "coat"),
        paid(4, "1001"),
    )
    assert story.carts == []

    story.hears(paid(5, "1002"))

    assert story.carts == [[("coat", 1)]]


def test_a_cart_is_as_old_as_what_changed_it() -> None:
    """Old carts are not sent: this one changed when its order was placed."""
    story = told(added(0, "shoes"), placed(1000, "1001", line("shoes", 0)))

    assert (story.carts[-1], story.owed[-1].occurred_at) == ([], at(1000))


def test_the_cart_of_an_order_refused_after_its_wait_is_owed_empty() -> None:
    """Its lines cannot be told in the one possible form, and they are in the cart no more."""
    nameless = but(added(1, "a"), line=replace(line("a"), name=""), point_of_sale="kiosk")
    order = but(placed(3, total="20.00"), point_of_sale="classic")
    story = told(nameless, added(2, "b"), order, identified(4))

    assert story.rules == ["missing_text"]
    assert story.carts[-1] == []
