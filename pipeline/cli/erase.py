"""`pipeline erase`: publishes that a guest asked to be forgotten."""

import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING
from uuid import uuid4

import click

from pipeline.errors import UsageError

if TYPE_CHECKING:
    from pipeline.commerce.events import GuestErased
    from pipeline.commerce.ndjson import NumberedEvent
    from pipeline.config import Settings

_EXAMPLE = """\b
Example:
  pipeline --config pipeline.example.yaml erase guest-1 --dry-run

\b
What follows once both workers have read it:
  - assemble forgets the guest; orders and payments that wait go;
  - deliver sends nothing of the guest any more; what is owed goes;
  - both keep a mark without personal data, for ever: what is still said of the guest is
    counted and set aside by its position alone, and no letter of the guest can be replayed.

\b
What it does not do:
  - the commerce topics, and what was owed or set aside before, keep their records until their
    retention ends (docs/operations.md tells how long);
  - what Sitecore has stays there: that is erased by Sitecore's own means;
  - it cannot be undone. A person who comes back needs another guest id.
"""


@click.command(epilog=_EXAMPLE, short_help="Erase a guest: nothing more is kept or sent.")
@click.argument("guest_id", metavar="ID")
@click.option("--dry-run", is_flag=True, help="Say what would be published, and publish nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--topic", help="Where to publish; if not said, the first of `topics.commerce`.")
@click.option("--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_obj
def command(
    load_settings: "Callable[[], Settings]",
    *,
    guest_id: str,
    dry_run: bool,
    yes: bool,
    topic: str | None,
    output: str,
) -> None:
    """Publish a GuestErased event for the guest of this ID."""
    from pipeline.commerce.ndjson import NumberedEvent, format_event

    settings = load_settings()
    topic = topic or settings.topics.commerce[0]
    event = _event(guest_id, settings)
    shown = json.loads(format_event(event))
    if dry_run:
        text = f"would publish to {topic}:\n{json.dumps(shown)}"
        said = {"would_publish": shown, "topic": topic}
        click.echo(json.dumps(said) if output == "json" else text)
        return
    question = f"erase {guest_id}? It cannot be undone"
    if not yes and not click.confirm(question, err=True):
        raise UsageError("nothing was published")
    _publish(settings, topic, NumberedEvent(1, event))
    said = {"published": shown, "topic": topic}
    click.echo(json.dumps(said) if output == "json" else f"published the erasure to {topic}")


def _event(guest_id: str, settings: "Settings") -> "GuestErased":
    """Make the event; where it was asked for does not matter to an erasure."""
    from pipeline.commerce.events import EventId, GuestErased
    from pipeline.record import GuestId, Instant

    if not guest_id:
        raise UsageError("ID is empty; say the guest's id")
    points = settings.sitecore.points_of_sale
    return GuestErased(
        event_id=EventId(str(uuid4())),
        occurred_at=Instant(time.time_ns() // 1_000_000),
        guest_id=GuestId(guest_id),
        browser_id=None,
        channel="OTHER",
        point_of_sale=points[0].name if points else "",
        language=None,
        currency="XXX",
        page=None,
        attributes={},
    )


def _publish(settings: "Settings", topic: str, event: "NumberedEvent") -> None:
    from pipeline.cli.publish import publisher

    with publisher(settings, topic) as ready:
        ready.publish(iter((event,)))
