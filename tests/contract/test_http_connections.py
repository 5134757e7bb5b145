"""Connections: kept, bounded, never confused, and each request on one of them once."""

import asyncio
import os
import random
import socket
from collections import Counter

import pytest

from pipeline.sitecore.http_port import HttpPort
from pipeline.sitecore.outcome import Answer, NoAnswer, NotSent, Reply
from tests.contract.adapters import LIBRARIES, Library, event, opened, run
from tests.contract.loopback import OK, AbortError, HangupError, Loopback, Visit, listening, says

pytestmark = pytest.mark.parametrize("library", LIBRARIES)

MANY = {"httptools": 300, "httpx": 100}
SURPLUS = b"HTTP/1.1 400 Bad\r\nContent-Length: 7\r\n\r\nsurplus"


def echo(visit: Visit) -> bytes:
    """An answer that says which request it is to."""
    body = visit.request.body
    return b"HTTP/1.1 201 Created\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


def test_requests_go_out_at_once_up_to_the_limit(library: Library) -> None:
    """A server that answers none before it has all of them shows that none waits for another."""
    many = MANY[library]

    async def scenario() -> None:
        all_here = asyncio.Barrier(many)

        async def script(visit: Visit) -> None:
            await all_here.wait()
            await visit.say(OK)

        async with (
            listening(script) as server,
            opened(library, server.endpoint, connections_max=many, total_timeout_s=30) as http,
        ):
            for wave in (1, 2):
                replies = await asyncio.gather(*(http.send(event(str(n))) for n in range(many)))
                assert all(isinstance(reply, Answer) for reply in replies)
                # httpx keeps none: it would confuse answers.
                kept = library != "httpx"
                assert server.connections == (many if kept else many * wave)

    run(scenario())


def test_no_more_requests_go_out_than_the_limit(library: Library) -> None:
    """The others wait for a free connection."""

    async def scenario() -> None:
        async def script(visit: Visit) -> None:
            await asyncio.sleep(0)
            await visit.say(OK)

        async with (
            listening(script) as server,
            opened(library, server.endpoint, connections_max=5) as http,
        ):
            replies = await asyncio.gather(*(http.send(event(str(n))) for n in range(50)))
            assert all(isinstance(reply, Answer) for reply in replies)
            assert len(server.requests) == 50
            assert server.under_way_most <= 5

    run(scenario())


@pytest.mark.parametrize("end", [HangupError, AbortError])
def test_a_connection_that_closes_between_requests_costs_no_repeat(
    library: Library, end: type[Exception]
) -> None:
    """The next request may meet it; the library must not send that one twice."""

    async def scenario() -> tuple[list[Reply], Counter[bytes]]:
        async with (
            listening(says(OK, end)) as server,
            opened(library, server.endpoint, connections_max=8) as http,
        ):
            replies: list[Reply] = []
            for wave in range(25):
                names = (f"{wave}/{n}" for n in range(8))
                replies += await asyncio.gather(*(http.send(event(name)) for name in names))
            return replies, Counter(seen.body for seen in server.requests)

    replies, arrived = run(scenario())

    assert max(arrived.values()) == 1
    unsent = sum(isinstance(reply, NotSent) for reply in replies)
    unknown = sum(isinstance(reply, NoAnswer) for reply in replies)
    assert 200 - unsent - unknown <= len(arrived) <= 200 - unsent


def test_surplus_bytes_never_answer_the_next_request(library: Library) -> None:
    """Or an order that was refused would count as delivered, and one that was not as refused."""

    async def scenario() -> None:
        async def script(visit: Visit) -> None:
            await visit.say(echo(visit) + SURPLUS)

        async with listening(script) as server, opened(library, server.endpoint) as http:
            for n in range(50):
                reply = await http.send(event(str(n)))
                assert not isinstance(reply, Answer) or reply.body == str(n).encode()
            assert len(server.requests) <= 50

    run(scenario())


@pytest.mark.parametrize("close", [False, True])
def test_what_the_loop_has_not_yet_told_ends_a_kept_connection(
    library: Library, close: bool
) -> None:
    """Surplus bytes, or an end, that the kernel has, and of which no callback has come yet."""

    async def scenario() -> None:
        visits: list[Visit] = []

        async def script(visit: Visit) -> None:
            visits.append(visit)
            await visit.say(echo(visit))

        async with listening(script) as server, opened(library, server.endpoint) as http:
            first = await http.send(event("first"))
            assert isinstance(first, Answer)
            if server.tasks:  # The connection was kept.
                _at_once(visits[0], b"" if close else SURPLUS)
            second = await http.send(event("second"))
            assert isinstance(second, Answer)
            assert (second.status, second.body) == (201, b"second")
            assert server.connections == 2

    run(scenario())


