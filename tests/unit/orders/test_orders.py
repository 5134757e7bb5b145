"""Orders: owed at once, waiting, repeated, or set aside."""

from dataclasses import replace

import pytest

from pipeline.commerce.events import CommerceEvent
from pipeline.orders.guest import Became
from pipeline.sitecore.owed import OwedOrder
from tests.unit.orders.story import (
    CARD,
    PAYPAL,
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
    names,
    paid,
    placed,
    removed,
    told,
)


def test_a_complete_order_of_a_known_guest_is_owed_at_once() -> None:
    """Waiting is for what lacks something."""
    story = told(identified(0), placed(1, "1001", line("shoes", 2)))

    order = story.orders[0]

    assert (order.order_id, order.payment, in_cart(order.lines)) == ("1001", CARD, [("shoes", 2)])
    assert order.identity.identifiers[0].id == "C1"


def test_an_order_without_an_identity_waits() -> None:
    """Sitecore takes an order only for a guest it knows, and would not say so."""
    story = told(placed(1, "1001", line("shoes")))

    assert (story.became, story.orders) == ([Became.WAITING], [])
    assert story.wake_at == at(1 + POLICY.identity_wait_s)


def test_an_identity_releases_every_order_that_waited_for_it() -> None:
    """Orders of one guest go in the order in which they were placed."""
    story = Story()
    story.hears(placed(2, "1002", line("coat")), placed(1, "1001", line("shoes")), second=3)

    story.hears(identified(4))

    assert names(story.owed) == ["OwedIdentity", "OwedOrder", "OwedOrder"]
    assert [order.order_id for order in story.orders] == ["1001", "1002"]


def test_an_order_of_a_stranger_is_set_aside_at_its_deadline() -> None:
    """Never dropped: the letter holds the whole record, to be replayed."""
    story = told(placed(1, "1001", line("shoes"))).waits_until(1 + POLICY.identity_wait_s)

    (aside,) = story.set_aside

    assert aside.refusal.rule == "identity_missing"
    assert aside.record is not None
    assert (aside.record.key, aside.record.headers[0]) == (b"ann", ("source", b"till"))
    assert (aside.cause.timer, aside.cause.event_id) == ("identity_wait", None)


def test_an_identity_after_the_deadline_does_not_bring_an_order_back() -> None:
    """What was set aside comes back by a replay, and only so: else it could go twice."""
    story = told(placed(1, "1001", line("shoes"))).waits_until(700)
    story.hears(identified(701))

    assert story.orders == []


def test_a_replay_of_an_order_that_was_set_aside_is_taken_anew() -> None:
    """What was set aside is not remembered as seen."""
    order = placed(1, "1001", line("shoes"))
    story = told(order).waits_until(700)

    story.hears(identified(701), order, second=702)

    assert [owed.order_id for owed in story.orders] == ["1001"]


def test_the_cart_is_owed_empty_after_its_order_was_set_aside() -> None:
    """Sitecore still holds the old cart, and nothing else would ever end it."""
    story = told(added(1, "shoes"), placed(2, "1001", line("shoes"))).waits_until(700)

    assert story.carts == [[("shoes", 1)], []]


def test_no_cart_is_owed_after_a_refused_order_of_a_guest_without_one() -> None:
    """There is nothing to clear, and no session to clear it in."""
    story = told(placed(2, "1001", line("shoes", 0)))

    assert (story.rules, story.owed) == (["invalid_quantity"], [])


def test_a_refused_order_empties_the_cart_all_the_same() -> None:
    """The guest has bought it: the next cart must not begin with what was bought."""
    story = told(added(1, "shoes"), placed(2, "1001", line("shoes", 0)), added(3, "coat"))

    assert story.carts == [[("shoes", 1)], [], [("coat", 1)]]


def test_an_order_waits_for_its_payment() -> None:
    """An order told with its payment needs no second message that may come too late."""
    story = told(identified(0), placed(1, "1001", line("shoes"), payment=None))

    assert story.became[-1] is Became.WAITING
    assert story.wake_at == at(1 + POLICY.payment_wait_s)


