"""What each answer is taken for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.commerce.events import BrowserId
from pipeline.sitecore.answers import DEFAULT_RULES, Kind, Matcher, Rule, Statuses
from pipeline.sitecore.judge import judge
from pipeline.sitecore.outcome import (
    Answer,
    Delivered,
    Issued,
    NoAnswer,
    NotSent,
    Outcome,
    Refused,
    Reply,
    Retry,
    SetUp,
    Throttle,
    Unknown,
    UnknownBrowser,
)
from pipeline.sitecore.owed import DeliveryId
from pipeline.sitecore.request import CreateBrowser, Request, SendEvent
from tests.unit.sitecore.samples import BASE, ISSUED, NOW

EVENT = SendEvent(DeliveryId("d"), {"type": "VIEW", **BASE})  # type: ignore[dict-item]
BROWSER = CreateBrowser(DeliveryId("d"))
OK = b'{"status":"OK","version":"1.2","client_key":"key","ref":"a38b"}'
PAGE = b"<!DOCTYPE html><html>"


def said(status: int, body: bytes = b"", **headers: str) -> Answer:
    return Answer(status, {name.replace("_", "-"): text for name, text in headers.items()}, body)


def judged(reply: Reply, request: Request = EVENT) -> Outcome:
    return judge(request, reply, now=NOW)


@pytest.mark.parametrize("status", [200, 201, 202])
def test_case_009_a_success_that_says_ok_is_delivered(status: int) -> None:
    """Success is recognised by the body's status, not by the absence of an error."""
    assert judged(said(status, OK)) == Delivered(ref="a38b")


def test_an_answer_is_not_taken_for_a_page_because_it_is_labelled_so() -> None:
    """What was acknowledged would be sent again at every probe of a hold."""
    assert judged(said(201, OK, content_type="text/html")) == Delivered(ref="a38b")
    issued = judged(said(200, f'{{"ref":"{ISSUED}"}}'.encode(), content_type="text/html"), BROWSER)
    assert issued == Issued(ISSUED, "")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"ref":""}', b'{"status":null}'])
def test_a_success_that_cannot_be_read_is_delivered_unconfirmed(body: bytes) -> None:
    """It was taken; sending it again could double it."""
    assert judged(said(201, body)) == Delivered(unconfirmed=True)


@pytest.mark.parametrize("body", [b'{"status":"ERROR"}', b'{"status":400}', b'{"status":"ok"}'])
def test_case_098_a_success_that_says_otherwise_is_refused(body: bytes) -> None:
    """Only ``OK`` is documented."""
    assert isinstance(judged(said(201, body)), Refused)


def test_a_refusal_says_what_was_found_and_no_more() -> None:
    """An error body may echo contact data."""
    assert judged(said(400, b'{"message":"ada@example.com"}')) == Refused("HTTP 400")
    assert judged(said(200, b'{"status":"ERROR"}')) == Refused("HTTP 200, status ERROR")


@pytest.mark.parametrize("status", [400, 402, 405, 409, 410, 413, 414, 422])
def test_case_005_any_other_client_error_is_refused(status: int) -> None:
    """Sending it again changes nothing."""
    assert judged(said(status)) == Refused(f"HTTP {status}")


@pytest.mark.parametrize("body", [b"", b'{"status":404}', PAGE])
def test_case_007_404_on_an_event_is_an_unknown_browser_id(body: bytes) -> None:
    """The one documented cause."""
    assert judged(said(404, body)) == UnknownBrowser()


@pytest.mark.parametrize("request_", [EVENT, BROWSER])
@pytest.mark.parametrize("status", [301, 302, 307, 308, 401, 403])
def test_case_004_a_wrong_key_or_host_is_set_up(status: int, request_: Request) -> None:
    """The event is not to blame: hold, and call a person."""
    assert judged(said(status), request_) == SetUp(f"http_{status}")


@pytest.mark.parametrize("status", [200, 201, 400])
@pytest.mark.parametrize("request_", [EVENT, BROWSER])
def test_a_page_for_people_is_a_wrong_host(status: int, request_: Request) -> None:
    """Sitecore answers in JSON."""
    assert judged(said(status, PAGE), request_) == SetUp(f"http_{status}")
    assert isinstance(judged(said(status, content_type="text/html; charset=utf-8")), SetUp)


@pytest.mark.parametrize("status", [500, 502, 503, 504, 599])
@pytest.mark.parametrize("body", [b"", OK, PAGE])
def test_case_099_a_server_error_is_retried_and_proves_nothing(status: int, body: bytes) -> None:
    """A gateway in front may have passed the event on."""
    assert judged(said(status, body)) == Retry(f"http_{status}", possible_repeat=True)


