"""HTTP by ``pyreqwest``: the fast adapter, for thousands of requests a second."""

import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Final

from pyreqwest.client import Client, ClientBuilder
from pyreqwest.exceptions import (
    BuilderError,
    ClientClosedError,
    DecodeError,
    PoolTimeoutError,
    PyreqwestError,
    RequestTimeoutError,
)
from pyreqwest.http import HeaderMap
from pyreqwest.proxy import ProxyBuilder
from pyreqwest.request import StreamRequest
from pyreqwest.response import Response

from pipeline.errors import ConfigError
from pipeline.sitecore import http_tls
from pipeline.sitecore.http_port import (
    CLIENT_HEADERS,
    HttpSettings,
    Unanswered,
    Unsent,
    answer,
    proxy_of,
)
from pipeline.sitecore.http_request import HttpRequest
from pipeline.sitecore.outcome import Answer, NoAnswer, NotSent, Reply

_UNSENT: Final = (
    "client error (Connect)",
    "client error (Canceled)",
    "client error (ChannelClosed)",
)
"""How hyper names what happened before the first byte of the request was written. The library's own
classes do not tell: a total timeout is a ``ConnectTimeoutError`` to it."""

_REFUSED_US: Final = re.compile(
    "received fatal alert: .*(Certificate|UnknownCA|AccessDenied|HandshakeFailure)"
)
"""In TLS 1.3 a server judges our certificate when we may already write. Refusing it, it ends the
handshake, and what was written is never read as a request."""

_CAUSES: Final = (
    ("dns error", Unsent.NAME),
    ("UnknownIssuer", Unsent.TLS_UNTRUSTED),
    ("Expired", Unsent.TLS_EXPIRED),
    ("certificate expired", Unsent.TLS_EXPIRED),
    ("NotValidForName", Unsent.TLS_NAME),
    ("not valid for name", Unsent.TLS_NAME),
    ("certificate", Unsent.TLS),
    ("received fatal alert", Unsent.TLS),
    ("handshake", Unsent.TLS),
    ("received corrupt message", Unsent.TLS),
    ("tunnel", Unsent.PROXY),
    ("proxy", Unsent.PROXY),
)
"""Words in an error's causes that say more; the first that occurs counts."""


class PyreqwestHttp:
    """Sends requests by ``pyreqwest``.

    Cancelling `send`, or closing this, ends the waiting only: the library lets the request go on by
    itself, until its total timeout at the latest.

    Source: hyper, beneath it, tries a request again by itself only if the pooled connection that it
    chose closed before the request was taken from its queue, so not a byte of it was written.
    """

    def __init__(self, settings: HttpSettings) -> None:
        """Raises ConfigError when a certificate file or the proxy is wrong."""
        self._base = settings.base
        self._bytes_max = settings.body_bytes_max
        self._client = _client(settings)
        self._closed = False

    async def send(self, request: HttpRequest) -> Reply:
        """Send a request and say what came of it."""
        if self._closed:
            return NotSent(Unsent.CLOSED)
        try:
            built = self._build(request)
        except ValueError:
            return NotSent(Unsent.INVALID)
        try:
            async with built as response:
                return await self._answer(response)
        except PyreqwestError as error:
            return _silence(error)

    async def close(self) -> None:
        """Close all connections."""
        self._closed = True
        await self._client.close()

    def _build(self, request: HttpRequest) -> StreamRequest:
        building = self._client.request(request.method, self._base + request.path)
        if request.headers:
            building = building.headers(request.headers)
        if request.body is not None:
            building = building.body_bytes(request.body)
        # Read nothing ahead: an error in the body would take the status with it.
        return building.streamed_read_buffer_limit(0).build_streamed()

    async def _answer(self, response: Response) -> Answer:
        headers = _headers(response.headers)
        body, cut = await self._read(response)
        return answer(response.status, headers, body=body, cut=cut, bytes_max=self._bytes_max)

    async def _read(self, response: Response) -> tuple[bytes, bool]:
        body = bytearray()
        reader = response.body_reader
        try:
            while (chunk := await reader.read_chunk()) is not None:
                body += chunk
                if len(body) > self._bytes_max:
                    return bytes(body[: self._bytes_max]), True
        except PyreqwestError:
            return bytes(body), True
        return bytes(body), False


def _client(settings: HttpSettings) -> Client:
    building = (
        ClientBuilder()
        .no_proxy()
        .follow_redirects(enable=False)
        .referer(enable=False)
        .gzip(enable=False)
        .deflate(enable=False)
        .brotli(enable=False)
        .zstd(enable=False)
        .http1_only()
        .default_headers(CLIENT_HEADERS)
        .timeout(timedelta(seconds=settings.total_timeout_s))
        .connect_timeout(timedelta(seconds=settings.connect_timeout_s))
        .pool_timeout(timedelta(seconds=settings.connect_timeout_s))
        .max_connections(settings.connections_max)
        .pool_max_idle_per_host(settings.connections_max)
        .pool_idle_timeout(timedelta(seconds=settings.idle_s))
    )
    if settings.ca_file is not None or settings.certificate_file is not None:
        http_tls.ssl_context(settings)  # It says what is wrong with a file; the library does not.
    for authority in http_tls.authorities(settings):
        building = building.add_root_certificate_pem(authority)
    if (identity := http_tls.identity(settings)) is not None:
        building = building.identity_pem(identity)
    if (proxy := proxy_of(settings)) is not None:
        building = building.proxy(ProxyBuilder.all(proxy))
    try:
        return building.build()
    except BuilderError as error:
        raise ConfigError(
            "the HTTP client finds no authorities to trust: install the system's certificates"
        ) from error


def _headers(headers: HeaderMap) -> Iterable[tuple[str, str]]:
    try:
        return list(headers.items())
    except ValueError:
        # A value that is not text; the others are still wanted.
        return [(name, value) for name in headers for value in _text(headers, name)]


def _text(headers: HeaderMap, name: str) -> list[str]:
    try:
        return headers.getall(name)
    except ValueError:
        return []


def _silence(error: PyreqwestError) -> NotSent | NoAnswer:
    """Say why there is no answer. Never by the error's text: it holds the URL, so maybe the key."""
    if isinstance(error, PoolTimeoutError):
        return NotSent(Unsent.POOL_TIMEOUT)
    causes = _causes(error)
    if any(cause in _UNSENT for cause in causes):
        timed_out = isinstance(error, RequestTimeoutError)
        return NotSent(Unsent.CONNECT_TIMEOUT if timed_out else _named(causes))
    if any(_REFUSED_US.search(cause) for cause in causes):
        return NotSent(Unsent.TLS)
    match error:
        case RequestTimeoutError():
            return NoAnswer(Unanswered.TIMEOUT)
        case DecodeError():
            return NoAnswer(Unanswered.NOT_HTTP)
        case ClientClosedError():
            return NoAnswer(Unanswered.CLOSED)
    return NoAnswer(Unanswered.LOST)


def _causes(error: PyreqwestError) -> list[str]:
    details = getattr(error, "details", None)
    listed = details.get("causes") if isinstance(details, Mapping) else None
    # The first is the library's own sentence with the URL in it.
    return [cause["message"] for cause in (listed or ())][1:]


def _named(causes: list[str]) -> Unsent:
    text = "\n".join(causes)
    return next((name for words, name in _CAUSES if words in text), Unsent.CONNECT)
