"""What the Stream API's client asks of an HTTP library, and what its adapters share."""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol
from urllib.parse import urlsplit

from pipeline import __version__
from pipeline.errors import ConfigError
from pipeline.sitecore.http_request import HttpRequest
from pipeline.sitecore.outcome import Answer, Reply

BODY_BYTES_MAX: Final = 64 * 1024
"""Answers of the Stream API are some hundred bytes; what is longer is not one of them."""

CLIENT_HEADERS: Final = (
    ("accept", "*/*"),
    # Answers are too short for compression to be worth its risks.
    ("accept-encoding", "identity"),
    ("user-agent", f"commerce-to-sitecore/{__version__}"),
)


class Unsent(StrEnum):
    """Why a request provably did not leave; a label value."""

    NAME = "name_unresolved"
    CONNECT = "connect_failed"
    CONNECT_TIMEOUT = "connect_timeout"
    POOL_TIMEOUT = "pool_timeout"
    TLS = "tls_failed"
    TLS_UNTRUSTED = "tls_untrusted"
    TLS_EXPIRED = "tls_expired"
    TLS_NAME = "tls_wrong_name"
    PROXY = "proxy_refused"
    CLOSED = "client_closed"
    INVALID = "request_invalid"


class Unanswered(StrEnum):
    """Why no answer came to a request that left, or may have; a label value."""

    TIMEOUT = "answer_timeout"
    LOST = "connection_lost"
    NOT_HTTP = "answer_not_http"
    CLOSED = "client_closed"


class HttpPort(Protocol):
    """An HTTP client for one host.

    An adapter sends a request once and never again, follows no redirect, keeps no cookies, reads
    no environment, decodes no more than the limit, and never hands a request the answer to another.
    A request ends within the total timeout, or when it is cancelled, and its connection is closed
    at once. The server may have taken it all the same, so what must not leave must not be sent.
    """

    async def send(self, request: HttpRequest) -> Reply:
        """Send a request and say what came of it; raises nothing but cancellation."""
        ...

    async def close(self) -> None:
        """Send nothing more; requests under way end without an answer."""
        ...


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """How to reach one host."""

    endpoint: str
    """Base address; slashes at its end are left out, since ``//v1.2/events`` is another path."""
    total_timeout_s: float = 10.0
    """From asking for a connection to the last byte of the answer."""
    connect_timeout_s: float = 5.0
    """For a free connection slot, and for name, connection and TLS. Must be below the total:
    what ends within it is known not to have left."""
    connections_max: int = 64
    """Also the most requests under way at once."""
    idle_s: float = 15.0
    """How long an unused connection is kept. Kept shorter than servers do: a request that meets a
    closing connection may have been taken."""
    body_bytes_max: int = BODY_BYTES_MAX
    ca_file: str | None = None
    """PEM file of authorities to trust beside the system's."""
    certificate_file: str | None = None
    """PEM file of the client's own certificate chain, and of its key unless *key_file* is set."""
    key_file: str | None = None
    certificates_every_s: float = 2.0
    """How often certificate files are looked at, and read again if they have changed; only new
    connections look."""
    proxy: str | None = field(default=None, repr=False)
    """Forward proxy; the address may hold a user and a password."""

    def __post_init__(self) -> None:
        if not 0 < self.connect_timeout_s < self.total_timeout_s:
            raise ValueError("the connect timeout must lie between 0 and the total timeout")

    @property
    def base(self) -> str:
        """The endpoint, to be followed by a path."""
        return self.endpoint.rstrip("/")


def proxy_of(settings: HttpSettings) -> str | None:
    """The proxy's address, checked.

    Raises:
        ConfigError: It is no address of a proxy. Neither it nor an error that quotes it is shown,
            since it may hold a password.
    """
    if settings.proxy is None:
        return None
    try:
        parts = urlsplit(settings.proxy)
        valid = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise ConfigError("sitecore.proxy: not an address such as http://user:password@host:3128")
    return settings.proxy


def headers_of(own: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
    """All headers to send but for host and length; the request's own win over the client's."""
    names = {name.lower() for name, _ in own}
    return [*own, *((name, value) for name, value in CLIENT_HEADERS if name not in names)]


def answer(
    status: int, headers: Iterable[tuple[str, str]], *, body: bytes, cut: bool, bytes_max: int
) -> Answer:
    """Make an answer of what came: decoded within the limit, marked where anything is missing.

    Args:
        status: Final status.
        headers: In order, names in any case; values that are not text are left out before.
        body: As it came, still encoded, at most *bytes_max*.
        cut: Whether *body* is known to be incomplete.
        bytes_max: Longest body, decoded or not.
    """
    by_name = {name.lower(): value for name, value in headers}
    encoding = by_name.get("content-encoding", "").strip().lower()
    plain, broken = decoded(body, encoding, bytes_max=bytes_max)
    return Answer(status, by_name, plain, cut=cut or broken)


def decoded(body: bytes, encoding: str, *, bytes_max: int) -> tuple[bytes, bool]:
    """Undo a content encoding, up to a limit, and say whether anything is missing.

    A body that was compressed against our wish still tells what it says; one that grows over the
    limit, ends early or is encoded in another way is cut where it can no longer be read.
    """
    match encoding:
        case "" | "identity":
            return body, False
        case "gzip" | "x-gzip":
            return _inflated(body, zlib.MAX_WBITS | 16, bytes_max)
        case "deflate":
            # Some servers leave out zlib's frame, whose first byte ends in 8.
            framed = bool(body) and body[0] & 0x0F == zlib.DEFLATED
            return _inflated(body, zlib.MAX_WBITS if framed else -zlib.MAX_WBITS, bytes_max)
    return b"", True


def _inflated(body: bytes, window: int, bytes_max: int) -> tuple[bytes, bool]:
    unpacking = zlib.decompressobj(window)
    try:
        plain = unpacking.decompress(body, bytes_max)
    except zlib.error:
        return b"", True
    return plain, not unpacking.eof or bool(unpacking.unused_data)
