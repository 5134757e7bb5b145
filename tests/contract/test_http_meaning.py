"""From the bytes on the wire to what they mean for the event, over every HTTP adapter."""

import asyncio
import gzip

import pytest

from pipeline.sitecore.http_port import Unanswered
from pipeline.sitecore.judge import judge
from pipeline.sitecore.outcome import (
    Delivered,
    Outcome,
    Refused,
    Retry,
    SetUp,
    Throttle,
    Unknown,
    UnknownBrowser,
)
from pipeline.sitecore.owed import DeliveryId
from pipeline.sitecore.request import SendEvent
from tests.contract.adapters import EVENT, LIBRARIES, Library, opened, run
from tests.contract.loopback import (
    AbortError,
    HangupError,
    Script,
    Visit,
    endless,
    hangs,
    listening,
    says,
)
from tests.unit.sitecore.samples import BASE, NOW

pytestmark = pytest.mark.parametrize("library", LIBRARIES)

OK = b'{"status":"OK","version":"1.2","client_key":"key","ref":"a38b"}'
PAGE = b"<!DOCTYPE html><html><body>Welcome</body></html>"
DELIVERED, UNCONFIRMED = Delivered(ref="a38b"), Delivered(unconfirmed=True)


def said(status: bytes, body: bytes = b"", headers: bytes = b"", *, short: int = 0) -> bytes:
    """The bytes of an answer that is *short* by so many bytes of what it promises."""
    length = b"Content-Length: %d\r\n" % (len(body) + short)
    return b"HTTP/1.1 " + status + b"\r\n" + headers + length + b"\r\n" + body


def meaning(library: Library, script: Script) -> Outcome:
    """What becomes of one event."""

    async def scenario() -> Outcome:
        async with (
            listening(script) as server,
            opened(library, server.endpoint, total_timeout_s=1.0) as http,
        ):
            reply = await http.send(EVENT)
            assert len(server.requests) == 1, "sent once, whatever is answered"
        return judge(SendEvent(DeliveryId("d"), {"type": "VIEW", **BASE}), reply, now=NOW)  # type: ignore[dict-item]

    return run(scenario())


JSON, HTML = b"Content-Type: application/json\r\n", b"Content-Type: text/html\r\n"
GZIP = b"Content-Encoding: gzip\r\n"


@pytest.mark.parametrize(
    ("data", "outcome"),
    [
        (said(b"201 Created", OK, JSON), DELIVERED),
        (said(b"201 Created", OK), DELIVERED),
        (said(b"201 Created", OK, HTML), DELIVERED),
        (said(b"201 Created", gzip.compress(OK), JSON + GZIP), DELIVERED),
        (said(b"201 Created", OK, JSON, short=1), DELIVERED),
        (said(b"201 Created"), UNCONFIRMED),
        (said(b"204 No Content"), UNCONFIRMED),
        (said(b"201 Created", b"created", b"Content-Type: text/plain\r\n"), UNCONFIRMED),
        (said(b"201 Created", OK[:20], JSON, short=40), UNCONFIRMED),
        (said(b"201 Created", gzip.compress(OK)[:-12], JSON + GZIP), UNCONFIRMED),
        (said(b"201 Created", OK, JSON + b"Content-Encoding: br\r\n"), UNCONFIRMED),
        (said(b"201 Created", b'{"status":"ERROR"}'), Refused("HTTP 201, status ERROR")),
        (said(b"200 OK", PAGE, HTML), SetUp("http_200")),
        (said(b"200 OK", PAGE), SetUp("http_200")),
        (said(b"302 Found", b"", b"Location: /elsewhere\r\n"), SetUp("http_302")),
        (said(b"400 Bad Request", b'{"status":400}', JSON), Refused("HTTP 400")),
        (said(b"400 Bad Request", PAGE, HTML), SetUp("http_400")),
        (said(b"401 Unauthorized", PAGE, HTML), SetUp("http_401")),
        (said(b"404 Not Found", PAGE, HTML), UnknownBrowser()),
        (said(b"429 Slow", b"", b"Retry-After: 7\r\n"), Throttle(7.0, 429)),
        (said(b"502 Bad Gateway", PAGE, HTML), Retry("http_502", possible_repeat=True)),
        (said(b"500 Error", PAGE[:10], short=9), Retry("http_500", possible_repeat=True)),
    ],
)
def test_what_an_answer_means(library: Library, data: bytes, outcome: Outcome) -> None:
    """A redirect, a page, nothing, half of it, packed, wrongly labelled: each has one meaning."""
    assert meaning(library, says(data, HangupError)) == outcome


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (b"201 Created", UNCONFIRMED),
        (b"400 Bad Request", Refused("HTTP 400")),
        (b"503 Busy", Retry("http_503", possible_repeat=True)),
    ],
)
def test_of_an_endless_answer_the_status_counts(
    library: Library, status: bytes, outcome: Outcome
) -> None:
    """Nobody waits for its end; a success must not be sent again for it."""
    head = b"HTTP/1.1 " + status + b"\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"1000\r\n" + b"x" * 4096 + b"\r\n"

    assert meaning(library, endless(head, chunk)) == outcome


def test_an_answer_after_the_time_limit_is_none(library: Library) -> None:
    """The event may have been taken: the next try is marked, and few may follow."""

    async def late(visit: Visit) -> None:
        await asyncio.sleep(1.5)
        await visit.say(said(b"201 Created", OK))

    assert meaning(library, late) == Unknown(Unanswered.TIMEOUT)
    assert meaning(library, hangs) == Unknown(Unanswered.TIMEOUT)


@pytest.mark.parametrize("then", [HangupError, AbortError])
def test_a_connection_that_is_cut_before_the_status_tells_nothing(
    library: Library, then: type[Exception]
) -> None:
    """Neither that it was taken, nor that it was not."""
    assert isinstance(meaning(library, says(b"HTTP/1.1 201 Cre", then)), Unknown)
