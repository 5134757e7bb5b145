"""How connections to the host are made: directly, by a proxy, or by a tunnel through one."""

import asyncio
import re
import socket
from collections.abc import Callable
from typing import Final, TypeVar, cast

from aiohappyeyeballs import start_connection

from pipeline.errors import ConfigError
from pipeline.sitecore.http_connection import HEAD_BYTES_MAX, Connection
from pipeline.sitecore.http_port import HttpSettings, proxy_of
from pipeline.sitecore.http_tls import Certificates
from pipeline.sitecore.http_wire import RequestWriter, address_of, credentials

_P = TypeVar("_P", bound=asyncio.Protocol)

_NEXT_ADDRESS_S: Final = 0.25
"""How long one address of a name is tried before the next one is tried beside it: RFC 8305."""
_TAKEN: Final = re.compile(rb"HTTP/1\.[01] 2\d\d[ \r]")


class TunnelError(OSError):
    """A proxy does not connect us; its answer is not the host's."""


class Route:
    """Opens connections on which requests can be sent."""

    def __init__(self, settings: HttpSettings) -> None:
        """Raises ConfigError when a certificate file, the endpoint or the proxy is wrong."""
        proxy = proxy_of(settings)
        try:
            self._host = address_of(settings.base)
        except ValueError as error:
            raise ConfigError("sitecore.endpoint: not an address such as https://host") from error
        self._first = self._host if proxy is None else address_of(proxy)
        self._tunnelled = proxy is not None and self._host.secure
        self._ask = _connect(self._host.whole, proxy or "")
        self._certificates = Certificates(settings)
        self._bytes_max = settings.body_bytes_max
        self.writer = RequestWriter(settings.base, proxy=None if self._tunnelled else proxy)
        """Writes requests as this route needs them."""

    async def open(self) -> Connection:
        """Connect; cancelled, it closes what it has opened.

        Raises:
            OSError: Nothing of a request has left. Errors of names and of TLS are its subclasses.
        """
        if not self._tunnelled:
            _, connection = await self._reach(self._connection)
            return connection
        transport, tunnel = await self._reach(self._tunnel)
        try:
            await tunnel.opened
            return await self._secure(transport)
        except BaseException:
            transport.abort()
            raise

    async def _reach(self, protocol: Callable[[], _P]) -> tuple[asyncio.Transport, _P]:
        """Connect to the host, or to the proxy before it."""
        first, loop = self._first, asyncio.get_running_loop()
        addresses = await loop.getaddrinfo(first.host, first.port, type=socket.SOCK_STREAM)
        try:
            # An address that does not answer must not use up the time of those behind it.
            chosen = await start_connection(addresses, happy_eyeballs_delay=_NEXT_ADDRESS_S)
        except RuntimeError as error:  # So uvloop names some errors of a socket.
            raise OSError("not connected") from error
        try:
            return await loop.create_connection(
                protocol,
                sock=chosen,
                ssl=self._certificates.context() if first.secure else None,
                server_hostname=first.host if first.secure else None,
            )
        except BaseException:
            chosen.close()
            raise

    async def _secure(self, transport: asyncio.Transport) -> Connection:
        """Speak TLS through the tunnel."""
        connection = self._connection()
        secured = await asyncio.get_running_loop().start_tls(
            transport,
            connection,
            self._certificates.context(),
            server_hostname=self._host.host,
        )
        if secured is None:
            raise TunnelError("the tunnel is closed")
        connection.connection_made(secured)
        return connection

    def _connection(self) -> Connection:
        return Connection(self._bytes_max)

    def _tunnel(self) -> "_Tunnel":
        return _Tunnel(self._ask)


class _Tunnel(asyncio.Protocol):
    """Asks a proxy for a connection to the host."""

    def __init__(self, ask: bytes) -> None:
        self._ask = ask
        self._head = bytearray()
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast("asyncio.WriteTransport", transport).write(self._ask)

    def data_received(self, data: bytes) -> None:
        self._head += data
        if self.opened.done():
            return
        if _TAKEN.match(self._head) and self._head.endswith(b"\r\n\r\n"):
            self.opened.set_result(None)
        elif b"\r\n\r\n" in self._head or len(self._head) > HEAD_BYTES_MAX:
            self._refuse()

    def eof_received(self) -> None:
        self._refuse()

    def connection_lost(self, _: Exception | None) -> None:
        self._refuse()

    def _refuse(self) -> None:
        if not self.opened.done():
            self.opened.set_exception(TunnelError("refused"))


def _connect(host: str, proxy: str) -> bytes:
    head = f"CONNECT {host} HTTP/1.1\r\nhost: {host}\r\n{credentials(proxy)}\r\n"
    return head.encode("ascii")
