"""Cases 101 to 113: sessions, lateness, repeats, and what other APIs are for."""

import pytest

from pipeline.errors import DataError
from pipeline.record import DAY_S
from pipeline.sitecore import line_codec
from pipeline.sitecore.outcome import Retry
from tests.cases.installation import Installation, answering, told
from tests.cases.shop import (
    APP,
    JEANS,
    SHOES,
    added,
    identified,
    line,
    money,
    placed,
    second,
    viewed,
)
from tests.fakes import http_answer


def test_case_101_a_cart_that_is_left() -> None:
    """Things are put into the cart and never bought; the session times out.

    Nothing more leaves: Sitecore counts the cart as abandoned by itself.
    """
    installation = told(added(2, SHOES), added(3, JEANS))

    assert installation.types == ["ADD", "ADD"]
    assert installation.refused == []


def test_case_102_a_purchase_after_the_time_out() -> None:
    """A cart is bought after the session's time-out.

    It leaves as one ORDER_CHECKOUT: the ADDs lie in a session that is closed. Just before the
    time-out CONFIRM and CHECKOUT follow them. With `multiple` all ADDs leave again first.
    """
    cart = (identified(1), added(2, SHOES))
    late = told(*cart, placed(1300, SHOES))
    assert late.types == ["IDENTITY", "ADD", "ORDER_CHECKOUT"]
    assert late.only("ORDER_CHECKOUT")["order"]["orderedAt"] == second(1300)

    timely = told(*cart, placed(1100, SHOES))
    assert timely.types == ["IDENTITY", "ADD", "CONFIRM", "CHECKOUT", "PAYMENT"]

    multiple = told(*cart, placed(1300, SHOES), protocol="multiple")
    rest = ["CLEAR_CART", "ADD", "CONFIRM", "CHECKOUT", "PAYMENT"]
    assert multiple.types == ["IDENTITY", "ADD", *rest]


def test_case_103_an_order_of_last_year() -> None:
    """An order was placed last year.

    It is set aside for the Batch API, with the guest's identifiers, and with the lines of its cart
    where it says none; so is one that has become too old while it waited to be sent.
    """
    installation = told(identified(), placed(16, SHOES, orderedAt="2024-08-23T16:17:16Z"))
    assert installation.types == ["IDENTITY"]
    (letter,) = installation.letters
    assert letter.refusal.rule == "historic_order"
    assert "Batch API" in letter.refusal.found
    assert [who.id for who in letter.identifiers] == ["B7524AE6"]

    cart = told(
        identified(),
        added(2, SHOES),
        placed(16, orderedAt="2024-08-23T16:17:16Z"),
        added(20, JEANS),
    )
    (letter,) = cart.letters
    assert [line_codec.read(line).item_id for line in letter.lines] == [SHOES["itemId"]]

    month = http_answer(429, b"", (("retry-after", str(31 * 86_400)),))
    held = Installation(answer=answering(month)).hears(identified(), placed(16, SHOES))
    held.rests(32 * DAY_S)
    assert held.types == ["IDENTITY", "IDENTITY"]
    assert held.rules == [("historic_order", "orderedAt")]
    assert "Batch API" in held.refused[-1].found


def test_case_104_a_guest_for_whom_no_browser_id_can_be_had() -> None:
    """A guest has no browser id, and none can be had.

    The order is set aside for the Batch API, once the tries of a message are used up.
    """
    fails = http_answer(500, b"")
    installation = Installation(
        answer=lambda _: fails,
        deliver={"tries_max": 3, "give_up_after_s": 1, "backoff_first_s": 2},
    )
    installation.hears(identified(1, browserId=None), placed(16, SHOES, browserId=None)).rests()

    assert set(installation.types) == {"BROWSER"}
    assert installation.rules == [("browser_id_missing", "browserId")] * 2
    assert "Batch API" in installation.refused[-1].found


def test_case_105_an_order_that_comes_twice() -> None:
    """The same order is read twice.

    It is sent once, whether the same event comes again or the shop says the same once more.
    """
    order = placed(16, SHOES)
    installation = told(identified(), order, order, order | {"eventId": identified(9)["eventId"]})

    assert installation.types == ["IDENTITY", "ORDER_CHECKOUT"]
    assert installation.refused == []


