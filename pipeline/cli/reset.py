"""`pipeline reset`: begin anew, with offsets, guests and deliveries that fit each other."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from pipeline.errors import UsageError

if TYPE_CHECKING:
    from pipeline.config import Settings
    from pipeline.reset.plan import Plan

_EXAMPLE = """\b
Example:
  pipeline --config pipeline.example.yaml reset --to 2026-01-31T00:00:00Z --dry-run

\b
What it does, once every worker is stopped:
  - assemble reads its commerce topics from `--to` on, whatever it has read before;
  - every guest is forgotten: carts, waiting orders, timers, known order ids;
  - what is owed is deleted, whether it was sent or not: it is owed anew where its
    events are read again;
  - what Sitecore has accepted is forgotten, so ORDERS THAT ARE READ AGAIN ARE SENT AGAIN:
    choose `--to` behind those that Sitecore has.

Dead letters, and how far rekey has come, stay as they are. After a failure nothing starts
wrongly: assemble refuses, and the same command goes on.
"""


@click.command(
    epilog=_EXAMPLE, short_help="Begin anew at a time, forgetting guests and deliveries."
)
@click.option(
    "--to",
    metavar="earliest|TIME",
    help="The first record that there is, or a time with its zone; else `assemble.start_at`.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be done, and change nothing.")
@click.option("--yes", is_flag=True, help="Do it. Without this nothing is changed.")
@click.option("--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_obj
def command(
    load_settings: "Callable[[], Settings]",
    *,
    to: str | None,
    dry_run: bool,
    yes: bool,
    output: str,
) -> None:
    """Begin anew: offsets, guests and deliveries together. No worker may be running."""
    from pipeline.assemble.start import start_at
    from pipeline.reset.reset import Reset

    if to is not None and to != "earliest":
        _refuse_no_time(to)
    settings = load_settings()
    reset = Reset(settings)
    plan = reset.plan(start_at(to or settings.assemble.start_at))
    click.echo(_document(plan) if output == "json" else "\n".join(_lines(plan)))
    if dry_run:
        return
    if not yes:
        raise UsageError("nothing was changed; `--yes` does what is said above")
    reset.do(plan, told=lambda what: click.echo(what, err=True))
    click.echo("done: start the workers", err=True)


def _refuse_no_time(to: str) -> None:
    from pipeline.record import instant_of

    try:
        instant_of(to)
    except ValueError as error:
        raise UsageError(
            f"--to is {to!r}: say `earliest`, or a time such as 2026-01-31T00:00:00Z"
        ) from error


def _lines(plan: "Plan") -> list[str]:
    from pipeline.reset.plan import said

    return list(said(plan))


def _document(plan: "Plan") -> str:
    begins = [
        {
            "topic": one.topic,
            "partition": one.partition,
            "committed": plan.committed[one],
            "begins": offset,
            "end": plan.ends[one],
        }
        for one, offset in plan.begins.items()
    ]
    document = {"inputs": begins, "owed_deleted": plan.owed, "members": dict(plan.members)}
    return json.dumps(document, indent=2)
