"""What the worker relies on, of the real adapters and of the fake that its tests use."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal, TypeAlias

import pytest

from pipeline.sitecore.http_port import BODY_BYTES_MAX, HttpPort, Unanswered, Unsent
from pipeline.sitecore.http_request import HttpRequest
from pipeline.sitecore.outcome import Answer, NoAnswer, NotSent
from tests.contract.adapters import LIBRARIES, event, opened, run
from tests.contract.loopback import HangupError, listening, says
from tests.fakes import FakeHttp, Journal, http_answer

Kind: TypeAlias = Literal["httptools", "httpx", "fake"]
KINDS: tuple[Kind, ...] = (*LIBRARIES, "fake")
pytestmark = pytest.mark.parametrize("kind", KINDS)


@dataclass(frozen=True, slots=True)
class Says:
    """What the other side answers to everything; a status of 0 is silence."""

    status: int = 201
    body: bytes = b'{"status":"OK"}'
    headers: tuple[tuple[str, str], ...] = ()

    def wired(self) -> bytes:
        """The answer's bytes."""
        if not self.status:
            return b""
        lines = [f"HTTP/1.1 {self.status} X", *(f"{name}: {value}" for name, value in self.headers)]
        lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + self.body


@asynccontextmanager
async def facing(kind: Kind, other: Says) -> AsyncIterator[tuple[HttpPort, list[bytes | None]]]:
    """A port, and the bodies that have arrived at the other side."""
    arrived: list[bytes | None] = []
    if kind == "fake":

        def reply(request: HttpRequest) -> Answer | NoAnswer:
            arrived.append(request.body)
            if not other.status:
                return NoAnswer(Unanswered.LOST)
            return http_answer(other.status, other.body, other.headers)

        yield FakeHttp(Journal(), reply), arrived
        return
    script = says(other.wired(), None if other.status else HangupError)
    async with listening(script) as server, opened(kind, server.endpoint) as http:
        yield http, arrived
        arrived += [seen.body for seen in server.requests]


async def sent(kind: Kind, other: Says, *names: str) -> list[object]:
    """The replies to some events, sent one after the other; then what has arrived."""
    async with facing(kind, other) as (http, arrived):
        replies: list[object] = [await http.send(event(name)) for name in names]
    return [*replies, arrived]


def test_an_answer_is_handed_over(kind: Kind) -> None:
    """Status, headers by lower-case name (of repeated ones the last), body."""
    headers = (("Retry-After", "1"), ("RETRY-AFTER", "2"))

    reply, _ = run(sent(kind, Says(429, b"slow down", headers), "a"))

    assert isinstance(reply, Answer)
    assert (reply.status, reply.body, reply.cut) == (429, b"slow down", False)
    assert reply.headers["retry-after"] == "2"


def test_a_long_body_is_cut(kind: Kind) -> None:
    """At the same length everywhere."""
    reply, _ = run(sent(kind, Says(body=b"x" * (BODY_BYTES_MAX + 1)), "a"))

    assert isinstance(reply, Answer)
    assert (len(reply.body), reply.cut) == (BODY_BYTES_MAX, True)


def test_silence_is_no_answer(kind: Kind) -> None:
    """The event left, and may have arrived."""
    reply, arrived = run(sent(kind, Says(0), "a"))

    assert reply == NoAnswer(Unanswered.LOST)
    assert arrived == [b"a"]


def test_requests_arrive_in_order_and_once(kind: Kind) -> None:
    """When each is sent after the reply to the one before."""
    *replies, arrived = run(sent(kind, Says(), "a", "b", "c"))

    assert all(isinstance(reply, Answer) for reply in replies)
    assert arrived == [b"a", b"b", b"c"]


def test_nothing_leaves_after_closing(kind: Kind) -> None:
    """A worker that was stopped must not send."""

    async def scenario() -> list[bytes | None]:
        async with facing(kind, Says()) as (http, arrived):
            await http.close()
            assert await http.send(event("a")) == NotSent(Unsent.CLOSED)
        return arrived

    assert run(scenario()) == []