def test_an_order_goes_without_its_payment_at_the_deadline() -> None:
    """Late is better than never: the payment can follow."""
    story = told(identified(0), placed(1, "1001", line("shoes"), payment=None)).waits_until(61)

    assert [(order.order_id, order.payment) for order in story.orders] == [("1001", None)]
    assert story.orders[0].cause.timer == "payment_wait"
    assert story.orders[0].cause.timestamp == at(61)


def test_the_wait_for_a_payment_ends_once_while_the_identity_is_still_missing() -> None:
    """An identity that comes later must not find the order waiting for its payment again."""
    story = told(placed(1, "1001", line("shoes"), payment=None)).waits_until(100)
    assert story.wake_at == at(1 + POLICY.identity_wait_s)

    story.hears(identified(50))

    assert [order.payment for order in story.orders] == [None]


def test_an_order_without_lines_takes_those_of_the_cart() -> None:
    """The lines of the event are the truth where given; else the cart at that instant is."""
    story = told(identified(0), added(1, "shoes", 2), added(2, "coat"), placed(3, total="30.00"))

    assert in_cart(story.orders[0].lines) == [("shoes", 2), ("coat", 1)]


def test_lines_of_the_order_win_over_the_cart() -> None:
    """The shop knows what it sold."""
    story = told(identified(0), added(1, "shoes", 2), placed(3, "1001", line("coat")))

    assert in_cart(story.orders[0].lines) == [("coat", 1)]


def test_an_order_whose_cart_does_not_add_up_waits_for_late_lines() -> None:
    """A line that is still under way belongs to the order that bought it."""
    story = told(identified(0), added(1, "shoes"), placed(3, total="30.00"))
    assert story.became[-1] is Became.WAITING

    story.hears(added(2, "coat", 2), second=20)

    assert in_cart(story.orders[0].lines) == [("shoes", 1), ("coat", 2)]
    assert story.orders[0].cause.event_id == added(2, "coat", 2).event_id


def test_an_order_goes_with_the_lines_there_are_at_the_deadline() -> None:
    """Shipping or a discount may be why the cart never adds up."""
    story = told(identified(0), added(1, "shoes"), placed(3, total="14.99")).waits_until(63)

    assert in_cart(story.orders[0].lines) == [("shoes", 1)]
    assert story.orders[0].cause.timer == "lines_wait"


def test_lines_in_another_currency_do_not_add_up() -> None:
    """Ten dollars are not ten euros."""
    priced = but(added(1, "shoes"), line=line("shoes"))
    total = placed(3, total="10.00").total
    story = told(
        identified(0), priced, but(placed(3, total="10.00"), total=type(total)(total.amount, "USD"))
    )

    assert story.became[-1] is Became.WAITING


def test_an_order_takes_only_what_was_in_the_cart_at_its_instant() -> None:
    """What came later is the next cart."""
    story = told(identified(0), added(1, "shoes"))
    story.hears(added(9, "coat"), placed(5, total="10.00"), second=10)

    assert in_cart(story.orders[0].lines) == [("shoes", 1)]
    assert story.carts[-1] == [("coat", 1)]


def test_two_orders_without_lines_share_the_cart_by_time() -> None:
    """Each takes what was put in since the one before it, however they arrive."""
    events: list[CommerceEvent] = [
        added(1, "shoes"),
        placed(2, "1001", total="10.00"),
        added(3, "coat"),
        placed(4, "1002", total="10.00"),
        identified(5),
    ]

    for order in (events, events[::-1]):
        story = told(*order)
        bought = {order.order_id: in_cart(order.lines) for order in story.orders}
        assert bought == {"1001": [("shoes", 1)], "1002": [("coat", 1)]}


def test_facts_that_a_waiting_order_needs_are_not_forgotten() -> None:
    """A fact far ahead must not take the lines of an order that is still open."""
    story = told(added(0, "shoes"), placed(1, "1001", total="10.00"))
    story.hears(added(2, "coat"), second=5000)
    story.hears(changed(5000, "coat", 2))

    story.hears(identified(3), second=5001)

    assert in_cart(story.orders[0].lines) == [("shoes", 1)]


def test_an_order_without_any_line_is_owed_so_where_the_protocol_allows_it() -> None:
    """Items are optional in an order told by one event."""
    story = told(identified(0), placed(1, total="10.00")).waits_until(61)

    assert [order.lines for order in story.orders] == [()]


