"""What `pipeline check` finds, and what it says to do."""

import asyncio
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from pydantic import HttpUrl

from pipeline.cli.checks import destination
from pipeline.cli.main import main
from pipeline.config import Settings, SitecoreSettings
from pipeline.errors import PipelineError, UnavailableError
from tests.components.process import free_port
from tests.contract.certificates import authority, server_context, signed
from tests.contract.loopback import Script, listening, says
from tests.contract.test_http_proxy import tunnel

ROOT = Path(__file__).parents[3]
SECRET = "s3cr3t-value"  # noqa: S105 — what must never be seen


def checked(*arguments: str, environment: dict[str, str] | None = None) -> Result:
    """Run `pipeline check` with the example's settings."""
    file = str(ROOT / "pipeline.example.yaml")
    key = {"PIPELINE_SITECORE__CLIENT_KEY": SECRET}
    return CliRunner().invoke(
        main, ["--config", file, "check", *arguments], env={**key, **(environment or {})}
    )


def tried(sitecore: SitecoreSettings) -> str:
    """Try a destination from another thread than the one that serves it."""
    try:
        return destination(Settings(sitecore=sitecore))
    except PipelineError as error:
        return str(error)


def test_the_example_passes_offline() -> None:
    """It is what the help shows: all but the key is there."""
    result = checked("--offline")

    assert result.exit_code == 0
    assert [line.split()[-2:] for line in result.stdout.splitlines()] == [
        ["shop/dublin,", "kiosk/lisbon"],
        ["the", "settings"],
        ["be", "used"],
        ["be", "used"],
    ]


def test_a_missing_key_is_found_and_the_rest_still_checked() -> None:
    """A person wants all that is wrong at once."""
    result = checked("--offline", environment={"PIPELINE_SITECORE__CLIENT_KEY": " "})

    assert result.exit_code == 78
    assert "client key      failed" in result.stdout
    assert "certificates    ok" in result.stdout


def test_settings_are_shown_with_secrets_starred() -> None:
    """It is what people paste into tickets."""
    result = checked("--offline", "--print")

    assert "client_key: '**********'" in result.stdout
    assert SECRET not in result.output


def test_json_says_the_same() -> None:
    """A rollout's script reads it."""
    result = checked("--offline", "--print", "--output", "json")

    document = json.loads(result.stdout)
    assert document["ok"] is True
    assert [check["ok"] for check in document["checks"]] == [True] * 4
    assert document["settings"]["sitecore"]["client_key"] == "**********"
    assert SECRET not in result.output


def test_what_cannot_be_reached_is_said_with_what_to_look_at() -> None:
    """No broker and no destination: each has its line, and the first decides the exit code."""
    port = free_port()

    result = checked(
        environment={
            "PIPELINE_KAFKA__BOOTSTRAP_SERVERS": f"127.0.0.1:{port}",
            "PIPELINE_SITECORE__ENDPOINT": f"http://127.0.0.1:{port}",
        }
    )

    assert result.exit_code == 69
    assert "kafka           failed" in result.stdout
    assert "destination     failed 127.0.0.1: Connection refused" in result.stdout


def test_a_destination_is_connected_to_and_asked_nothing(tmp_path: Path) -> None:
    """A check must never make an order, and a trusted certificate is what it proves."""
    root = authority(tmp_path)
    tls = server_context(signed(root, "server"))

    async def scenario() -> tuple[str, int]:
        async with listening(says(b""), tls=tls) as server:
            settings = SitecoreSettings(
                endpoint=HttpUrl(f"https://127.0.0.1:{server.port}"), ca_file=str(root.path)
            )
            return await asyncio.to_thread(tried, settings), len(server.requests)

    assert asyncio.run(scenario()) == ("127.0.0.1 answers, TLSv1.3", 0)


def test_an_authority_that_nobody_trusts_is_said(tmp_path: Path) -> None:
    """The usual reason is a gateway of one's own, and the setting for it is named."""
    tls = server_context(signed(authority(tmp_path), "server"))

    async def scenario() -> str:
        async with listening(says(b""), tls=tls) as server:
            settings = SitecoreSettings(endpoint=HttpUrl(f"https://127.0.0.1:{server.port}"))
            return await asyncio.to_thread(tried, settings)

    said = asyncio.run(scenario())
    assert "CERTIFICATE_VERIFY_FAILED" in said
    assert "`sitecore.ca_file`" in said


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (tunnel, "127.0.0.1 answers, TLSv1.3"),
        (says(b"HTTP/1.1 407 Who are you?\r\n\r\n"), "127.0.0.1: Tunnel connection failed: 407"),
    ],
)
def test_a_destination_behind_a_proxy_is_reached_through_it(
    tmp_path: Path, script: Script, said: str
) -> None:
    """TLS goes to the destination; the proxy gets our credentials, and a message never."""
    root = authority(tmp_path)
    tls = server_context(signed(root, "server"))

    async def scenario() -> str:
        async with listening(says(b""), tls=tls) as server, listening(script) as proxy:
            settings = SitecoreSettings(
                endpoint=HttpUrl(f"https://127.0.0.1:{server.port}"),
                proxy=HttpUrl(f"http://user:{SECRET}@127.0.0.1:{proxy.port}"),
                ca_file=str(root.path),
            )
            found = await asyncio.to_thread(tried, settings)
            assert proxy.requests[0].header("proxy-authorization") is not None
            return found

    found = asyncio.run(scenario())
    assert found.startswith(said)
    assert SECRET not in found


def test_a_name_that_nobody_knows_is_said() -> None:
    """A mistyped region is the usual reason."""
    with pytest.raises(UnavailableError, match=r"look at `sitecore\.endpoint`"):
        destination(Settings(sitecore=SitecoreSettings(endpoint=HttpUrl("https://nosuch.invalid"))))