def test_case_106_an_answer_of_503() -> None:
    """An answer is 503, which Sitecore's REST pages say to try again at once.

    It is tried again within half a second, and then ever more slowly; with `Retry-After`, after
    that time.
    """
    busy = http_answer(503, b"")
    installation = Installation(answer=answering(busy)).hears(viewed()).rests()
    first, again = installation.sent
    assert isinstance(first.outcome, Retry)
    assert again.at - first.at <= 500

    later = http_answer(503, b"", (("retry-after", "7"),))
    patient = Installation(answer=answering(later)).hears(viewed()).rests()
    assert patient.sent[1].at - patient.sent[0].at >= 7000


def test_case_107_an_order_of_many_items() -> None:
    """An order has 150 items.

    It leaves, and is flagged: Sitecore keeps 100 for segments and exports.
    """
    lines = [line(f"ITEM-{number}") for number in range(150)]
    installation = told(identified(), placed(16, *lines))

    assert len(installation.only("ORDER_CHECKOUT")["order"]["orderItems"]) == 150
    assert installation.flags == ["many_items"]


def test_case_108_a_mail_about_a_cart_of_a_stranger() -> None:
    """A mail about an abandoned cart is wanted for a guest whom nobody knows.

    It is not possible. The cart leaves all the same, and the identity as soon as it is known,
    under the same browser id.
    """
    stranger = told(added(2, SHOES))
    assert stranger.types == ["ADD"]

    known = told(added(2, SHOES), identified(20))
    assert known.types == ["ADD", "IDENTITY"]
    assert len({said["browser_id"] for said in known.messages}) == 1


def test_case_109_a_cart_on_the_web_that_is_bought_in_the_app() -> None:
    """A cart is filled on the web and bought in the app, under another browser id.

    The cart on the web is cleared, and the order leaves as one ORDER_CHECKOUT in the app.
    """
    app = {"browserId": APP, "channel": "MOBILE_APP"}
    installation = told(identified(1), added(2, SHOES), placed(16, SHOES, **app))

    assert installation.types == ["IDENTITY", "ADD", "CLEAR_CART", "IDENTITY", "ORDER_CHECKOUT"]
    *_, clear, _, order = installation.messages
    assert clear["channel"] == "WEB"
    assert (order["browser_id"], order["channel"]) == (APP, "MOBILE_APP")


def test_case_110_two_devices_that_share_a_browser_id() -> None:
    """Two devices use one browser id and one channel.

    They are one session: CONFIRM and CHECKOUT follow the ADD.
    """
    installation = told(identified(1), added(2, SHOES, page="web"), placed(16, SHOES, page="app"))

    assert installation.types == ["IDENTITY", "ADD", "CONFIRM", "CHECKOUT", "PAYMENT"]


def test_case_111_fifty_one_attributes_of_an_order() -> None:
    """An order, or an item, has 51 attributes.

    It is refused: Sitecore documents 50 of each.
    """
    many = {"attributes": {f"a{number}": number for number in range(51)}}

    assert told(identified(), placed(16, SHOES, **many)).rules == [
        ("too_many_attributes", "attributes")
    ]
    assert told(identified(), placed(16, SHOES | many)).rules == [
        ("too_many_attributes", "lines.0.attributes")
    ]


def test_case_112_an_attribute_of_an_item() -> None:
    """An attribute of an item is called `phone_color`.

    It leaves as `phoneColor`.
    """
    phone = SHOES | {"attributes": {"phone_color": "Gold"}}
    (item,) = told(identified(), placed(16, phone)).only("ORDER_CHECKOUT")["order"]["orderItems"]

    assert item["extensions"] == [{"name": "ext", "key": "default", "phoneColor": "Gold"}]


def test_case_113_a_line_in_a_currency_that_is_none() -> None:
    """A line's currency is `EURO`.

    It is refused where it is read; three letters that are no currency are refused by the rules:
    the amount would show as zero.
    """
    with pytest.raises(DataError, match="currency"):
        told(added(2, SHOES | {"unitPrice": money("60", "EURO")}))

    assert told(added(2, SHOES | {"unitPrice": money("60", "EUX")})).rules == [
        ("invalid_currency", "line.unitPrice.currency")
    ]
