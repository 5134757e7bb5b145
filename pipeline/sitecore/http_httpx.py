"""HTTP by ``httpx``: the plain adapter, which does everything but the speed."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import httpx

from pipeline.sitecore import http_tls
from pipeline.sitecore.http_limits import Limits
from pipeline.sitecore.http_port import (
    HttpSettings,
    Unanswered,
    Unsent,
    answer,
    headers_of,
    proxy_of,
)
from pipeline.sitecore.http_request import HttpRequest
from pipeline.sitecore.outcome import Answer, NoAnswer, NotSent, Reply

_Head: TypeAlias = tuple[int, list[tuple[str, str]]]
"""Status and headers."""


@dataclass(slots=True)
class _Exchange:
    """How far one request has come."""

    left: bool = False
    """Whether a byte of it may have been written."""
    valid: bool = False
    """Whether its head was written whole."""
    head: _Head | None = None
    """Of its answer; from then on an error only cuts the body."""
    body: bytearray = field(default_factory=bytearray)

    async def trace(self, event: str, info: dict[str, Any]) -> None:
        """Follow the library's steps; a CONNECT to a proxy is not yet our request."""
        match event:
            case "http11.send_request_headers.started":
                self.left = info["request"].method != b"CONNECT"
            case "http11.send_request_headers.complete":
                self.valid = self.left


class HttpxHttp:
    """Sends requests by ``httpx``, through a transport of its own for each.

    The client class above the transport would keep cookies, log addresses and add headers. The
    pool in it, when shared, takes surplus bytes behind an answer for the answer to the next
    request, and never frees the place of a request that was cancelled while it connected.
    """

    def __init__(self, settings: HttpSettings) -> None:
        """Raises ConfigError when a certificate file or the proxy is wrong."""
        self._settings = settings
        self._certificates = http_tls.Certificates(settings)
        self._proxy = proxy_of(settings)
        self._places = asyncio.Semaphore(settings.connections_max)
        self._limits = Limits()
        """Of all requests under way."""
        self._closed = False

    async def send(self, request: HttpRequest) -> Reply:
        """Send a request and say what came of it."""
        if self._closed:
            return NotSent(Unsent.CLOSED)
        exchange = _Exchange()
        try:
            async with self._limit(), self._place() as transport:
                return await self._run(transport, self._build(request, exchange), exchange)
        except (httpx.TransportError, httpx.InvalidURL, OSError, ValueError) as error:
            if exchange.head is None:
                return self._silence(error, exchange)
            return self._answer(exchange.head, exchange.body, cut=True)

    async def close(self) -> None:
        """Close all connections."""
        self._closed = True
        self._limits.end()

    def _limit(self) -> AbstractAsyncContextManager[None]:
        """Bound all of a request; closing this ends it too."""
        now = asyncio.get_running_loop().time()
        return self._limits.until(now + self._settings.total_timeout_s)

    @asynccontextmanager
    async def _place(self) -> AsyncIterator[httpx.AsyncHTTPTransport]:
        """Wait for one of the places, and for the time of a request fill it."""
        try:
            async with asyncio.timeout(self._settings.connect_timeout_s):
                await self._places.acquire()
        except TimeoutError:
            raise httpx.PoolTimeout("all places are taken") from None
        try:
            context = self._certificates.context()
            proxy = None if self._proxy is None else _proxy(self._proxy, context)
            async with httpx.AsyncHTTPTransport(
                verify=context, trust_env=False, proxy=proxy, retries=0
            ) as transport:
                yield transport
        finally:
            self._places.release()

    async def _run(
        self, transport: httpx.AsyncHTTPTransport, request: httpx.Request, exchange: _Exchange
    ) -> Answer:
        response = await transport.handle_async_request(request)
        exchange.head = head = response.status_code, list(_headers(response))
        body, bytes_max = exchange.body, self._settings.body_bytes_max
        try:
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > bytes_max:
                    break
        finally:
            await response.aclose()
        return self._answer(head, body[:bytes_max], cut=len(body) > bytes_max)

    def _answer(self, head: _Head, body: bytearray, *, cut: bool) -> Answer:
        bytes_max = self._settings.body_bytes_max
        return answer(*head, body=bytes(body), cut=cut, bytes_max=bytes_max)

    def _build(self, request: HttpRequest, exchange: _Exchange) -> httpx.Request:
        return httpx.Request(
            request.method,
            self._settings.base + request.path,
            headers=[*headers_of(request.headers), ("connection", "close")],
            content=request.body,
            extensions={
                "timeout": {"connect": self._settings.connect_timeout_s},
                "trace": exchange.trace,
            },
        )

    def _silence(self, error: Exception, exchange: _Exchange) -> NotSent | NoAnswer:
        """Say why there is no answer, by fixed words: error texts may hold addresses."""
        if not exchange.left:
            return NotSent(Unsent.CLOSED if self._closed else _unsent(error))
        if isinstance(error, httpx.LocalProtocolError) and not exchange.valid:
            return NotSent(Unsent.INVALID)
        if any(http_tls.refuses_us(cause) for cause in _chain(error)):
            return NotSent(Unsent.TLS)
        match error:
            case _ if self._closed:
                return NoAnswer(Unanswered.CLOSED)
            case TimeoutError() | httpx.TimeoutException():
                return NoAnswer(Unanswered.TIMEOUT)
            case httpx.RemoteProtocolError() if "disconnected" not in str(error):
                return NoAnswer(Unanswered.NOT_HTTP)
        return NoAnswer(Unanswered.LOST)


def _proxy(address: str, context: ssl.SSLContext) -> httpx.Proxy:
    return httpx.Proxy(address, ssl_context=context if address.startswith("https:") else None)


def _headers(response: httpx.Response) -> Iterator[tuple[str, str]]:
    for name, value in response.headers.raw:
        if value.isascii():
            yield name.decode("ascii"), value.decode("ascii")


def _unsent(error: Exception) -> Unsent:
    match error:
        case httpx.PoolTimeout():
            return Unsent.POOL_TIMEOUT
        case TimeoutError() | httpx.ConnectTimeout():
            return Unsent.CONNECT_TIMEOUT
        case httpx.ProxyError():
            return Unsent.PROXY
        case httpx.InvalidURL() | httpx.UnsupportedProtocol() | ValueError():
            return Unsent.INVALID
    return next(filter(None, map(_named, _chain(error))), Unsent.CONNECT)


def _named(cause: BaseException) -> Unsent | None:
    return Unsent.NAME if isinstance(cause, socket.gaierror) else http_tls.fault(cause)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