def test_an_order_without_any_line_is_set_aside_where_only_the_cart_form_is_possible() -> None:
    """The cart form names what is bought line by line: there would be no order."""
    order = but(placed(1, total="10.00"), point_of_sale="classic")
    story = told(identified(0), order).waits_until(61)

    assert (story.rules, story.orders) == (["lines_missing"], [])
    assert story.set_aside[0].cause.timer == "lines_wait"


def test_an_equal_order_again_is_a_repeat() -> None:
    """One order id is owed once, whatever event repeats it."""
    order = placed(1, "1001", line("shoes"))
    republished = but(order, event_id=placed(2).event_id, occurred_at=at(2), page="/again")
    story = told(identified(0), order, order, republished)

    assert story.became[2:] == [Became.REPEAT, Became.REPEAT]
    assert len(story.orders) == 1


def test_an_amount_written_with_other_zeros_is_the_same_order() -> None:
    """10 and 10.00 are one amount."""
    order = placed(1, "1001", line("shoes", 1, "10"))
    story = told(identified(0), order, placed(1, "1001", line("shoes", 1, "10.00")))

    assert story.became[-1] is Became.REPEAT


@pytest.mark.parametrize(
    "change",
    [
        {"status": "PAYMENT_PENDING"},
        {"lines": (line("coat"),)},
        {"payment": PAYPAL},
        {"ordered_at": at(0)},
        {"point_of_sale": "kiosk"},
        {"attributes": {"gift": True}},
    ],
)
def test_an_order_owed_before_with_other_content_is_set_aside(change: dict[str, object]) -> None:
    """The Stream API cannot update an order; a second one would be counted twice."""
    order = placed(1, "1001", line("shoes"))
    story = told(identified(0), order, but(order, event_id=placed(9).event_id, **change))

    assert (story.rules, len(story.orders)) == (["order_changed"], 1)


def test_a_repeat_of_a_waiting_order_goes_on_waiting_once() -> None:
    """It neither owes twice nor begins its waits anew."""
    order = placed(1, "1001", line("shoes"))
    story = told(order)
    story.hears(order, second=500)
    story.hears(identified(501))

    assert story.became[:2] == [Became.WAITING, Became.REPEAT]
    assert len(story.orders) == 1


def test_a_later_version_replaces_a_waiting_order() -> None:
    """Nothing has been owed yet, so the newest word is the order."""
    story = told(placed(1, "1001", line("shoes")), placed(2, "1001", line("coat")), identified(3))

    assert [in_cart(order.lines) for order in story.orders] == [[("coat", 1)]]


def test_an_earlier_version_that_comes_later_does_not_replace_a_waiting_order() -> None:
    """The shop's clock decides, not the arrival."""
    story = Story()
    story.hears(
        placed(2, "1001", line("coat")), placed(1, "1001", line("shoes")), identified(0), second=3
    )

    assert story.became[1] is Became.LATE
    assert [in_cart(order.lines) for order in story.orders] == [[("coat", 1)]]


def test_a_later_version_takes_the_cart_up_to_its_own_instant() -> None:
    """The version it replaces did not empty the cart after all."""
    story = told(
        added(1, "shoes"),
        placed(2, "1001", total="10.00"),
        added(3, "coat"),
        placed(4, "1001", total="20.00"),
        identified(5),
    )

    assert in_cart(story.orders[0].lines) == [("shoes", 1), ("coat", 1)]
    assert story.carts[-1] == [("shoes", 1)]


def test_a_refused_version_leaves_the_waiting_order_as_it_was() -> None:
    """A mistake in a correction must not cost the order."""
    story = told(placed(1, "1001", line("shoes")), placed(2, "1001", line("coat", 0)))
    story.hears(identified(3))

    assert story.rules == ["invalid_quantity"]
    assert [in_cart(order.lines) for order in story.orders] == [[("shoes", 1)]]


def test_the_waits_of_a_replaced_order_count_from_its_first_version() -> None:
    """Else a shop that keeps correcting an order would keep it from ever leaving."""
    story = told(placed(1, "1001", line("shoes"))).waits_until(400)
    story.hears(placed(500, "1001", line("coat")))

    assert story.wake_at == at(1 + POLICY.identity_wait_s)


