"""What is shown of a guest: enough to say why something is late, nothing of the person."""

import json

from pipeline.deliver.breaker import Hold
from pipeline.guest import said
from pipeline.guest.lookup import Behind, Known
from pipeline.orders.guest import Guest
from pipeline.record import GuestId, Instant, Position
from pipeline.sitecore.delivery import (
    AcceptedOrder,
    Browser,
    Delivery,
    Form,
    Head,
    Replacement,
    Session,
)
from pipeline.sitecore.owed import DeliveryId
from tests.unit.orders.story import (
    GUEST,
    POLICY,
    START,
    Story,
    added,
    identified,
    line,
    paid,
    placed,
)
from tests.unit.sitecore.samples import APP, BROWSER, SHOP

DELIVERY = DeliveryId("d-1")
KNOWN = Known(GUEST, 3, ("states", "deliveries", "stream"), None, None, None, None, (), 0)


def knowing(story: Story) -> Known:
    """What is known after a story."""
    return KNOWN._replace(guest=story.guest, wake_at=story.wake_at)


def text_of(known: Known) -> str:
    """What people read."""
    return "\n".join(said.lines(said.document(known, POLICY)))


def test_a_guest_of_whom_nothing_is_known_is_told_with_where_it_was_looked() -> None:
    """Else nobody knows whether the guest or the partition is wrong."""
    text = text_of(KNOWN)

    assert "nothing is known of this guest in partition 3 of states, deliveries, stream" in text
    assert "--partition" in text


def test_an_order_says_what_it_lacks_since_when_and_until_when() -> None:
    """Each wait ends by itself at an instant that is known."""
    story = Story()
    story.hears(added(1, "hat"), placed(5, "1001", line("shoes")), paid(6, "77"))
    guest = said.document(knowing(story), POLICY)["assemble"]

    assert guest["identity"] is False
    assert guest["waiting_orders"] == [
        {
            "order_id": "1001",
            "lacks": "identity",
            "since": "2026-01-01T00:00:05.000Z",
            "until": "2026-01-01T00:10:05.000Z",
            "position": "shop/0@2",
        }
    ]
    assert [one["order_id"] for one in guest["waiting_payments"]] == ["77"]
    assert guest["next_timer"] == said.document(knowing(story), POLICY)["assemble"]["next_timer"]


def test_known_orders_and_cart_are_counted() -> None:
    """An order that is known was owed: then the lane has it."""
    story = Story()
    story.hears(identified(1), placed(5, "1001", line("shoes")), added(9, "hat"), added(10, "cap"))
    guest = said.document(knowing(story), POLICY)["assemble"]

    assert (guest["cart_lines"], guest["known_orders_count"]) == (2, 1)
    assert guest["known_orders"][0]["order_id"] == "1001"
    assert guest["next_sequence"] > START


def test_no_contact_data_is_shown() -> None:
    """What is asked about a guest is copied into tickets."""
    story = Story()
    story.hears(identified(1, "C-SECRET"), placed(5, "1001", line("shoes"), payment=None))
    known = knowing(story)

    assert known.guest is not None
    assert "Ada" in str(known.guest)
    for shown in (text_of(known), json.dumps(said.document(known, POLICY))):
        assert "Ada" not in shown
        assert "C-SECRET" not in shown


def test_the_head_tells_its_form_tries_and_next_time() -> None:
    """That is what a late guest waits for."""
    head = Head(DELIVERY, Form.CART, tries=3, not_before=Instant(START), answer="http_503")
    lane = Delivery.new(GUEST)._replace(head=head, finished=41)
    behind = Behind(Position("stream", 3, 41), START, "OwedOrder", DELIVERY, 9)
    known = KNOWN._replace(delivery=lane, behind=(behind,), behind_count=1, committed=17)
    text, document = text_of(known), said.document(known, POLICY)

    assert document["deliver"]["head"] == {
        "delivery_id": "d-1",
        "form": "cart",
        "tries": 3,
        "unknowns": 0,
        "first_try_at": None,
        "next_try_at": "2026-01-01T00:00:00.000Z",
        "last_answer": "http_503",
        "may_have_arrived": False,
    }
    assert (document["deliver"]["finished_offset"], document["committed_offset"]) == (41, 17)
    assert "head: delivery id d-1, form cart, tries 3" in text
    assert "owed and not finished: 1\n  position stream/3@41, kind OwedOrder" in text
    assert "assemble:\n  knows nothing of this guest" in text


def test_browser_ids_are_shortened_wherever_they_stand() -> None:
    """Who has one can speak to Sitecore as the guest."""
    lane = Delivery(
        GUEST,
        (Browser(BROWSER, identity="x"),),
        (Replacement(APP, BROWSER),),
        (Session(BROWSER, "WEB", SHOP, START),),
        orders=(AcceptedOrder(placed(1).order_id, Form.CART, BROWSER, "WEB", SHOP, START),),
    )
    known = KNOWN._replace(delivery=lane)

    for shown in (text_of(known), json.dumps(said.document(known, POLICY))):
        assert BROWSER[:8] in shown
        assert BROWSER not in shown
        assert APP not in shown


def test_much_is_counted_and_little_shown() -> None:
    """A guest with half of all messages must not fill the screen."""
    order = AcceptedOrder(placed(1).order_id, Form.CART, BROWSER, "WEB", SHOP, START)
    lane = Delivery.new(GUEST)._replace(orders=(order,) * 500)
    shown = said.document(KNOWN._replace(delivery=lane), POLICY)["deliver"]

    assert (shown["accepted_orders_count"], len(shown["accepted_orders"])) == (500, 20)


def test_an_order_of_which_only_the_status_said_that_it_was_taken_is_told() -> None:
    """Sitecore may show none; then that is where to look."""
    order = AcceptedOrder(placed(1).order_id, Form.CART, BROWSER, "WEB", SHOP, START)
    lane = Delivery.new(GUEST)._replace(orders=(order, order._replace(unconfirmed=True)))
    shown = said.document(KNOWN._replace(delivery=lane), POLICY)["deliver"]["accepted_orders"]

    assert [one["unconfirmed"] for one in shown] == [False, True]


def test_a_hold_is_told() -> None:
    """Then the guest waits for a person, and for nothing of its own."""
    text = text_of(KNOWN._replace(hold=Hold.SET_UP, behind_count=1))

    assert "the partition is held (set_up): nothing leaves but probes" in text


def test_an_erased_guest_is_told_as_one() -> None:
    """Its records are set aside by position only: that is no fault."""
    known = KNOWN._replace(guest=Guest(GuestId("x"), 1, Instant(10**18), erased=True))

    assert "erased: yes" in text_of(known)
