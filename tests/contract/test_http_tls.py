"""TLS: whom an adapter trusts, and what it says when it does not."""

import ssl
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import ConfigError
from pipeline.sitecore.http_port import Unanswered, Unsent
from pipeline.sitecore.outcome import Answer, NoAnswer, NotSent, Reply
from tests.contract.adapters import EVENT, LIBRARIES, Library, opened, run
from tests.contract.certificates import Pair, authority, server_context, signed
from tests.contract.loopback import OK, HangupError, Loopback, listening, says

pytestmark = pytest.mark.parametrize("library", LIBRARIES)


@pytest.fixture
def ours(tmp_path: Path) -> Pair:
    """The authority that the server's certificate is of."""
    return authority(tmp_path)


async def secured(
    library: Library, context: ssl.SSLContext, **settings: Any
) -> tuple[Reply, Loopback]:
    """Send one event to a TLS server."""
    async with (
        listening(says(OK), tls=context) as server,
        opened(library, f"https://127.0.0.1:{server.port}", **settings) as http,
    ):
        return await http.send(EVENT), server


def test_a_configured_authority_is_trusted(library: Library, ours: Pair) -> None:
    """Beside those of the system: gateways have certificates of their own."""
    context = server_context(signed(ours, "server"))

    reply, server = run(secured(library, context, ca_file=str(ours.path)))

    assert isinstance(reply, Answer), reply
    assert len(server.requests) == 1


def test_every_authority_of_a_file_is_trusted(library: Library, ours: Pair, tmp_path: Path) -> None:
    """Such files are bundles: the old authority and the new one, while one replaces the other."""
    bundle = tmp_path / "bundle.pem"
    other = authority(tmp_path, "other")
    bundle.write_bytes(b"# comment\n" + other.certificate_pem + ours.certificate_pem)

    reply, _ = run(secured(library, server_context(signed(ours, "server")), ca_file=str(bundle)))

    assert isinstance(reply, Answer), reply


def test_an_unknown_authority_is_not_trusted(library: Library, ours: Pair) -> None:
    """Nothing leaves before the server is known, and the reason tells what to look for."""
    reply, server = run(secured(library, server_context(signed(ours, "server"))))

    assert reply == NotSent(Unsent.TLS_UNTRUSTED)
    assert server.requests == []


@pytest.mark.parametrize(
    ("signing", "reason"),
    [({"age": 20}, Unsent.TLS_EXPIRED), ({"hosts": ("127.0.0.2",)}, Unsent.TLS_NAME)],
)
def test_a_certificate_that_does_not_fit_is_refused(
    library: Library, ours: Pair, signing: dict[str, Any], reason: Unsent
) -> None:
    """An expired one, and one for another host."""
    context = server_context(signed(ours, "server", **signing))

    reply, server = run(secured(library, context, ca_file=str(ours.path)))

    assert reply == NotSent(reason)
    assert server.requests == []


def test_our_certificate_is_presented(library: Library, ours: Pair, tmp_path: Path) -> None:
    """In one file with its key, or in two."""
    mine = signed(ours, "mine")
    certificate, key = tmp_path / "tls.crt", tmp_path / "tls.key"
    certificate.write_bytes(mine.certificate_pem)
    key.write_bytes(mine.key_pem)
    context = server_context(signed(ours, "server"), clients_of=ours)
    trust = {"ca_file": str(ours.path)}

    one, _ = run(secured(library, context, certificate_file=str(mine.path), **trust))
    two, _ = run(
        secured(library, context, certificate_file=str(certificate), key_file=str(key), **trust)
    )

    assert isinstance(one, Answer), one
    assert isinstance(two, Answer), two


def test_without_our_certificate_nothing_is_taken(library: Library, ours: Pair) -> None:
    """TLS 1.3 refuses it when we may already write; if its alert gets lost, nothing is proven."""
    context = server_context(signed(ours, "server"), clients_of=ours)

    reply, server = run(secured(library, context, ca_file=str(ours.path)))

    assert reply in (NotSent(Unsent.TLS), NoAnswer(Unanswered.LOST))
    assert server.requests == []


def test_a_server_without_tls_is_not_sent_anything(library: Library) -> None:
    """A wrong port, or a wrong scheme."""

    async def scenario() -> tuple[Reply, Loopback]:
        async with (
            listening(says(b"", HangupError)) as server,
            opened(library, f"https://127.0.0.1:{server.port}", total_timeout_s=0.6) as http,
        ):
            return await http.send(EVENT), server

    reply, server = run(scenario())

    # The server waits for the end of what it takes for a head, so only the clock ends it.
    assert reply == NotSent(Unsent.CONNECT_TIMEOUT)
    assert server.requests == []


@pytest.mark.parametrize("broken", [False, True])
def test_certificate_files_that_change_are_read_again(
    library: Library, ours: Pair, tmp_path: Path, broken: bool
) -> None:
    """They live some weeks, a worker for months. What cannot be read leaves the last ones in use:
    a certificate may be there before its key."""
    other = authority(tmp_path, "other")
    files = {"ca_file": tmp_path / "ca.pem", "certificate_file": tmp_path / "mine.pem"}

    def put(by: Pair) -> None:
        files["ca_file"].write_bytes(by.certificate_pem)
        mine = signed(by, "client")
        files["certificate_file"].write_bytes(mine.certificate_pem + mine.key_pem)

    def server_of(by: Pair) -> ssl.SSLContext:
        return server_context(signed(by, f"server-{by.path.stem}"), clients_of=by)

    async def scenario() -> tuple[Reply, Reply]:
        put(ours)
        # Each request on a connection of its own, to a server that closes it.
        script = says(OK, HangupError)
        settings: dict[str, Any] = {name: str(path) for name, path in files.items()}
        context = server_of(ours)
        async with (
            listening(script, tls=context) as server,
            opened(
                library,
                f"https://127.0.0.1:{server.port}",
                certificates_every_s=0.0,
                **settings,
            ) as http,
        ):
            before = await http.send(EVENT)
            if broken:
                files["certificate_file"].write_bytes(b"not yet")
            else:
                put(other)
                _renew(context, signed(other, "renewed"), clients_of=other)
            return before, await http.send(EVENT)

    before, after = run(scenario())

    assert isinstance(before, Answer), before
    assert isinstance(after, Answer), after


def _renew(context: ssl.SSLContext, pair: Pair, *, clients_of: Pair) -> None:
    """Give a server another certificate; it then takes clients of this authority too."""
    context.load_cert_chain(pair.path)
    context.load_verify_locations(clients_of.path)


@pytest.mark.parametrize("setting", ["ca_file", "certificate_file"])
@pytest.mark.parametrize("content", [None, b"", b"no PEM", b"\xff\xfe"])
def test_a_wrong_certificate_file_is_refused_at_start(
    library: Library, setting: str, content: bytes | None, tmp_path: Path
) -> None:
    """Before anything is consumed, with the file's name."""
    path = tmp_path / "wrong.pem"
    if content is not None:
        path.write_bytes(content)

    settings: dict[str, Any] = {setting: str(path)}

    async def scenario() -> None:
        async with opened(library, "https://127.0.0.1", **settings):
            pass

    with pytest.raises(ConfigError, match=r"wrong\.pem"):
        run(scenario())
