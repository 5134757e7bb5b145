"""Asking that a guest be forgotten: said before it is done, and never by mistake."""

import json
from pathlib import Path

from click.testing import CliRunner, Result

from pipeline.cli.main import main
from pipeline.commerce.events import GuestErased
from pipeline.commerce.ndjson import parse

EXAMPLE = Path(__file__).parents[3] / "pipeline.example.yaml"


def asked(*arguments: str, answer: str = "") -> Result:
    """Run `pipeline erase` with the example's settings; nobody listens there."""
    nobody = {"PIPELINE_KAFKA__BOOTSTRAP_SERVERS": "127.0.0.1:1"}
    return CliRunner(env=nobody).invoke(
        main, ["--config", str(EXAMPLE), "erase", *arguments], input=answer
    )


def test_a_dry_run_shows_the_event_and_publishes_nothing() -> None:
    """It is an event that `publish` would take."""
    result = asked("guest-1", "--dry-run", "--output", "json")

    assert result.exit_code == 0
    said = json.loads(result.stdout)
    event = parse(json.dumps(said["would_publish"]))
    assert said["topic"] == "commerce-events"
    assert isinstance(event, GuestErased)
    assert (event.guest_id, event.point_of_sale) == ("guest-1", "shop/dublin")


def test_nothing_is_published_unless_somebody_says_yes() -> None:
    """It cannot be undone."""
    result = asked("guest-1", answer="n\n")

    assert result.exit_code == 64
    assert "erase guest-1? It cannot be undone" in result.stderr
    assert "nothing was published" in result.stderr


def test_an_empty_id_is_refused() -> None:
    """A variable that was not set must not erase anybody."""
    result = asked("", "--yes")

    assert result.exit_code == 64
    assert "ID is empty" in result.stderr
