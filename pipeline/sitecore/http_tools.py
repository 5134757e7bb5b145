"""HTTP by ``httptools``: the fast adapter, for thousands of requests a second."""

import asyncio
import socket
from collections import deque
from contextlib import AbstractAsyncContextManager

from pipeline.sitecore import http_tls
from pipeline.sitecore.http_busy import Busy
from pipeline.sitecore.http_connection import Connection
from pipeline.sitecore.http_limits import Limits
from pipeline.sitecore.http_port import HttpSettings, Unsent
from pipeline.sitecore.http_request import HttpRequest
from pipeline.sitecore.http_route import Route, TunnelError
from pipeline.sitecore.outcome import NotSent, Reply


class ToolsHttp:
    """Sends requests over connections of its own, which it keeps for the next ones.

    A connection carries one request at a time, and only the request that it was given: when the
    server has closed a kept connection before it was seen, that request ends without an answer,
    since nothing shows how much of it was read.
    """

    def __init__(self, settings: HttpSettings) -> None:
        """Raises ConfigError when a certificate file, the endpoint or the proxy is wrong."""
        self._settings = settings
        self._route = Route(settings)
        self._places = asyncio.Semaphore(settings.connections_max)
        self._busy = Busy()
        self._idle: deque[Connection] = deque()
        self._sweeping: asyncio.TimerHandle | None = None
        self._limits = Limits()
        """Of requests that have not left."""
        self._closed = False

    async def send(self, request: HttpRequest) -> Reply:
        """Send a request and say what came of it."""
        if self._closed:
            return NotSent(Unsent.CLOSED)
        try:
            data = self._route.writer.write(request)
        except ValueError:
            return NotSent(Unsent.INVALID)
        until = asyncio.get_running_loop().time() + self._settings.total_timeout_s
        try:
            await self._take_place(until)
        except TimeoutError:
            return self._unsent(Unsent.POOL_TIMEOUT)
        try:
            return await self._exchange(data, until)
        finally:
            self._places.release()

    async def close(self) -> None:
        """Close all connections."""
        self._closed = True
        self._limits.end()
        self._busy.close()
        while self._idle:
            self._idle.pop().drop()
        if self._sweeping is not None:
            self._sweeping.cancel()
            self._sweeping = None

    async def _take_place(self, until: float) -> None:
        if self._places.locked():
            async with self._limit(until):
                await self._places.acquire()
        else:
            await self._places.acquire()

    async def _exchange(self, data: bytes, until: float) -> Reply:
        connection = self._kept()
        if connection is None:
            try:
                async with self._limit(until):
                    connection = await self._route.open()
            except OSError as error:
                return self._unsent(_why(error))
        if self._closed:
            connection.drop()
            return NotSent(Unsent.CLOSED)
        self._busy.add(connection, until)
        try:
            return await connection.ask(data)
        finally:
            self._busy.remove(connection)
            self._keep(connection)

    def _limit(self, until: float) -> AbstractAsyncContextManager[None]:
        """Bound a wait before the request leaves; closing this ends it too."""
        now = asyncio.get_running_loop().time()
        return self._limits.until(min(until, now + self._settings.connect_timeout_s))

    def _unsent(self, reason: Unsent) -> NotSent:
        return NotSent(Unsent.CLOSED if self._closed else reason)

    def _kept(self) -> Connection | None:
        """The connection that was used last, so that those in excess grow old and are closed."""
        while self._idle:
            connection = self._idle.pop()
            if connection.quiet():
                return connection
            connection.drop()
        return None

    def _keep(self, connection: Connection) -> None:
        """Keep what may be used again; what was cancelled, failed or said too much is closed."""
        if self._closed or not connection.reusable:
            connection.drop()
            return
        loop = asyncio.get_running_loop()
        connection.idle_at = loop.time()
        self._idle.append(connection)
        if self._sweeping is None:
            self._sweeping = loop.call_later(self._settings.idle_s, self._sweep)

    def _sweep(self) -> None:
        """Close what nobody has used for long."""
        loop, idle = asyncio.get_running_loop(), self._idle
        while idle and idle[0].idle_at + self._settings.idle_s <= loop.time():
            idle.popleft().drop()
        self._sweeping = None
        if idle:
            self._sweeping = loop.call_at(idle[0].idle_at + self._settings.idle_s, self._sweep)


def _why(error: OSError) -> Unsent:
    match error:
        case TimeoutError():
            return Unsent.CONNECT_TIMEOUT
        case TunnelError():
            return Unsent.PROXY
        case socket.gaierror():
            return Unsent.NAME
    return http_tls.fault(error) or Unsent.CONNECT
