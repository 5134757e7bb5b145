"""What no answer means: one suite for every HTTP adapter, and each request is sent once."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from pipeline.sitecore.http_port import Unanswered, Unsent
from pipeline.sitecore.http_request import HttpRequest
from pipeline.sitecore.outcome import Answer, NoAnswer, NotSent, Reply
from tests.contract.adapters import ASKING, EVENT, KEY, LIBRARIES, Library, event, opened, run
from tests.contract.loopback import (
    AbortError,
    HangupError,
    Loopback,
    Script,
    Visit,
    drips,
    hangs,
    listening,
    says,
)

pytestmark = pytest.mark.parametrize("library", LIBRARIES)

GARBAGE = (
    b"\x16\x03\x01\x00\x05hello\r\n\r\n",
    b"hello",
    b"HTTPS 200 OK\r\n\r\n",
    b"HTTP/1.1 2x0 OK\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    b"HTTP/1.1 200 OK\r\nContent-Length: minus\r\n\r\nab",
    b"HTTP/1.1 200 OK\r\nBad Name: 1\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nX: \x00\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nX: " + b"x" * 1_000_000 + b"\r\n\r\n",
)


async def silent(
    library: Library, script: Script, *, request: HttpRequest = EVENT, total_timeout_s: float = 2.0
) -> tuple[Reply, Loopback]:
    """Send one request to a server that plays a script."""
    async with (
        listening(script) as server,
        opened(library, server.endpoint, total_timeout_s=total_timeout_s) as http,
    ):
        return await http.send(request), server


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (says(b"", HangupError), Unanswered.LOST),
        (says(b"", AbortError), Unanswered.LOST),
        (says(b"HTTP/1.1 201 Crea", HangupError), None),
        (says(b"HTTP/1.1 201 Created\r\nContent-Len", AbortError), None),
        *((says(data, HangupError), None) for data in GARBAGE),
    ],
)
def test_a_torn_or_senseless_answer_is_none(
    library: Library, script: Script, reason: Unanswered | None
) -> None:
    """The event may have been taken; it left once, and the decision to repeat it is not here."""
    reply, server = run(silent(library, script))

    assert isinstance(reply, NoAnswer), reply
    assert reply.reason in ({reason} if reason else {Unanswered.NOT_HTTP, Unanswered.LOST})
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "script",
    [hangs, drips(b"HTTP/1.1 201 Created\r\nX: " + b"x" * 1000)],
    ids=["nothing comes", "the head drips"],
)
def test_an_answer_that_does_not_come_in_time_is_none(library: Library, script: Script) -> None:
    """The total timeout holds even while bytes keep coming."""
    reply, server = run(silent(library, script, total_timeout_s=0.4))

    assert reply == NoAnswer(Unanswered.TIMEOUT)
    assert len(server.requests) == 1


def test_interim_answers_do_not_stop_the_clock(library: Library) -> None:
    """A server that promises for ever has not answered."""

    async def promise(visit: Visit) -> None:
        while True:
            await visit.say(b"HTTP/1.1 102 Processing\r\n\r\n")
            await asyncio.sleep(0.01)

    reply, _ = run(silent(library, promise, total_timeout_s=0.4))

    assert reply == NoAnswer(Unanswered.TIMEOUT)


def test_a_half_closed_connection_is_lost(library: Library) -> None:
    """The server says that it will say nothing, and keeps listening."""

    async def half_close(visit: Visit) -> None:
        visit.writer.write_eof()
        await visit.gone()
        raise HangupError

    reply, server = run(silent(library, half_close))

    assert reply == NoAnswer(Unanswered.LOST)
    assert len(server.requests) == 1


@pytest.mark.parametrize("cancelled", [False, True])
def test_a_request_that_is_given_up_closes_its_connection(
    library: Library, cancelled: bool
) -> None:
    """At once: a worker that gives its messages back stops what another will send."""
    total_timeout_s = 30.0 if cancelled else 0.4

    async def scenario() -> None:
        arrived, closed = asyncio.Event(), asyncio.Event()

        async def script(visit: Visit) -> None:
            arrived.set()
            await visit.gone()
            closed.set()
            raise HangupError

        async with (
            listening(script) as server,
            opened(library, server.endpoint, total_timeout_s=total_timeout_s) as http,
        ):
            sending = asyncio.create_task(http.send(EVENT))
            await arrived.wait()
            if cancelled:
                sending.cancel()
            await asyncio.wait([sending])
            await asyncio.wait_for(closed.wait(), 1)
            assert sending.cancelled() == cancelled

    run(scenario())


def test_a_refused_connection_is_not_sent(library: Library) -> None:
    """Nobody listens: the event cannot have been taken."""
    with _port() as port:
        assert _unsent(library, f"http://127.0.0.1:{port}") == NotSent(Unsent.CONNECT)


def test_an_unknown_name_is_not_sent(library: Library) -> None:
    """A wrong region's host must not look like an event that may have arrived."""
    reply = _unsent(library, "http://stream-api.invalid")

    assert reply in (NotSent(Unsent.NAME), NotSent(Unsent.CONNECT_TIMEOUT))


