"""The bytes of requests."""

import json
from collections.abc import Callable
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.sitecore.client import write_json
from pipeline.sitecore.owed import DeliveryId
from pipeline.sitecore.request import CreateBrowser, JsonValue, SendEvent
from pipeline.sitecore.wire import to_http, to_json

MESSAGE = {
    "type": "VIEW",
    "browser_id": "a38b",
    "channel": "WEB",
    "currency": "EUR",
    "page": "café & bar",
    "pos": "myretailsite/ireland",
}
EVENT = SendEvent(DeliveryId("d-1"), MESSAGE)


def test_case_001_the_get_form_carries_the_message_in_the_query() -> None:
    """Percent-encoded JSON without a blank around keys and values."""
    wired = to_http(EVENT, client_key="my key", form="get", mark=False)

    assert wired.method == "GET"
    assert wired.path == (
        "/v1.2/event/create.json?client_key=my%20key&message="
        "%7B%22type%22%3A%22VIEW%22%2C%22browser_id%22%3A%22a38b%22%2C%22channel%22%3A%22WEB%22"
        "%2C%22currency%22%3A%22EUR%22%2C%22page%22%3A%22caf%C3%A9%20%26%20bar%22%2C%22pos%22"
        "%3A%22myretailsite%2Fireland%22%7D"
    )
    assert wired.body is None
    assert wired.headers == ()


def test_case_002_the_post_form_is_one_flat_body_with_the_key_in_it() -> None:
    """No query; the key stands where Sitecore's own library puts it."""
    wired = to_http(EVENT, client_key="key", form="post", mark=False)

    assert (wired.method, wired.path) == ("POST", "/v1.2/events")
    assert wired.headers == (("Content-Type", "application/json"),)
    assert (
        wired.body
        == (
            '{"type":"VIEW","browser_id":"a38b","channel":"WEB","client_key":"key","currency":"EUR",'
            '"page":"café & bar","pos":"myretailsite/ireland"}'
        ).encode()
    )


@pytest.mark.parametrize("form", ["get", "post"])
def test_case_003_a_browser_id_is_asked_for_with_an_empty_message(form: str) -> None:
    """The braces go as they are."""
    request = CreateBrowser(DeliveryId("d-1"))

    wired = to_http(request, client_key="a&b", form=form, mark=False)  # type: ignore[arg-type]

    assert wired.path == "/v1.2/browser/create.json?client_key=a%26b&message={}"
    assert (wired.method, wired.body, wired.headers) == ("GET", None, ())


def test_marks_are_headers_that_a_setting_switches_on() -> None:
    """How Sitecore takes an unknown header is not documented."""
    repeated = SendEvent(DeliveryId("d-1"), MESSAGE, possible_repeat=True)
    delivery = ("X-Delivery-Id", "d-1")
    repeat = ("X-Possible-Repeat", "true")

    def marks(request: SendEvent | CreateBrowser) -> list[tuple[str, str]]:
        wired = to_http(request, client_key="key", form="get", mark=True)
        return list(wired.headers)

    assert marks(EVENT) == [delivery]
    assert marks(repeated) == [delivery, repeat]
    assert marks(CreateBrowser(DeliveryId("d-1"))) == [delivery]
    assert to_http(repeated, client_key="key", form="get", mark=False).headers == ()


def test_the_key_of_the_settings_wins_over_one_in_the_message() -> None:
    """Data never decides which tenant it goes to."""
    event = SendEvent(DeliveryId("d-1"), {**MESSAGE, "client_key": "other"})

    body = to_http(event, client_key="key", form="post", mark=False).body

    assert json.loads(body or b"")["client_key"] == "key"


def test_a_decimal_is_written_with_its_own_digits() -> None:
    """No float is written like it."""
    written = to_json({"a": [Decimal("123456789012345678.123456"), "é", 1], "b": {"c": None}})

    assert written == '{"a":[123456789012345678.123456,"é",1],"b":{"c":null}}'


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.floats(allow_nan=False).filter(lambda f: abs(f) < 1e300),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@pytest.mark.parametrize("write", [write_json, lambda value: to_json(value).encode()])
@given(value=json_values)
def test_both_forms_say_the_same(write: Callable[[JsonValue], bytes], value: object) -> None:
    """Whatever stands in a message survives both ways of writing it."""
    event = SendEvent(DeliveryId("d"), {**MESSAGE, "ext": value})  # type: ignore[dict-item]

    post = to_http(event, client_key="key", form="post", mark=False, write=write)
    get = to_http(event, client_key="key", form="get", mark=False, write=write)

    body = json.loads(post.body or b"")
    del body["client_key"]
    [message] = parse_qs(urlsplit(get.path).query)["message"]
    assert body == json.loads(message) == {**MESSAGE, "ext": value}
    assert get.path.isascii()