def test_orders_are_told_apart_by_their_id_alone() -> None:
    """Two orders of equal content are two orders."""
    story = told(identified(0), placed(1, "1001", line("a")), placed(1, "1002", line("a")))

    assert [order.order_id for order in story.orders] == ["1001", "1002"]


def test_a_late_line_is_not_put_into_an_order_that_has_gone() -> None:
    """An order that was owed is not changed; the line was bought, so it is no cart either."""
    story = told(identified(0), added(1, "shoes"), placed(3, total="10.00"))
    story.hears(added(2, "coat"), second=4)

    assert in_cart(story.orders[0].lines) == [("shoes", 1)]
    assert story.carts == [[("shoes", 1)]]


def test_an_order_keeps_its_own_circumstances_while_it_waits() -> None:
    """It was placed on the phone, wherever its guest logs in afterwards."""
    story = told(but(placed(1, "1001", line("a")), channel="CALL_CENTER"), identified(2))

    order = story.owed[-1]

    assert isinstance(order, OwedOrder)
    assert (order.context.channel, order.occurred_at) == ("CALL_CENTER", at(1))
    assert order.cause.event_id == identified(2).event_id


def test_a_point_of_sale_that_is_gone_sets_its_waiting_orders_aside() -> None:
    """Settings change between two starts; an order of a removed shop must not be stuck."""
    story = told(but(placed(1, "1001", line("a")), point_of_sale="strict"))
    points = {name: pos for name, pos in POLICY.points_of_sale.items() if name != "strict"}
    story.policy = replace(POLICY, points_of_sale=points)

    story.hears(identified(2))

    assert (story.rules, story.orders) == (["unknown_point_of_sale"], [])


def test_a_cleared_cart_gives_an_order_nothing() -> None:
    """The guest emptied it before buying what the order does not name."""
    story = told(identified(0), added(1, "a"), cleared(2), removed(3, "a"), placed(4, total="1"))

    assert story.became[-1] is Became.WAITING


def test_a_payment_that_came_first_completes_the_order() -> None:
    """Topics are read in any order."""
    story = told(identified(0), paid(2), placed(1, "1001", line("a"), payment=None))

    assert [order.payment for order in story.orders] == [PAYPAL]


def test_an_order_refused_again_owes_its_cart_once() -> None:
    """The cart was empty already when the replay was refused too."""
    broken = but(placed(2, "1001", line("a")), status="COMPLETED")
    story = told(added(1, "a"), broken, broken)

    assert story.rules == ["unknown_status", "unknown_status"]
    assert story.carts == [[("a", 1)], []]


def test_a_refused_version_does_not_empty_the_next_cart() -> None:
    """It is no purchase of its own: what came after the order stays in the cart."""
    story = told(
        placed(2, "1001", line("a")),
        added(3, "b"),
        placed(4, "1001", line("a", 0)),
        identified(5),
    )

    assert story.carts == [[("b", 1)]]


def test_an_equal_order_published_again_does_not_replace_the_one_that_waits() -> None:
    """It would empty the cart anew, and take a later record into state."""
    order = placed(2, "1001", line("a"))
    republished = but(order, event_id=placed(9).event_id, occurred_at=at(9))
    story = told(order, added(3, "b"), republished)

    assert story.became[-1] is Became.REPEAT

    story.hears(identified(10))

    assert story.carts == [[("b", 1)]]


def test_an_order_refused_again_leaves_no_second_trace() -> None:
    """A replay loop must not fill a guest's state."""
    broken = but(placed(2, "1001", line("a")), status="COMPLETED")
    story = told(broken, broken, broken)

    assert story.guest is not None
    assert story.guest.cart.log.facts == 1


def test_a_free_order_without_lines_waits_for_them_too() -> None:
    """No line costs nothing, but nothing is not what was bought."""
    free = but(added(1, "sample"), line=line("sample", 1, "0"))
    story = told(identified(0), placed(2, total="0"))
    assert story.became[-1] is Became.WAITING

    story.hears(free, second=3)

    assert in_cart(story.orders[0].lines) == [("sample", 1)]
