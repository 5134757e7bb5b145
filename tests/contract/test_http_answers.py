"""What comes back as an answer, however oddly it was said: one suite for every HTTP adapter."""

import asyncio
import gzip
import zlib
from typing import Any

import pytest

from pipeline.sitecore.http_port import BODY_BYTES_MAX, Unanswered
from pipeline.sitecore.http_request import HttpRequest
from pipeline.sitecore.outcome import Answer, NoAnswer, Reply
from tests.contract.adapters import EVENT, LIBRARIES, Library, opened, run
from tests.contract.loopback import (
    HangupError,
    Loopback,
    Script,
    Seen,
    drips,
    endless,
    listening,
    says,
)

pytestmark = pytest.mark.parametrize("library", LIBRARIES)


async def exchanged(library: Library, script: Script, **settings: Any) -> tuple[Reply, Loopback]:
    """Send one event to a server that plays a script."""
    async with (
        listening(script) as server,
        opened(library, server.endpoint, **settings) as http,
    ):
        return await http.send(EVENT), server


def answered(library: Library, data: bytes, **settings: Any) -> Answer:
    """The answer to one event, from a server that says *data* and hangs up."""
    reply, server = run(exchanged(library, says(data, HangupError), **settings))
    assert isinstance(reply, Answer), reply
    assert len(server.requests) == 1
    return reply


def said(headers: bytes, body: bytes = b"", status: bytes = b"200 OK") -> bytes:
    """The bytes of an answer."""
    return b"HTTP/1.1 " + status + b"\r\n" + headers + b"\r\n" + body


def sized(body: bytes, headers: bytes = b"") -> bytes:
    """The bytes of an answer whose length is said."""
    return said(headers + b"Content-Length: %d\r\n" % len(body), body)


def test_status_headers_and_body_are_handed_over(library: Library) -> None:
    """Judging an answer needs all three; names come in lower case, of repeated ones the last."""
    data = said(b"Retry-After: 1\r\nRETRY-AFTER: 2\r\nContent-Length: 4\r\n", b"late", b"503 Busy")

    reply = answered(library, data)

    assert (reply.status, reply.body, reply.cut) == (503, b"late", False)
    assert reply.headers["retry-after"] == "2"


@pytest.mark.parametrize("status", [200, 201, 204, 301, 302, 307, 400, 401, 404, 429, 500, 599])
def test_every_status_is_an_answer(library: Library, status: int) -> None:
    """No status is an error, and no redirect is followed: it could carry the key elsewhere."""
    location = b"Location: http://127.0.0.1:9/elsewhere\r\nContent-Length: 0\r\n"

    assert answered(library, said(location, status=b"%d X" % status)).status == status


def test_the_request_arrives_as_it_was_written(library: Library) -> None:
    """Path, query and body are decided before; an adapter adds only what HTTP needs."""
    _, server = run(exchanged(library, says(sized(b"{}"))))

    (seen,) = server.requests
    assert (seen.line, seen.body) == ("POST /v1.2/events HTTP/1.1", EVENT.body)
    assert {name for name, _ in seen.headers} - {"connection"} == {
        "host", "content-length", "content-type", "accept", "accept-encoding", "user-agent",
    }  # fmt: skip
    assert seen.header("content-type") == "application/json"
    assert seen.header("accept-encoding") == "identity"


def test_a_header_of_the_request_replaces_ours(library: Library) -> None:
    """A name said twice would leave it to the server which one counts."""

    async def scenario() -> Seen:
        async with (
            listening(says(sized(b"{}"))) as server,
            opened(library, server.endpoint) as http,
        ):
            await http.send(HttpRequest("POST", "/", b"{}", (("User-Agent", "mine"),)))
            return server.requests[0]

    agents = [value for name, value in run(scenario()).headers if name == "user-agent"]

    assert agents == ["mine"]


def test_a_long_answer_is_cut_at_the_limit(library: Library) -> None:
    """An answer is some hundred bytes; nothing may fill the memory of thousands of requests."""
    whole = answered(library, sized(b"x" * BODY_BYTES_MAX))
    over = answered(library, sized(b"x" * (BODY_BYTES_MAX + 1)))

    assert (len(whole.body), whole.cut) == (BODY_BYTES_MAX, False)
    assert (len(over.body), over.cut) == (BODY_BYTES_MAX, True)


@pytest.mark.parametrize(
    ("head", "chunk"),
    [
        (said(b""), b"x" * 4096),
        (said(b"Transfer-Encoding: chunked\r\n"), b"1000\r\n" + b"x" * 4096 + b"\r\n"),
    ],
)
def test_an_endless_answer_is_cut_at_the_limit(library: Library, head: bytes, chunk: bytes) -> None:
    """The connection is closed there; nobody waits for the end."""

    async def scenario() -> Reply:
        async with asyncio.timeout(5):
            reply, _ = await exchanged(library, endless(head, chunk), total_timeout_s=30.0)
            return reply

    reply = run(scenario())

    assert isinstance(reply, Answer)
    assert (len(reply.body), reply.cut) == (BODY_BYTES_MAX, True)