def test_a_connection_that_does_not_come_about_is_not_sent(library: Library) -> None:
    """A host that is down answers nothing at all; the queue of this one is full."""
    with _port(backlog=0) as port, _filled(port):
        reply = _unsent(library, f"http://127.0.0.1:{port}", total_timeout_s=0.6)

    assert reply == NotSent(Unsent.CONNECT_TIMEOUT)


def test_a_wait_for_a_free_connection_ends_as_not_sent(library: Library) -> None:
    """It has not begun; and it counts towards the total time."""

    async def scenario() -> Reply:
        async with (
            listening(hangs) as server,
            opened(library, server.endpoint, total_timeout_s=1.0, connections_max=1) as http,
        ):
            first = asyncio.create_task(http.send(EVENT))
            await server.arrived.wait()
            second = await http.send(EVENT)
            assert await first == NoAnswer(Unanswered.TIMEOUT)
            assert len(server.requests) == 1
            return second

    assert run(scenario()) == NotSent(Unsent.POOL_TIMEOUT)


def test_a_closed_client_sends_nothing(library: Library) -> None:
    """After the drain nothing may leave any more."""

    async def scenario() -> None:
        async with listening(hangs) as server, opened(library, server.endpoint) as http:
            under_way = asyncio.create_task(http.send(EVENT))
            await server.arrived.wait()

            await http.close()

            assert await under_way == NoAnswer(Unanswered.CLOSED)
            assert await http.send(EVENT) == NotSent(Unsent.CLOSED)
            assert len(server.requests) == 1

    run(scenario())


def test_a_closed_client_lets_nobody_wait(library: Library) -> None:
    """What waits for a free connection ends at once, and does not leave when one becomes free."""

    async def scenario() -> None:
        async with (
            listening(hangs) as server,
            opened(library, server.endpoint, total_timeout_s=30.0, connections_max=1) as http,
        ):
            both = [asyncio.create_task(http.send(event(name))) for name in ("first", "second")]
            await server.arrived.wait()

            await http.close()

            async with asyncio.timeout(2):
                replies = await asyncio.gather(*both)
            assert replies == [NoAnswer(Unanswered.CLOSED), NotSent(Unsent.CLOSED)]
            assert [seen.body for seen in server.requests] == [b"first"]

    run(scenario())


def test_a_closed_client_connects_no_more(library: Library) -> None:
    """A server that accepts and says nothing of TLS would hold it until the time limit."""
    if library == "httpx":
        pytest.skip("it leaves a cancelled handshake to the garbage collector, with a warning")

    async def scenario() -> Reply:
        with _port(backlog=8) as port:
            async with opened(library, f"https://127.0.0.1:{port}", total_timeout_s=30.0) as http:
                sending = asyncio.create_task(http.send(EVENT))
                await asyncio.sleep(0.1)
                await http.close()
                return await asyncio.wait_for(sending, 2)

    assert run(scenario()) == NotSent(Unsent.CLOSED)


@pytest.mark.parametrize(
    "request_",
    [
        HttpRequest("POST", "/", b"", (("x", "a\r\nb: c"),)),
        HttpRequest("PO ST", "/", b""),
        HttpRequest("POST", "/", b"", (("bad name", "x"),)),
    ],
)
def test_a_request_that_cannot_be_written_is_not_sent(
    library: Library, request_: HttpRequest
) -> None:
    """One message must not end the worker, nor smuggle a second request behind it."""
    reply, server = run(silent(library, says(b""), request=request_))

    assert reply == NotSent(Unsent.INVALID)
    assert server.requests == []


@pytest.mark.parametrize("script", [says(b"", HangupError), says(GARBAGE[0], HangupError), hangs])
def test_the_client_key_is_in_no_log_and_no_reply(
    library: Library, script: Script, caplog: pytest.LogCaptureFixture
) -> None:
    """In the GET form every address holds it, and libraries like to log addresses."""
    caplog.set_level(0)

    reply, server = run(silent(library, script, request=ASKING, total_timeout_s=0.4))

    assert KEY in server.requests[0].target
    assert KEY not in caplog.text + repr(reply) + repr(ASKING) + repr(EVENT)


def _unsent(library: Library, endpoint: str, total_timeout_s: float = 5.0) -> Reply:
    async def scenario() -> Reply:
        async with opened(library, endpoint, total_timeout_s=total_timeout_s) as http:
            return await http.send(EVENT)

    reply = run(scenario())
    assert not isinstance(reply, Answer)
    return reply


@contextmanager
def _port(backlog: int | None = None) -> Iterator[int]:
    """A port of ours; without a backlog nobody listens there."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        if backlog is not None:
            held.listen(backlog)
        yield held.getsockname()[1]


@contextmanager
def _filled(port: int) -> Iterator[None]:
    """Fill the queue of a port that accepts nobody."""
    waiting = [socket.socket() for _ in range(8)]
    try:
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
        yield
    finally:
        for one in waiting:
            one.close()
