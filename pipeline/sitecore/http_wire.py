"""How a request is written to a connection: every byte is checked, since one may carry the key."""

import base64
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import unquote, urlsplit

from pipeline.sitecore.http_port import headers_of
from pipeline.sitecore.http_request import HttpRequest

_NAME: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_START: Final = re.compile(_NAME + r" /[!-~]*")
_HEADER: Final = re.compile(_NAME + r": [\t -~]*")
_OURS: Final = frozenset({"host", "content-length", "transfer-encoding", "connection"})
"""Headers that say where a request ends, or where it goes."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where to connect to."""

    secure: bool
    host: str
    port: int
    authority: str
    """Host and port as HTTP writes them; the port only if it is not the scheme's."""

    @property
    def whole(self) -> str:
        """Host and port, for a tunnel."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def address_of(url: str) -> Address:
    """Take an address apart.

    Raises:
        ValueError: It names no host, or its port is none.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("not an address of HTTP")
    secure = parts.scheme == "https"
    usual = 443 if secure else 80
    address = Address(secure, parts.hostname, parts.port or usual, "")
    authority = address.whole.removesuffix(f":{usual}")
    return Address(secure, address.host, address.port, authority)


def credentials(url: str) -> str:
    """The header line by which a proxy is told user and password; empty without any."""
    parts = urlsplit(url)
    if parts.username is None:
        return ""
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return f"proxy-authorization: Basic {base64.b64encode(pair.encode()).decode('ascii')}\r\n"


class RequestWriter:
    """Writes requests for one host."""

    def __init__(self, base: str, *, proxy: str | None) -> None:
        """Take the endpoint without slashes at its end, and the proxy that requests are read by."""
        address = address_of(base)
        # A proxy that reads the request wants the whole address in its first line.
        self._before_path = base if proxy is not None else urlsplit(base).path
        self._fixed = f" HTTP/1.1\r\nhost: {address.authority}\r\n"
        if proxy is not None:
            self._fixed += credentials(proxy)

    def write(self, request: HttpRequest) -> bytes:
        """The request's bytes.

        Raises:
            ValueError: It cannot be written, or would read as something else.
        """
        method, path, body = request.method, request.path, request.body
        if _START.fullmatch(f"{method} {path}") is None:
            raise ValueError("not a method and a path")
        head = f"{method} {self._before_path}{path}{self._fixed}{_lines(request.headers)}"
        if body is None:
            return f"{head}\r\n".encode("ascii")
        return f"{head}content-length: {len(body)}\r\n\r\n".encode("ascii") + body


@lru_cache(maxsize=64)
def _lines(own: tuple[tuple[str, str], ...]) -> str:
    lines = [f"{name}: {value}" for name, value in headers_of(own)]
    valid = all(_HEADER.fullmatch(line) for line in lines)
    if not valid or any(name.lower() in _OURS for name, _ in own):
        raise ValueError("not a header")
    return "".join(f"{line}\r\n" for line in lines)
