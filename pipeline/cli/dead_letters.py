"""`pipeline dead-letters`: what was set aside, listed, shown, replayed or discarded."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from pipeline.errors import UsageError

if TYPE_CHECKING:
    from pipeline.config import Settings
    from pipeline.dead_letters.account import Wanted
    from pipeline.dead_letters.replay import DeadLetters, Plan
    from pipeline.record import Instant

_Command = TypeVar("_Command", bound=Callable[..., Any])

_SHOWN: Final = 100
_EXAMPLE = """\b
Example:
  pipeline --config pipeline.example.yaml dead-letters list --reason unknown_point_of_sale
  pipeline --config pipeline.example.yaml dead-letters show 3 1044
  pipeline --config pipeline.example.yaml dead-letters replay --since 2026-01-31T00:00:00Z --dry-run
  pipeline --config pipeline.example.yaml dead-letters discard --partition 3 --offset 1044 --yes

\b
A letter is open until it is replayed or discarded, and again when its record comes back. A
replay appends the record to where its guest's records lie: from there it is a live one. What
cannot be replayed is named with its reason: a cart (the next one carries all lines), a record
of an erased guest, one of which only the position or the first bytes were kept.

Guests are shown as the first 12 digits of the SHA-256 of their ids.
"""
_LIST = "\b\nExample:\n  pipeline --config pipeline.example.yaml dead-letters list --all"
_SHOW = "\b\nExample:\n  pipeline --config pipeline.example.yaml dead-letters show 3 1044"
_REPLAY = "\b\nExample:\n  pipeline --config pipeline.example.yaml dead-letters replay --dry-run"
_DISCARD = (
    "\b\nExample:\n  pipeline --config pipeline.example.yaml dead-letters discard "
    "--reason order_cancelled --dry-run"
)
_OUTPUT = click.option(
    "--output", type=click.Choice(["text", "json"]), default="text", show_default=True
)
_NUMBER = click.IntRange(min=0)


def _filters(command: _Command) -> _Command:
    """Add what says which letters are meant."""
    options = (
        click.option("--reason", help="Set aside for this reason."),
        click.option("--guest", metavar="ID", help="Of this guest."),
        click.option("--topic", help="Set aside from this topic."),
        click.option("--since", metavar="TIME", help="Written at or after it."),
        click.option("--until", metavar="TIME", help="Written before it."),
        click.option("--partition", type=_NUMBER, help="Lying in this partition."),
        click.option("--offset", type=_NUMBER, help="Lying there; with --partition: one letter."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def _acting(command: _Command) -> _Command:
    """Add what a command asks that writes."""
    command = click.option("--yes", is_flag=True, help="Do it without asking.")(command)
    text = "Say what would be done, and change nothing."
    return click.option("--dry-run", is_flag=True, help=text)(command)


@click.group(epilog=_EXAMPLE, short_help="List, show, replay or discard what was set aside.")
def command() -> None:
    """List, show, replay or discard what was set aside."""


@command.command("list", epilog=_LIST)
@_filters
@click.option("--all", "closed", is_flag=True, help="Also what was replayed or discarded.")
@click.option(
    "--limit", type=_NUMBER, default=_SHOWN, show_default=True, help="Most to show; 0: all."
)
@_OUTPUT
@click.pass_obj
def list_(
    load_settings: "Callable[[], Settings]",
    /,
    *,
    closed: bool,
    limit: int,
    output: str,
    **filters: Any,
) -> None:
    """List letters, the open ones unless told otherwise."""
    from pipeline.dead_letters import said

    wanted = _wanted(**filters)
    cases = list(_letters(load_settings()).account(wanted).cases(wanted, closed=closed))
    shown = cases[: limit or len(cases)]
    if output == "json":
        document = {"letters": [said.document(case) for case in shown], "found": len(cases)}
        click.echo(json.dumps(document, indent=2))
        return
    for case in shown:
        click.echo(said.line(case))
    more = f", {len(shown)} of them shown; `--limit` shows more" * (len(shown) < len(cases))
    click.echo(f"{len(cases)} letters{more}", err=True)


@command.command(epilog=_SHOW)
@click.argument("partition", type=_NUMBER)
@click.argument("offset", type=_NUMBER)
@click.option(
    "--with-value",
    is_flag=True,
    help="Show the record itself, decoded, and the shop's headers: THIS IS PERSONAL DATA.",
)
@click.pass_obj
def show(
    load_settings: "Callable[[], Settings]", partition: int, offset: int, *, with_value: bool
) -> None:
    """Show one record of the dead letters as JSON."""
    from pipeline.dead_letters import said
    from pipeline.dead_letters.letter import hashed
    from pipeline.record import in_utc

    settings = load_settings()
    record = _letters(settings).letter(partition, offset)
    if record is None:
        raise UsageError(f"there is no dead letter at {partition}@{offset}")
    document: dict[str, Any] = {
        "written_at": in_utc(record.timestamp),
        "guest": hashed(record.key),
        "bytes": len(record.value or b""),
        "headers": said.headers(record, with_value=with_value),
    }
    if with_value and record.value is not None:
        document["value"] = said.content(record, _decoder(settings))
    click.echo(json.dumps(document, indent=2))


@command.command(epilog=_REPLAY, short_help="Append records to their guests' partitions again.")
@_filters
@_acting
@_OUTPUT
@click.pass_obj
def replay(
    load_settings: "Callable[[], Settings]",
    /,
    *,
    dry_run: bool,
    yes: bool,
    output: str,
    **filters: Any,
) -> None:
    """Append records that were set aside to their guests' partitions again.

    Safe to interrupt and to repeat: what was replayed is marked and not offered again.
    """
    wanted = _wanted(**filters)
    letters = _letters(load_settings())
    plan = letters.plan(wanted)
    _said(plan, "replayed", output, one=wanted)
    if _is_agreed("replay", plan, dry_run=dry_run, yes=yes):
        _done(letters.replay(plan.cases, _counting("replayed")), plan, "replayed", output)
    elif output == "json":
        click.echo(_document(plan, "replayed", 0))


@command.command(epilog=_DISCARD, short_help="Mark letters as done with.")
@_filters
@_acting
@_OUTPUT
@click.pass_obj
def discard(
    load_settings: "Callable[[], Settings]",
    /,
    *,
    dry_run: bool,
    yes: bool,
    output: str,
    **filters: Any,
) -> None:
    """Mark letters as done with: nothing is deleted, they are only not offered again."""
    wanted = _wanted(**filters)
    letters = _letters(load_settings())
    plan = letters.open(wanted)
    _said(plan, "discarded", output, one=wanted)
    if _is_agreed("discard", plan, dry_run=dry_run, yes=yes):
        _done(letters.discard(plan.cases, _counting("discarded")), plan, "discarded", output)
    elif output == "json":
        click.echo(_document(plan, "discarded", 0))


def _letters(settings: "Settings") -> "DeadLetters":
    from pipeline.cli.progress import offsets_told
    from pipeline.dead_letters.replay import DeadLetters

    return DeadLetters(settings, told=offsets_told())


def _wanted(
    *,
    reason: str | None,
    guest: str | None,
    topic: str | None,
    since: str | None,
    until: str | None,
    partition: int | None,
    offset: int | None,
) -> "Wanted":
    from pipeline.dead_letters.account import Wanted

    if offset is not None and partition is None:
        raise UsageError("--offset needs --partition: offsets of partitions are not related")
    return Wanted(
        reason=reason,
        guest=None if guest is None else guest.encode(),
        topic=topic,
        since=_instant("--since", since),
        until=_instant("--until", until),
        partition=partition,
        offset=offset,
    )


def _instant(option: str, text: str | None) -> "Instant | None":
    from pipeline.record import instant_of

    try:
        return None if text is None else instant_of(text)
    except ValueError as error:
        raise UsageError(
            f"{option} is {text!r}: say a time such as 2026-01-31T00:00:00Z"
        ) from error


def _decoder(settings: "Settings") -> "Callable[..., object]":
    """Read what either worker set aside."""
    from pipeline import app
    from pipeline.commerce.decode import Decoder
    from pipeline.dead_letters.letter import decode_by

    return decode_by(settings.topics.stream_events, Decoder(app.schemas(settings)).decode)


def _said(plan: "Plan", done: str, output: str, *, one: "Wanted") -> None:
    """Say what would be done: on stderr where stdout is for a document."""
    from pipeline.dead_letters import said

    if one.offset is not None and not plan.cases and not plan.left_out:
        raise UsageError(f"there is no open letter at {one.partition}@{one.offset}")
    for line in said.summary(plan, done):
        click.echo(line, err=output == "json")


def _is_agreed(what: str, plan: "Plan", *, dry_run: bool, yes: bool) -> bool:
    """Whether there is something to do, and it is wanted."""
    if dry_run or not plan.cases:
        return False
    if not yes and not click.confirm(f"{what} {len(plan.cases)} letters?", err=True):
        raise UsageError("nothing was changed")
    return True


def _counting(done: str) -> Callable[[int], None]:
    return lambda count: click.echo(f"{done} {count:,}", err=True)


def _done(count: int, plan: "Plan", done: str, output: str) -> None:
    if output == "json":
        click.echo(_document(plan, done, count))
        return
    rest = len(plan.cases) - count
    others = f"; {rest} were taken care of by somebody else meanwhile" if rest else ""
    click.echo(f"{done} {count} letters{others}")


def _document(plan: "Plan", done: str, count: int) -> str:
    from pipeline.dead_letters import said

    left_out = [{**said.document(case), "obstacle": why} for case, why in plan.left_out]
    return json.dumps({done: count, "planned": len(plan.cases), "left_out": left_out}, indent=2)
