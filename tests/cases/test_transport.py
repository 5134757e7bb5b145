"""Cases 1 to 12: how a request is written, and what its answer means."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest

from pipeline.config import Settings, load
from pipeline.errors import ConfigError, DataError
from pipeline.sandbox.settings import EXAMPLE_SHOP
from pipeline.sitecore.http_port import HttpSettings
from pipeline.sitecore.http_wire import RequestWriter
from pipeline.sitecore.outcome import Delivered, SetUp
from tests.cases.installation import KEY, Installation, answering, told
from tests.cases.shop import (
    BASE,
    SHOES,
    WEB,
    added,
    event,
    identified,
    placed,
    raised,
    viewed,
)
from tests.fakes import http_answer

POINT = {"name": EXAMPLE_SHOP}


def test_case_001_an_event_in_the_get_form() -> None:
    """Any valid event, sent by GET.

    Key and message stand in the query, the message percent-encoded, without blanks or line
    breaks. `wire_form: get` asks for it.
    """
    point = POINT | {"language": "EN"}
    installation = Installation(point, sitecore={"wire_form": "get"}).hears(viewed())

    (sent,) = installation.sent
    parts = urlsplit(sent.http.path)
    query = parse_qs(parts.query)
    assert (sent.http.method, parts.path) == ("GET", "/v1.2/event/create.json")
    assert query["client_key"] == [KEY]
    assert json.loads(query["message"][0]) == {"type": "VIEW", **BASE}
    assert query["message"][0] == json.dumps(json.loads(query["message"][0]), separators=(",", ":"))
    assert not set('{}" \n') & set(parts.query)


def test_case_002_an_event_in_the_post_form() -> None:
    """Any valid event, sent by POST.

    One flat JSON object with the key in it, and no query. This is the form unless the settings
    say otherwise.
    """
    (sent,) = told(viewed()).sent

    assert (sent.http.method, sent.http.path) == ("POST", "/v1.2/events")
    assert ("Content-Type", "application/json") in sent.http.headers
    assert json.loads(sent.http.body or b"") == {"type": "VIEW", **BASE, "client_key": KEY}


def test_case_003_a_browser_id_is_needed() -> None:
    """A guest has no browser id.

    One is asked for, kept, and used for everything that follows; so is Sitecore's reference of
    the guest.
    """
    installation = told(viewed(1, browserId=None), viewed(2, browserId=None))

    assert installation.types == ["BROWSER", "VIEW", "VIEW"]
    asked = installation.sent[0].http
    assert asked.path == f"/v1.2/browser/create.json?client_key={KEY}&message={{}}"
    (delivery,) = installation.told.values()
    (browser,) = delivery.browsers
    assert {message["browser_id"] for message in installation.messages} == {browser.id}
    assert browser.guest_ref == "guest-ref-1"


def test_case_004_a_browser_id_is_asked_for_with_a_wrong_key_or_host() -> None:
    """A browser id is asked for with a wrong client key, or at another region's host.

    401 is taken for a wrong setting: everything is held, nothing is set aside, and it goes on by
    itself once the setting is right.
    """
    wrong = http_answer(401, b"{}")
    installation = Installation(answer=answering(wrong, wrong))

    installation.hears(viewed(1, browserId=None))
    assert installation.held
    assert installation.sent[0].outcome == SetUp("http_401")

    installation.rests()
    assert installation.types == ["BROWSER", "BROWSER", "BROWSER", "VIEW"]
    assert installation.refused == []


def test_case_005_an_event_without_a_browser_id() -> None:
    """An event has no browser id.

    It never leaves without: a browser id is asked for first. What Sitecore answers 400 is set
    aside and never sent again.
    """
    installation = told(viewed(1, browserId=None))
    assert installation.types == ["BROWSER", "VIEW"]
    assert all(message["browser_id"] for message in installation.messages)

    refusing = Installation(answer=answering(http_answer(400, b"{}"))).hears(viewed()).rests()
    assert refusing.types == ["VIEW"]
    assert [refusal.rule for refusal in refusing.refused] == ["refused"]


def test_case_006_an_event_without_a_type() -> None:
    """An event has no type.

    Every kind of event has one; a custom event without a name is refused where it is read.
    """
    with pytest.raises(DataError, match="name"):
        told(raised(""))

    kinds = [identified(1), viewed(2), added(3, SHOES), raised("A", 4), placed(16, SHOES)]
    assert all(message["type"] for message in told(*kinds).messages)


def test_case_007_a_browser_id_that_sitecore_did_not_issue() -> None:
    """An event names a browser id that Sitecore did not issue, which it answers with 404.

    Another is asked for in its place, identity and lines are told again under it, and what names
    the wrong one later goes out under the right one.
    """
    unknown = http_answer(404, b"{}")
    installation = Installation(answer=answering(unknown))
    installation.hears(identified(1), added(2, SHOES), added(3, SHOES | {"quantity": 2})).rests()

    assert installation.types == ["IDENTITY", "BROWSER", "IDENTITY", "ADD", "ADD"]
    first, *rest = installation.messages
    assert first["browser_id"] == WEB
    assert len({message["browser_id"] for message in rest} - {WEB}) == 1
    assert installation.refused == []


@pytest.mark.parametrize("name", ["myretailsite/italy", EXAMPLE_SHOP.upper()])
def test_case_008_a_point_of_sale_that_the_tenant_does_not_have(name: str) -> None:
    """An event names a point of sale that the tenant does not have.

    It is refused against the settings, to the letter: Sitecore would answer 201 and show nothing.
    """
    installation = told(viewed(pointOfSale=name))

    assert installation.rules == [("unknown_point_of_sale", "pointOfSale")]
    assert installation.refused[0].found == name
    assert installation.sent == []


def test_case_009_a_valid_event_is_answered() -> None:
    """A valid event is answered 201 with status OK and a reference.

    That is its acceptance. Of an order the reference is kept, and `pipeline guest` shows it.
    """
    installation = told(identified(), placed(16, SHOES))

    assert {type(sent.outcome) for sent in installation.sent} == {Delivered}
    (delivery,) = installation.told.values()
    assert [order.ref for order in delivery.orders] == ["event-ref"]


def test_case_010_a_host_with_a_slash_at_its_end() -> None:
    """The host in the settings ends with a slash.

    The slash goes: a path with two of them would not be found.
    """
    settings = Settings.model_validate({"sitecore": {"endpoint": "https://api.example.com/"}})
    base = HttpSettings(str(settings.sitecore.endpoint)).base
    (sent,) = told(viewed()).sent

    written = RequestWriter(base, proxy=None).write(sent.http)
    assert written.startswith(b"POST /v1.2/events HTTP/1.1\r\nhost: api.example.com\r\n")


def test_case_011_two_orders_in_one_request() -> None:
    """Two orders could go in one request.

    Each goes in a request of its own: no documented form holds two.
    """
    other = placed(17, SHOES, orderId="MA-490095")
    installation = told(identified(), placed(16, SHOES), other)

    orders = [said["order"] for said in installation.messages if "order" in said]
    assert [order["referenceId"] for order in orders] == ["MA-490094", "MA-490095"]


def test_case_012_an_api_token_in_an_event() -> None:
    """Somebody gives the API token of REST and Batch, beside or instead of the client key.

    There is no setting for it, and an unknown one is refused; a request holds the client key and
    no other credential.
    """
    with pytest.raises(ConfigError, match="API_TOKEN"):
        load(None, {"PIPELINE_SITECORE__API_TOKEN": "secret"})

    (sent,) = told(event("PageViewed", 1)).sent
    assert {name for name, _ in sent.http.headers} == {"Content-Type", "X-Delivery-Id"}
    assert b"token" not in (sent.http.body or b"").lower()