@pytest.mark.parametrize(
    "data",
    [
        said(b"Content-Length: 10\r\n", b"abc"),
        said(b"Transfer-Encoding: chunked\r\n", b"3\r\nabc\r\n"),
        said(b"Transfer-Encoding: chunked\r\n", b"3\r\nabc\r\nzz\r\n"),
    ],
)
def test_a_body_that_ends_early_is_a_cut_answer(library: Library, data: bytes) -> None:
    """The status has come, and it decides whether the event must never be sent again."""
    reply = answered(library, data)

    assert (reply.status, reply.body, reply.cut) == (200, b"abc", True)


def test_a_body_that_drips_past_the_deadline_is_a_cut_answer(library: Library) -> None:
    """The total timeout holds even while bytes keep coming."""
    head = said(b"Content-Length: 1000\r\n")

    async def script(visit: Any) -> None:
        await visit.say(head)
        await drips(b"x" * 1000)(visit)

    reply, _ = run(exchanged(library, script, total_timeout_s=0.5))

    assert isinstance(reply, Answer)
    assert reply.cut
    assert 0 < len(reply.body) < 1000


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        (b"gzip", gzip.compress(b"hello")),
        (b"x-gzip", gzip.compress(b"hello")),
        (b"deflate", zlib.compress(b"hello")),
        (b"deflate", zlib.compress(b"hello")[2:-4]),
        (b"identity", b"hello"),
    ],
    ids=["gzip", "x-gzip", "deflate", "deflate without its frame", "identity"],
)
def test_a_packed_answer_is_read(library: Library, encoding: bytes, packed: bytes) -> None:
    """It was not asked for, but a gateway may do as it likes."""
    reply = answered(library, sized(packed, b"Content-Encoding: " + encoding + b"\r\n"))

    assert (reply.body, reply.cut) == (b"hello", False)


@pytest.mark.parametrize(
    ("encoding", "packed", "longest"),
    [
        (b"gzip", gzip.compress(b"\0" * 50_000_000), BODY_BYTES_MAX),
        (b"gzip", gzip.compress(b"hello")[:-3], 5),
        (b"gzip", b"hello", 0),
        (b"br", b"hello", 0),
        (b"gzip, gzip", gzip.compress(gzip.compress(b"hello")), 0),
    ],
    ids=["bomb", "torn", "not packed", "unknown", "twice"],
)
def test_a_packed_answer_that_cannot_be_read_is_cut(
    library: Library, encoding: bytes, packed: bytes, longest: int
) -> None:
    """A bomb, a torn one and an unknown one: the status still counts."""
    reply = answered(library, sized(packed, b"Content-Encoding: " + encoding + b"\r\n"))

    assert (reply.status, reply.cut) == (200, True)
    assert len(reply.body) <= longest


@pytest.mark.parametrize("interim", [b"100 Continue", b"102 Processing", b"103 Early Hints"])
def test_interim_answers_are_passed_over(library: Library, interim: bytes) -> None:
    """The final one counts."""
    data = said(b"Link: </x>\r\n", status=interim) * 3 + sized(b"final")

    assert answered(library, data).body == b"final"


def test_a_switch_of_protocols_is_no_success(library: Library) -> None:
    """Nobody asked for one: a status like any other, or no HTTP at all."""
    data = said(b"Upgrade: other\r\nConnection: upgrade\r\n", b"noise", b"101 Switching")

    reply, _ = run(exchanged(library, says(data, HangupError)))

    assert reply == NoAnswer(Unanswered.NOT_HTTP) or getattr(reply, "status", None) == 101


def test_an_answer_without_a_length_ends_with_the_connection(library: Library) -> None:
    """So old servers and some gateways do; nothing shows whether it is whole."""
    assert answered(library, b"HTTP/1.0 200 OK\r\n\r\nhello").body == b"hello"
    assert answered(library, b"HTTP/1.1 200\r\n\r\nhello").body == b"hello"


def test_a_header_that_is_not_text_is_left_out(library: Library) -> None:
    """One value in another script must not cost the answer."""
    reply = answered(library, sized(b"{}", b"X-City: K\xf6ln\r\nX-Town: Ulm\r\n"))

    assert reply.headers["x-town"] == "Ulm"
    assert "x-city" not in reply.headers


def test_ninety_header_lines_are_read(library: Library) -> None:
    """More than any gateway adds."""
    lines = b"".join(b"X-%d: %d\r\n" % (n, n) for n in range(90))

    assert answered(library, sized(b"{}", lines)).headers["x-89"] == "89"


@pytest.mark.parametrize(
    "path",
    [
        "/v1.2/event/create.json?client_key=k&message=%7B%22page%22%3A%22a%20b%27%22%7D",
        "/v1.2/browser/create.json?client_key=k&message={}",
        "/v1.2/event/create.json?message=%2525%2F..%2F%C3%A9&x=~._-",
    ],
)
def test_a_path_is_not_encoded_again(library: Library, path: str) -> None:
    """It is percent-encoded where the message is written, byte for byte as documented."""

    async def scenario() -> Seen:
        async with (
            listening(says(sized(b"{}"))) as server,
            opened(library, server.endpoint + "/") as http,
        ):
            await http.send(HttpRequest("GET", path))
            return server.requests[0]

    assert run(scenario()).line == f"GET {path} HTTP/1.1"
