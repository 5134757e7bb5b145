"""A forward proxy: plain requests by absolute address, TLS through a tunnel."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from pipeline.errors import ConfigError
from pipeline.sitecore.http_port import HttpSettings, Unsent
from pipeline.sitecore.outcome import Answer, NotSent
from tests.contract.adapters import EVENT, LIBRARIES, Library, opened, run
from tests.contract.certificates import authority, server_context, signed
from tests.contract.loopback import OK, HangupError, Loopback, Script, Visit, listening, says

pytestmark = pytest.mark.parametrize("library", LIBRARIES)

NO_SUCH_HOST = "http://127.0.0.1:9"


@asynccontextmanager
async def proxying(script: Script) -> AsyncIterator[tuple[Loopback, str]]:
    """A proxy that plays a script, and its address with user and password."""
    async with listening(script) as proxy:
        yield proxy, f"http://user:p%40ss@127.0.0.1:{proxy.port}"


async def tunnel(visit: Visit) -> None:
    """Connect where the client asks for, and carry bytes both ways until either side ends."""
    host, port = visit.request.target.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    await visit.say(b"HTTP/1.1 200 Connection established\r\n\r\n")
    try:
        both = (_carry(visit.reader, writer), _carry(reader, visit.writer))
        await asyncio.wait(
            [asyncio.create_task(one) for one in both], return_when=asyncio.FIRST_COMPLETED
        )
    finally:
        writer.close()
    raise HangupError


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(4096):
        writer.write(data)
        await writer.drain()


def test_a_plain_request_goes_to_the_proxy(library: Library) -> None:
    """With the whole address, and our credentials; the host itself is never contacted."""

    async def scenario() -> None:
        async with (
            proxying(says(OK)) as (proxy, address),
            opened(library, NO_SUCH_HOST, proxy=address) as http,
        ):
            assert isinstance(await http.send(EVENT), Answer)
            (seen,) = proxy.requests
            assert seen.line == f"POST {NO_SUCH_HOST}/v1.2/events HTTP/1.1"
            assert seen.body == EVENT.body
            expected = base64.b64encode(b"user:p@ss").decode()
            assert seen.header("proxy-authorization") == f"Basic {expected}"

    run(scenario())


def test_a_request_with_tls_goes_through_a_tunnel(library: Library, tmp_path: Path) -> None:
    """The proxy learns the host and nothing else; the certificate is that of the host."""
    ours = authority(tmp_path)

    async def scenario() -> None:
        async with (
            listening(says(OK), tls=server_context(signed(ours, "server"))) as server,
            proxying(tunnel) as (proxy, address),
            opened(
                library,
                f"https://127.0.0.1:{server.port}",
                proxy=address,
                ca_file=str(ours.path),
            ) as http,
        ):
            assert isinstance(await http.send(EVENT), Answer)
            assert [seen.body for seen in server.requests] == [EVENT.body]
            assert [seen.line for seen in proxy.requests] == [
                f"CONNECT 127.0.0.1:{server.port} HTTP/1.1"
            ]

    run(scenario())


@pytest.mark.parametrize("secure", [False, True])
def test_a_proxy_is_reached_by_tls(library: Library, tmp_path: Path, secure: bool) -> None:
    """Its own certificate is checked; to a host with TLS a second one runs in the first."""
    ours = authority(tmp_path)
    tls = server_context(signed(ours, "server"))

    async def scenario() -> None:
        async with (
            listening(says(OK), tls=tls if secure else None) as server,
            listening(tunnel if secure else says(OK), tls=tls) as proxy,
            opened(
                library,
                f"https://127.0.0.1:{server.port}" if secure else NO_SUCH_HOST,
                proxy=f"https://127.0.0.1:{proxy.port}",
                ca_file=str(ours.path),
            ) as http,
        ):
            assert isinstance(await http.send(EVENT), Answer)
            assert isinstance(await http.send(EVENT), Answer)
            reached = server if secure else proxy
            assert [seen.body for seen in reached.requests] == 2 * [EVENT.body]
            assert proxy.requests[0].line == (
                f"CONNECT 127.0.0.1:{server.port} HTTP/1.1"
                if secure
                else f"POST {NO_SUCH_HOST}/v1.2/events HTTP/1.1"
            )

    run(scenario())


def test_a_proxy_that_is_not_trusted_learns_nothing(library: Library, tmp_path: Path) -> None:
    """It would be told user and password, and without TLS of the host the client key."""
    stranger = server_context(signed(authority(tmp_path), "server"))

    async def scenario() -> None:
        async with (
            listening(says(OK), tls=stranger) as proxy,
            opened(
                library, NO_SUCH_HOST, proxy=f"https://user:word@127.0.0.1:{proxy.port}"
            ) as http,
        ):
            assert await http.send(EVENT) == NotSent(Unsent.TLS_UNTRUSTED)
            assert proxy.requests == []

    run(scenario())


@pytest.mark.parametrize("status", [b"403 Forbidden", b"407 Who Are You", b"502 Bad Gateway"])
def test_a_refused_tunnel_is_not_sent(library: Library, status: bytes) -> None:
    """The proxy's answer is not the Stream API's, though it looks like one."""
    refusal = says(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n", HangupError)

    async def scenario() -> None:
        async with (
            proxying(refusal) as (_, address),
            opened(library, "https://127.0.0.1:9", proxy=address) as http,
        ):
            assert await http.send(EVENT) == NotSent(Unsent.PROXY)

    run(scenario())


def test_a_tunnel_that_breaks_off_is_not_sent(library: Library) -> None:
    """CONNECT has left, our request has not."""

    async def scenario() -> None:
        async with (
            proxying(says(b"", HangupError)) as (_, address),
            opened(library, "https://127.0.0.1:9", proxy=address) as http,
        ):
            assert isinstance(await http.send(EVENT), NotSent)

    run(scenario())


def test_a_proxy_of_the_environment_is_not_used(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Settings alone decide where events go."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, NO_SUCH_HOST)

    async def scenario() -> None:
        async with listening(says(OK)) as server, opened(library, server.endpoint) as http:
            assert isinstance(await http.send(EVENT), Answer)

    run(scenario())


@pytest.mark.parametrize(
    "address",
    ["user:s3cret@proxy", "ftp://user:s3cret@proxy", "http://u:s3cret@proxy:port", "http://"],
)
def test_a_wrong_proxy_is_refused_at_start(library: Library, address: str) -> None:
    """Before anything is consumed, and without its password."""

    async def scenario() -> None:
        async with opened(library, NO_SUCH_HOST, proxy=address):
            pass

    with pytest.raises(ConfigError) as raised:
        run(scenario())
    assert "s3cret" not in str(raised.value)


def test_credentials_of_a_proxy_are_not_shown(library: Library) -> None:
    """Settings end up in logs."""
    assert library in LIBRARIES
    assert "secret" not in repr(HttpSettings("http://h", proxy="http://user:secret@proxy:3128"))
