"""Two thousand answers that make little sense or none: each is a reply, never an exception."""

import asyncio
import random
from collections import Counter
from itertools import chain

import pytest

from pipeline.sitecore.outcome import Answer, NoAnswer, NotSent, Reply
from tests.contract.adapters import LIBRARIES, Library, event, opened, run
from tests.contract.loopback import AbortError, HangupError, Visit, listening

pytestmark = pytest.mark.parametrize("library", LIBRARIES)

TIMES = 2000
SEEDLINGS = (
    b'HTTP/1.1 201 Created\r\nX-Id: 1\r\nContent-Length: 15\r\n\r\n{"status":"OK"}',
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 500 Oh\r\nConnection: close\r\n\r\nno",
    b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x00",
)
PIECES = (b"\r\n", b"\n", b"\0", b":", b" ", b"\xff", b"HTTP/1.1", b"99999999999999999999", b"-1")


def grown(dice: random.Random) -> bytes:
    """Bytes at random, or an answer that was torn, shuffled or spoilt."""
    if dice.random() < 0.2:
        return dice.randbytes(dice.randrange(200))
    data = bytearray(dice.choice(SEEDLINGS))
    for _ in range(dice.randrange(1, 6)):
        at = dice.randrange(len(data) + 1)
        match dice.randrange(4):
            case 0:
                data[at : at + 1] = dice.randbytes(1)
            case 1:
                data[at:at] = dice.choice(PIECES)
            case 2:
                del data[at : at + dice.randrange(1, 10)]
            case 3:
                del data[at:]
    return bytes(data)


def test_any_answer_is_a_reply(library: Library) -> None:
    """And no request is sent twice, whatever came back."""
    dice = random.Random(42)

    async def script(visit: Visit) -> None:
        await visit.say(grown(dice))
        raise dice.choice((HangupError, HangupError, AbortError))

    async def scenario() -> tuple[list[Reply], Counter[bytes]]:
        async with (
            listening(script) as server,
            opened(library, server.endpoint, connections_max=16, total_timeout_s=10) as http,
        ):

            async def some(first: int) -> list[Reply]:
                return [await http.send(event(str(n))) for n in range(first, TIMES, 16)]

            replies = await asyncio.gather(*(some(first) for first in range(16)))
            return list(chain(*replies)), Counter(seen.body for seen in server.requests)

    replies, arrived = run(scenario())

    assert len(replies) == TIMES
    assert {type(reply) for reply in replies} <= {Answer, NoAnswer, NotSent}
    assert max(arrived.values()) == 1
