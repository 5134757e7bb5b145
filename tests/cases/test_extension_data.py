"""Cases 89 to 100: extension data, and what Sitecore's own library does, which we do ourselves."""

import json
from typing import Any

import pytest

from pipeline.errors import DataError
from pipeline.sitecore.outcome import Delivered, NoAnswer, Refused, Retry, Unknown
from tests.cases.installation import Installation, answering, told
from tests.cases.shop import (
    SHOES,
    added,
    identified,
    placed,
    raised,
    viewed,
    without,
)
from tests.fakes import http_answer

NO_ANSWER = NoAnswer("timeout")


def attributes(count: int) -> dict[str, int]:
    """So many attributes."""
    return {f"a{number}": number for number in range(count)}


def test_case_089_fifty_attributes() -> None:
    """An event has 50 attributes.

    All leave, in `ext`.
    """
    assert told(viewed(attributes=attributes(50))).only("VIEW")["ext"] == attributes(50)


def test_case_090_fifty_one_attributes() -> None:
    """An event has 51 attributes.

    It is refused: Sitecore documents 50.
    """
    for event in (viewed(attributes=attributes(51)), raised("A", attributes=attributes(51))):
        assert told(event).rules == [("too_many_attributes", "attributes")]


def test_case_091_a_nested_attribute() -> None:
    """An attribute has a name of several parts, such as `shipping.method`.

    It leaves as `shippingMethod`. The schema cannot nest.
    """
    said = told(viewed(attributes={"shipping.method": "express", "shipping_cost": 5}))
    assert said.only("VIEW")["ext"] == {"shippingMethod": "express", "shippingCost": 5}

    with pytest.raises(DataError, match=r"attributes\.shipping"):
        told(viewed(attributes={"shipping": {"method": "express"}}))


def test_case_092_an_attribute_with_other_characters() -> None:
    """An attribute is called `gift-wrap`.

    It leaves as `giftWrap`. A name that leaves nothing, begins with a digit, or becomes the same
    as another's is refused.
    """
    assert told(viewed(attributes={"gift-wrap": True})).only("VIEW")["ext"] == {"giftWrap": True}
    for names in (["--"], ["2nd"], ["gift-wrap", "giftWrap"]):
        installation = told(viewed(attributes=dict.fromkeys(names, True)))
        assert installation.rules == [("attribute_name", f"attributes.{names[-1]}")]


def test_case_093_an_attribute_of_two_types() -> None:
    """An attribute is a number in one event and text in the next.

    `attribute_types` gives it one type, in events, carts and orders: what can be, becomes it;
    what cannot is refused.
    """
    types = {"status": "integer"}
    said = told(viewed(attributes={"status": "0"}), attribute_types=types).only("VIEW")
    assert said["ext"] == {"status": 0}

    wrong: dict[str, Any] = {"attributes": {"status": "OK"}}
    for event, field in (
        (viewed(**wrong), "attributes.status"),
        (added(2, SHOES | wrong), "line.attributes.status"),
        (placed(16, SHOES | wrong), "lines.0.attributes.status"),
        (placed(16, SHOES, **wrong), "attributes.status"),
    ):
        installation = told(event, attribute_types=types)
        assert installation.rules == [("attribute_type", field)]


def test_case_094_an_attribute_that_is_a_date() -> None:
    """An attribute is a date.

    The shop writes it as text, and as text it leaves; nothing vanishes on the way.
    """
    said = told(viewed(attributes={"since": "2025-08-23"})).only("VIEW")

    assert said["ext"] == {"since": "2025-08-23"}


def test_case_095_extension_data_in_data_model_2_0() -> None:
    """A tenant of data model 2.0 is sent extension data.

    It is left out, and the order is flagged: the model has none.
    """
    old = {"protocol": "multiple", "data_model": "2.0"}
    who = identified(contact={"title": "Ms", "firstName": "Ann", "lastName": "Lee"})
    order = placed(16, SHOES | {"attributes": {"a": 1}}, attributes={"b": 2})
    installation = told(who, viewed(2, attributes=attributes(51)), order, **old)

    assert "CHECKOUT" in installation.types
    assert "ext" not in json.dumps(installation.messages)
    assert installation.flags == ["extension_left_out"] * 2


def test_case_096_an_event_without_a_point_of_sale() -> None:
    """An event names no point of sale, where Sitecore's library throws.

    Our counterpart: it is refused where it is read, and an empty name by the settings.
    """
    with pytest.raises(DataError, match="pointOfSale"):
        told(without(viewed(), "pointOfSale"))

    assert told(viewed(pointOfSale="")).rules == [("unknown_point_of_sale", "pointOfSale")]


def test_case_097_a_request_without_a_cookie() -> None:
    """No browser id is known, where Sitecore's library sends an empty one.

    Our counterpart: one is asked for first, and nothing leaves without. An empty one is refused
    where it is read.
    """
    installation = told(viewed(browserId=None))
    assert installation.types == ["BROWSER", "VIEW"]
    assert all(message["browser_id"] for message in installation.messages)

    with pytest.raises(DataError, match="browserId"):
        told(viewed(browserId=""))


@pytest.mark.parametrize("status", [400, 200, 201])
def test_case_098_a_refusal_that_is_json(status: int) -> None:
    """An answer says no in JSON, which Sitecore's library returns like a success.

    Our counterpart: success is a status of 2xx whose body says OK; anything else is set aside.
    """
    no = http_answer(status, b'{"status":"ERROR","message":"no"}')
    installation = Installation(answer=answering(no)).hears(viewed()).rests()

    assert isinstance(installation.sent[0].outcome, Refused)
    assert installation.types == ["VIEW"]
    assert [refusal.rule for refusal in installation.refused] == ["refused"]


def test_case_099_a_gateways_page_or_no_answer() -> None:
    """A gateway answers 502 in HTML, or the connection is cut, where the library returns null.

    Our counterpart: whether it was taken is unknown. It is sent again, marked as a possible
    repeat; after `unknown_tries_max` silences it is set aside as one that may have arrived.
    """
    page = http_answer(502, b"<html>Bad Gateway</html>")
    installation = Installation(answer=answering(page, NO_ANSWER)).hears(viewed()).rests()
    assert [type(sent.outcome) for sent in installation.sent] == [Retry, Unknown, Delivered]
    assert [sent.is_marked for sent in installation.sent] == [False, True, True]

    silent = Installation(answer=answering(*[NO_ANSWER] * 9)).hears(viewed()).rests()
    assert silent.types == ["VIEW"] * 3
    assert [refusal.rule for refusal in silent.refused] == ["may_have_arrived"]


def test_case_100_a_time_of_the_request() -> None:
    """A caller says when an event was requested; one of Sitecore's libraries overwrites it.

    Our counterpart: `requested_at` is never sent, since its meaning is not documented. What is
    too old to be told as new is not sent, and orders say their own time.
    """
    installation = told(identified(), viewed(2), placed(16, SHOES))

    assert "requested_at" not in json.dumps(installation.messages)
