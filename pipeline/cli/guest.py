"""`pipeline guest ID`: what assemble knows and waits for, and where the guest's lane stands."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pipeline.config import Settings

_EXAMPLE = """\b
Example:
  pipeline --config pipeline.example.yaml guest guest-1

\b
It reads one partition of three topics and changes nothing:
  - what assemble knows: identity, cart, orders that wait, with what they lack and until when;
  - what Sitecore has accepted: browser ids, sessions, orders, and how far the head has come;
  - what is owed and waits behind it.

Kafka finds nothing by its key, so a large partition takes time; `--within-s` bounds it.
"""


@click.command(epilog=_EXAMPLE, short_help="Show what both workers know of a guest.")
@click.argument("guest_id", metavar="ID")
@click.option(
    "--partition",
    type=click.IntRange(min=0),
    help="Where the guest lies, if not by `kafka.partitioner`.",
)
@click.option(
    "--within-s",
    type=click.FloatRange(min=0, min_open=True),
    default=120.0,
    show_default=True,
    help="Longest time for reading.",
)
@click.option("--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_obj
def command(
    load_settings: "Callable[[], Settings]",
    guest_id: str,
    *,
    partition: int | None,
    within_s: float,
    output: str,
) -> None:
    """Show what both workers know of a guest, and what waits; no contact data."""
    from pipeline.cli.progress import offsets_told
    from pipeline.guest import said
    from pipeline.guest.lookup import GuestLookup
    from pipeline.policies import order_policy
    from pipeline.record import GuestId

    settings = load_settings()
    policy = order_policy(settings)
    lookup = GuestLookup(settings, within_s=within_s, told=offsets_told())
    document = said.document(lookup.known(GuestId(guest_id), partition), policy)
    click.echo(
        json.dumps(document, indent=2) if output == "json" else "\n".join(said.lines(document))
    )
