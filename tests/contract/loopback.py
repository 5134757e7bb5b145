"""An HTTP server on the loopback that does exactly what a script says, byte by byte."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TypeAlias

OK = b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as it arrived."""

    line: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def target(self) -> str:
        """Path and query, or what a proxy is asked for."""
        return self.line.split(" ")[1]

    def header(self, name: str) -> str | None:
        """A header's value, by its name in lower case."""
        return dict(self.headers).get(name)


@dataclass(slots=True)
class Visit:
    """One request under way at the server."""

    request: Seen
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def say(self, data: bytes) -> None:
        """Write bytes as they are."""
        self.writer.write(data)
        await self.writer.drain()

    async def gone(self) -> None:
        """Wait until the client has closed its side."""
        with suppress(OSError):
            while await self.reader.read(4096):
                pass


Script: TypeAlias = Callable[[Visit], Awaitable[None]]


class HangupError(Exception):
    """Raised by a script: close the connection."""


class AbortError(Exception):
    """Raised by a script: reset the connection."""


@dataclass(slots=True)
class Loopback:
    """What the server saw."""

    script: Script
    port: int = 0
    connections: int = 0
    requests: list[Seen] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the first request has arrived."""
    under_way: int = 0
    under_way_most: int = 0
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def endpoint(self) -> str:
        """Address for plain HTTP."""
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read requests of one connection and play the script for each."""
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self.tasks.add(task)
        try:
            while True:
                await self._play(Visit(await read_request(reader), reader, writer))
        except AbortError:
            writer.transport.abort()
        except (HangupError, OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            await self._hang_up(writer)
            self.tasks.discard(task)

    async def _hang_up(self, writer: asyncio.StreamWriter) -> None:
        """Say what is left to be said, within a bound: the other side may not listen any more."""
        writer.close()
        try:
            async with asyncio.timeout(0.2):
                await writer.wait_closed()
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()

    async def _play(self, visit: Visit) -> None:
        self.requests.append(visit.request)
        self.arrived.set()
        self.under_way += 1
        self.under_way_most = max(self.under_way_most, self.under_way)
        try:
            await self.script(visit)
        finally:
            self.under_way -= 1


async def read_request(reader: asyncio.StreamReader) -> Seen:
    """Read one request with its body."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    line, *rest = head.strip().split("\r\n")
    pairs = (one.split(":", 1) for one in rest)
    headers = tuple((name.lower(), value.strip()) for name, value in pairs)
    body = await reader.readexactly(int(dict(headers).get("content-length", "0")))
    return Seen(line, headers, body)


@asynccontextmanager
async def listening(
    script: Script, *, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Loopback]:
    """Serve on a free port until left; connections still open are then cut."""
    loopback = Loopback(script)
    server = await asyncio.start_server(loopback.serve, "127.0.0.1", 0, ssl=tls, backlog=1024)
    loopback.port = server.sockets[0].getsockname()[1]
    try:
        yield loopback
    finally:
        server.close()
        for task in loopback.tasks:
            task.cancel()
        await asyncio.gather(*loopback.tasks, return_exceptions=True)
        # What was aborted is closed in the loop's next rounds.
        await asyncio.sleep(0.01)


def says(data: bytes, then: type[Exception] | None = None) -> Script:
    """Answer every request with these bytes, and then keep, close or reset the connection."""

    async def script(visit: Visit) -> None:
        await visit.say(data)
        if then is not None:
            raise then

    return script


async def hangs(visit: Visit) -> None:
    """Never answer."""
    await visit.gone()
    raise HangupError


def drips(data: bytes, every_s: float = 0.02) -> Script:
    """Answer one byte at a time."""

    async def script(visit: Visit) -> None:
        for byte in data:
            await visit.say(bytes([byte]))
            await asyncio.sleep(every_s)

    return script


def endless(head: bytes, chunk: bytes) -> Script:
    """Never stop answering."""

    async def script(visit: Visit) -> None:
        await visit.say(head)
        while True:
            await visit.say(chunk)

    return script