def test_a_request_time_out_is_retried_without_a_doubt() -> None:
    """The server says that it did not get the whole request."""
    assert judged(said(408)) == Retry("http_408")


def test_what_did_not_leave_is_retried_and_what_got_no_answer_is_unknown() -> None:
    """The two differ in whether Sitecore may have the event."""
    assert judged(NotSent("refused")) == Retry("refused")
    assert judged(NoAnswer("timeout")) == Unknown("timeout")


@pytest.mark.parametrize("status", [100, 101, 600, 999])
def test_an_answer_like_no_other_is_unknown(status: int) -> None:
    """It says nothing about the event."""
    assert judged(said(status)) == Unknown(f"http_{status}")


@pytest.mark.parametrize(
    ("text", "after_s"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("Sat, 23 Aug 2025 16:18:16 GMT", 60.0),
        ("Sat, 23 Aug 2025 16:17:17 -0000", 1.0),
        ("Sat, 23 Aug 2025 16:00:00 GMT", 0.0),
        ("soon", 1.0),
        ("", 1.0),
        ("-5", 1.0),
        ("1" * 400, 1.0),
        ("Sat, 23 Aug 99999 16:00:00 GMT", 1.0),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str, after_s: float) -> None:
    """Both forms are in use; anything else is a second."""
    assert judged(said(429, retry_after=text)) == Throttle(after_s, 429)


def test_only_a_503_that_names_a_time_throttles() -> None:
    """It is from a gateway all the same: Sitecore may have the event."""
    outcome = judged(said(503, retry_after="7"))

    assert outcome == Throttle(7.0, 503)
    assert isinstance(outcome, Throttle)
    assert outcome.possible_repeat
    assert isinstance(judged(said(503)), Retry)
    assert isinstance(judged(said(502, retry_after="7")), Retry)


def test_case_003_a_browser_id_is_issued() -> None:
    """``ref`` is the browser id, ``customer_ref`` the guest's reference."""
    body = f'{{"status":"OK","ref":"{ISSUED}","customer_ref":"guest"}}'.encode()

    assert judged(said(200, body), BROWSER) == Issued(ISSUED, "guest")
    assert judged(said(201, b'{"ref":"x"}'), BROWSER) == Issued(BrowserId("x"), "")


@pytest.mark.parametrize(
    "ref", [b'""', b"null", b"7", b'"a b"', b'"\\u00e9"', b'"' + b"x" * 65 + b'"', b'"\\n"']
)
def test_a_success_without_a_usable_browser_id_is_retried(ref: bytes) -> None:
    """Nothing can be sent under it, and nothing is lost by asking again."""
    body = b'{"status":"OK","ref":' + ref + b"}"

    assert judged(said(201, body), BROWSER) == Retry("http_201")
    assert judged(said(201), BROWSER) == Retry("http_201")
    assert judged(said(201, b'{"status":"ERROR","ref":"x"}'), BROWSER) == Retry("http_201")


@pytest.mark.parametrize("status", [400, 404, 410])
def test_asking_for_a_browser_id_holds_no_data_that_could_be_wrong(status: int) -> None:
    """So the host or the key is."""
    assert judged(said(status), BROWSER) == SetUp(f"http_{status}")


def test_the_first_rule_that_matches_decides() -> None:
    """Further rules can be put in front of those that come with the program."""
    busy = Rule(Matcher(Statuses(400, 400), headers=(("x-busy", ""),)), Kind.RETRY)
    rules = (busy, *DEFAULT_RULES)

    assert judge(EVENT, said(400, x_busy="1"), now=NOW, rules=rules) == Retry("http_400")
    assert judge(EVENT, said(400), now=NOW, rules=rules) == Refused("HTTP 400")
    assert judge(EVENT, said(400), now=NOW, rules=()) == Unknown("http_400")


@given(
    st.sampled_from([EVENT, BROWSER]),
    st.integers(100, 999),
    st.dictionaries(st.sampled_from(["retry-after", "content-type"]), st.text()),
    st.binary() | st.sampled_from([OK, PAGE, b'{"status":[1]}', b"[" * 5000]),
)
def test_every_answer_means_something(
    request_: Request, status: int, headers: dict[str, str], body: bytes
) -> None:
    """Whatever a host between here and Sitecore may say."""
    outcome = judge(request_, Answer(status, headers, body), now=NOW)

    assert isinstance(outcome, Issued) <= isinstance(request_, CreateBrowser)
    assert isinstance(outcome, Delivered | Refused | UnknownBrowser) <= (request_ is EVENT)
    assert isinstance(outcome, Delivered | Issued) <= (200 <= status < 300)