def _at_once(visit: Visit, data: bytes) -> None:
    """Write to a connection, or end it, without a turn of the loop."""
    with socket.socket(fileno=os.dup(visit.writer.get_extra_info("socket").fileno())) as direct:
        if data:
            direct.send(data)
        else:
            direct.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    "answer",
    [
        OK + SURPLUS,
        OK + b"HTTP",
        OK + b"noise",
        OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"),
        OK.replace(b"HTTP/1.1", b"HTTP/1.0"),
    ],
    ids=["another answer", "the start of one", "noise", "close", "HTTP/1.0"],
)
def test_a_connection_that_should_not_be_kept_is_closed(library: Library, answer: bytes) -> None:
    """By us, since the server leaves it open."""

    async def scenario() -> None:
        async with listening(says(answer)) as server, opened(library, server.endpoint) as http:
            for turn in (1, 2):
                reply = await http.send(event("x"))
                assert isinstance(reply, Answer)
                assert (reply.status, reply.body) == (201, b"{}")
                assert server.connections == turn
            await _left_by_all(server)

    run(scenario())


@pytest.mark.parametrize("surplus", [SURPLUS, b"H", b"\r\n"])
def test_what_comes_when_nothing_was_asked_ends_the_connection(
    library: Library, surplus: bytes
) -> None:
    """Whoever says more than the answer may say anything."""

    async def scenario() -> None:
        answered = asyncio.Event()

        async def script(visit: Visit) -> None:
            await visit.say(echo(visit))
            await answered.wait()
            await visit.say(surplus)

        async with listening(script) as server, opened(library, server.endpoint) as http:
            first = await http.send(event("first"))
            answered.set()
            await _left_by_all(server)
            second = await http.send(event("second"))
            assert isinstance(first, Answer)
            assert isinstance(second, Answer)
            assert (first.body, second.body) == (b"first", b"second")

    run(scenario())


def test_an_unused_connection_is_closed(library: Library) -> None:
    """Sooner than servers do: what meets a closing connection may have been taken."""

    async def unused(http: HttpPort, server: Loopback) -> None:
        assert isinstance(await http.send(event("x")), Answer)
        await _left_by_all(server)

    async def scenario() -> None:
        async with (
            listening(says(OK)) as server,
            opened(library, server.endpoint, idle_s=0.1) as http,
        ):
            await unused(http, server)
            await unused(http, server)

    run(scenario())


async def _left_by_all(server: Loopback) -> None:
    if server.tasks:
        _, open_still = await asyncio.wait(server.tasks, timeout=2)
        assert not open_still


def test_a_late_answer_never_answers_the_next_request(library: Library) -> None:
    """Under time-outs, cancellations and hang-ups together every answer is that of its request."""
    dice = random.Random(20250801)

    async def scenario() -> None:
        async def script(visit: Visit) -> None:
            await asyncio.sleep(dice.choice((0, 0, 0.01, 0.05, 0.3)))
            await visit.say(echo(visit))
            if dice.random() < 0.1:
                raise HangupError

        async with (
            listening(script) as server,
            opened(library, server.endpoint, total_timeout_s=0.2, connections_max=16) as http,
        ):

            async def one(name: str) -> Reply | None:
                sending = asyncio.create_task(http.send(event(name)))
                if dice.random() < 0.1:
                    await asyncio.sleep(0.005)
                    sending.cancel()
                await asyncio.wait([sending])
                return None if sending.cancelled() else sending.result()

            for wave in range(20):
                names = [f"{wave}/{n}" for n in range(16)]
                for name, reply in zip(names, await asyncio.gather(*map(one, names)), strict=True):
                    assert not isinstance(reply, Answer) or reply.body == name.encode()
            assert max(Counter(seen.body for seen in server.requests).values()) == 1

    run(scenario())


def test_a_cancelled_request_gives_its_place_back(library: Library) -> None:
    """At whatever step it is cancelled, and at its deadline at the latest."""

    async def scenario() -> None:
        async with (
            listening(says(OK)) as server,
            opened(library, server.endpoint, total_timeout_s=0.5, connections_max=2) as http,
        ):
            for steps in range(60):
                sending = [asyncio.create_task(http.send(event("lost"))) for _ in range(4)]
                for _ in range(steps):
                    await asyncio.sleep(0)
                for one in sending:
                    one.cancel()
                await asyncio.wait(sending)
            await asyncio.sleep(0.5)

            replies = await asyncio.gather(*(http.send(event("kept")) for _ in range(4)))

            assert all(isinstance(reply, Answer) for reply in replies), replies

    run(scenario())
