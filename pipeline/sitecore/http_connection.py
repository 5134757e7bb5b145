"""One connection of HTTP/1.1: one request at a time, and each byte that comes belongs to it."""

import asyncio
import select
from typing import Final, cast

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from pipeline.sitecore import http_tls
from pipeline.sitecore.http_port import Unanswered, Unsent, answer
from pipeline.sitecore.outcome import Answer, NoAnswer, NotSent, Reply

HEAD_BYTES_MAX: Final = 64 * 1024
"""Longest head of an answer, together with the interim ones before it."""


class Connection(asyncio.Protocol):
    """Sends a request and reads its answer.

    A connection is kept only if the answer ended where it said, nothing came behind it, and the
    request was written whole. In every other case it is closed at once, so that no byte of one
    exchange can be taken for the answer of another.
    """

    __slots__ = (
        "_body", "_bytes_max", "_complete", "_head_bytes", "_headers", "_loop", "_parser", "_poll",
        "_reply", "_status", "_transport", "_unsent", "_used", "idle_at", "reusable",
    )  # fmt: skip

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._loop = asyncio.get_running_loop()
        self._parser = HttpResponseParser(self)
        self._poll = select.poll()
        self._transport: asyncio.Transport | None = None
        self._reply: asyncio.Future[Reply] | None = None
        self._headers: list[tuple[bytes, bytes]] = []
        self._body = bytearray()
        self._head_bytes = 0
        self._status = 0
        self._complete = self._used = False
        self._unsent = Unsent.CONNECT
        self.reusable = False
        """Whether another request may be sent."""
        self.idle_at = 0.0
        """Since when it is unused, by the loop's clock."""

    def ask(self, data: bytes) -> asyncio.Future[Reply]:
        """Write a request; without an answer, its reply comes when the connection ends."""
        self._reply = reply = self._loop.create_future()
        if self._transport is None:  # It was lost since it was opened.
            reply.set_result(NotSent(self._unsent))
            return reply
        self.reusable = self._complete = False
        self._headers, self._body = [], bytearray()
        self._head_bytes = self._status = 0
        self._transport.write(data)
        return reply

    def quiet(self) -> bool:
        """Whether the connection is open and nothing waits to be read, as far as we can know.

        What the loop has not yet told would otherwise be read as the next request's answer, or
        show that the server had closed.
        """
        return self.reusable and not self._poll.poll(0)

    def end(self, reason: Unanswered) -> None:
        """Close at once; a request under way ends with what has come, or for this reason."""
        self._finish(self._cut() or NoAnswer(reason))

    def drop(self) -> None:
        """Close at once."""
        transport, self._transport = self._transport, None
        self.reusable = False
        if transport is not None:
            transport.abort()
            # It knows us, and cycles are looked for so seldom that thousands would gather.
            del self._parser

    # What the loop says.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        self._transport = cast("asyncio.Transport", transport)
        self._poll.register(transport.get_extra_info("socket").fileno(), select.POLLIN)

    def data_received(self, data: bytes) -> None:
        """Read on; whatever nobody asked for ends the connection."""
        if self._reply is None or self._reply.done():
            self.drop()
            return
        broken = False
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade):
            broken = True
        if self._complete:
            self._finish(self._answer(cut=False))
        elif broken or self._endless(data):
            self._finish(self._cut() or NoAnswer(Unanswered.NOT_HTTP))
        elif len(self._body) > self._bytes_max:
            self._finish(self._answer(cut=True))

    def eof_received(self) -> None:
        """The server says no more: so an answer ends that had no length."""
        self._lose(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """Say what the request under way has come to."""
        self._lose(exc)

    # What the parser says.

    def on_message_begin(self) -> None:
        """A message behind the answer makes the connection useless."""
        if self._complete:
            self.reusable = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Of trailers and of what comes behind the answer nothing is kept."""
        if not self._status:
            self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """An interim answer is passed over; a switch of protocols was not asked for."""
        status = self._parser.get_status_code()
        if self._complete:
            return
        if 100 <= status < 200 and status != 101:
            self._headers.clear()
        else:
            self._status = status

    def on_body(self, body: bytes) -> None:
        """Keep as much as the limit, and one piece more to know that it was too long."""
        if not self._complete and len(self._body) <= self._bytes_max:
            self._body += body

    def on_message_complete(self) -> None:
        """The answer has come, unless it was an interim one."""
        if self._status and not self._complete:
            self._complete = True
            self.reusable = self._parser.should_keep_alive()

    def _endless(self, data: bytes) -> bool:
        if self._status:
            return False
        self._head_bytes += len(data)
        return self._head_bytes > HEAD_BYTES_MAX

    def _lose(self, error: Exception | None) -> None:
        refused = not self._status and not self._used and http_tls.refuses_us(error)
        if self._reply is None or self._reply.done():
            self._unsent = Unsent.TLS if refused else self._unsent
            self.drop()
        elif self._status and error is None and not _sized(self._headers):
            self._finish(self._answer(cut=False))
        elif refused:
            self._finish(NotSent(Unsent.TLS))
        else:
            self.end(Unanswered.LOST)

    def _cut(self) -> Answer | None:
        return self._answer(cut=True) if self._status else None

    def _answer(self, *, cut: bool) -> Answer:
        body, bytes_max = bytes(self._body), self._bytes_max
        cut = cut or len(body) > bytes_max
        headers = _text(self._headers)
        return answer(self._status, headers, body=body[:bytes_max], cut=cut, bytes_max=bytes_max)

    def _finish(self, reply: Reply) -> None:
        self._used = True
        if isinstance(reply, Answer) and reply.status < 200:
            # None that could be an answer's: an interim one that should be the last, or less.
            reply, self.reusable = NoAnswer(Unanswered.NOT_HTTP), False
        written = self._transport is not None and not self._transport.get_write_buffer_size()
        if not self.reusable or not written:
            self.drop()
        if self._reply is not None and not self._reply.done():
            self._reply.set_result(reply)


def _text(headers: list[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    return [
        (name.decode("ascii"), value.decode("ascii").strip())
        for name, value in headers
        if value.isascii()
    ]


def _sized(headers: list[tuple[bytes, bytes]]) -> bool:
    """Whether the answer says where it ends, so that it is cut if the connection ends before."""
    return any(name.lower() in (b"content-length", b"transfer-encoding") for name, _ in headers)
