"""`pipeline preview`: the requests that events would make, without Kafka and without sending."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from pipeline.rulebook import RULES, link

if TYPE_CHECKING:
    from pipeline.cli.rehearsal import Row
    from pipeline.config import Settings

_EXAMPLE = """\b
Example:
  pipeline --config pipeline.example.yaml preview docs/example.ndjson

Every request is taken as accepted. An event arrives when it happened; one that stands behind a
later one arrives with that. Waits end by the events' clock, the last ones after the last event.
The table leaves out what every message says (browser id, channel, point of sale and the like);
--output json shows requests whole, with CLIENT_KEY for the client key. docs/cases.md tells of
every rule by which something is set aside.
"""
_IN_EVERY_MESSAGE = frozenset(
    {"type", "browser_id", "channel", "client_key", "currency", "language", "page", "pos"}
)


@click.command(epilog=_EXAMPLE, short_help="Show the requests that events would make.")
@click.argument("file", type=click.File("rb"))
@click.option(
    "--output",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="json: one object a line.",
)
@click.pass_obj
def command(load_settings: "Callable[[], Settings]", file: BinaryIO, output: str) -> None:
    """Show the requests that the commerce events of FILE (NDJSON; - is standard input) make."""
    from pipeline.cli.progress import lines_of
    from pipeline.cli.rehearsal import Rehearsal
    from pipeline.commerce.ndjson import read
    from pipeline.policies import delivery_policy, order_policy

    settings = load_settings()
    rehearsal = Rehearsal(order_policy(settings), delivery_policy(settings))
    counts: Counter[str] = Counter()
    rows = _counted(rehearsal.play(read(lines_of(file))), counts)
    if output == "json":
        for row in rows:
            click.echo(json.dumps(_plain(row, settings), ensure_ascii=False))
    else:
        _print_table(rows)
        _explain(sorted(counts.keys() & RULES.keys()))
    flagged = f", {counts['Flagged']} odd" if counts["Flagged"] else ""
    click.echo(
        f"{counts['Requested']} requests, {counts['Refused']} set aside, "
        f"{counts['Skipped']} not sent{flagged}",
        err=True,
    )


def _counted(rows: "Iterable[Row]", counts: Counter[str]) -> "Iterator[Row]":
    """Count rows by what they are, and rules by which something is set aside."""
    from pipeline.cli.rehearsal import Refused

    for row in rows:
        counts[type(row.what).__name__] += 1
        if isinstance(row.what, Refused):
            counts[row.what.refusal.rule] += 1
        yield row


def _explain(rules: Iterable[str]) -> None:
    """Say what the rules mean that were met."""
    for rule in rules:
        click.echo(f"\n{rule}: {RULES[rule]}\n  {link(rule)}")


def _plain(row: "Row", settings: "Settings") -> dict[str, Any]:
    """Say a row as plain values."""
    from pipeline.cli.rehearsal import Flagged, Refused, Requested, Skipped
    from pipeline.sitecore.wire import to_http

    cause = {"line": row.line, "timer": row.timer, "guest": row.guest_id}
    match row.what:
        case Requested(request=request):
            form, mark = settings.sitecore.wire_form, settings.sitecore.mark_requests
            http = to_http(request, client_key="CLIENT_KEY", form=form, mark=mark)
            body = None if http.body is None else json.loads(http.body)
            sent = {"method": http.method, "path": http.path, "body": body}
            return {**cause, "type": request.type, "request": sent}
        case Refused(refusal=refusal):
            said = {"rule": refusal.rule, "field": refusal.field, "found": refusal.found}
            why = {"why": RULES.get(refusal.rule, ""), "see": link(refusal.rule)}
            return {**cause, "set_aside": said | why}
        case Skipped(reason=reason):
            return {**cause, "not_sent": reason}
        case Flagged(flag=flag):
            return {**cause, "odd": flag._asdict()}


def _print_table(rows: "Iterable[Row]") -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("line", "guest", "what", box=None, pad_edge=False)
    table.add_column("message, or reason", overflow="fold")
    for row in rows:
        cause = " ".join(str(part) for part in (row.line, row.timer) if part is not None)
        table.add_row(cause, row.guest_id, *_cells(row))
    Console().print(table)


def _cells(row: "Row") -> tuple[str, str]:
    from rich.markup import escape

    from pipeline.cli.rehearsal import Flagged, Refused, Requested, Skipped
    from pipeline.sitecore.request import SendEvent
    from pipeline.sitecore.wire import to_json

    match row.what:
        case Requested(request=SendEvent(message=message) as event):
            told = {name: of for name, of in message.items() if name not in _IN_EVERY_MESSAGE}
            return event.type, escape(to_json(told)) if told else ""
        case Requested(request=request):
            return request.type, "asks for a browser id"
        case Refused(refusal=refusal):
            reason = f"[red]{refusal.rule}[/red] {escape(refusal.field)} {escape(refusal.found)}"
            return "[red]set aside[/red]", reason
        case Skipped(reason=reason):
            return "[dim]not sent[/dim]", f"[dim]{reason}[/dim]"
        case Flagged(flag=flag):
            return "[yellow]odd[/yellow]", f"[yellow]{flag.name}[/yellow] {escape(flag.found)}"
