"""`pipeline topics --acls`: the rights that each part needs, shown, compared and granted."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import click

from pipeline.config import KafkaSettings, Settings
from pipeline.errors import UsageError
from pipeline.kafka import acls, topics
from pipeline.kafka.acls import Grant
from pipeline.kafka.rights import PARTS, Right, needed

_COLUMNS = ("operation", "resource", "pattern", "name")
THERE, MISSING, GRANTED = "there", "missing", "granted"


class _Line(NamedTuple):
    """A right of a part; of somebody, and whether it is there, once that is asked."""

    part: str
    right: Right
    principal: str = ""
    state: str = ""

    @property
    def grant(self) -> Grant:
        return Grant(self.principal, self.right)


def rights(settings: Settings) -> str:
    """Say what each part needs, as text."""
    return "\n".join(_text(list(_needed(settings))))


def command(settings: Settings, principals: Sequence[str], *, does: bool, output: str) -> None:
    """Say what each part needs, and of the principals named what they have; grant the rest.

    Raises:
        UsageError: A principal makes no sense.
    """
    lines = list(_needed(settings))
    if principals:
        lines = _compared(settings.kafka, list(_given(lines, principals)), does=does)
    elif does:
        raise UsageError("`--yes` needs `--principal`: whom to grant rights to")
    if output == "json":
        click.echo(json.dumps({"rights": [_document(line) for line in lines]}, indent=2))
    else:
        click.echo("\n".join(_text(lines)))
    missing = len({line.grant for line in lines if line.state == MISSING})
    if missing:
        click.echo(f"{missing} rights are missing; `--yes` grants them", err=True)


def _needed(settings: Settings) -> Iterator[_Line]:
    for part, found in needed(settings).items():
        for right in found:
            yield _Line(part, right)


def _given(lines: Collection[_Line], principals: Sequence[str]) -> Iterator[_Line]:
    """Give each part's rights to whoever is named for it."""
    parts = list(dict.fromkeys(line.part for line in lines))
    for text in principals:
        part, is_one, principal = text.partition("=")
        if part not in PARTS or not is_one:
            part, principal = "", text
        kind, is_whole, _ = principal.partition(":")
        if not kind.isalpha() or not is_whole:
            raise UsageError(
                f"--principal is {text!r}: say PART=PRINCIPAL such as assemble=User:assemble, or "
                "PRINCIPAL alone for every part"
            )
        if part and part not in parts:
            raise UsageError(f"--principal names {part!r}, which is not set up")
        for line in lines:
            if part in ("", line.part):
                yield line._replace(principal=principal)


def _compared(kafka: KafkaSettings, lines: Sequence[_Line], *, does: bool) -> list[_Line]:
    admin = topics.admin_client(kafka)
    there = acls.existing(admin, [line.grant for line in lines])
    missing = dict.fromkeys(line.grant for line in lines if line.grant not in there)
    if does:
        acls.add(admin, missing)
    other = GRANTED if does else MISSING
    return [line._replace(state=THERE if line.grant in there else other) for line in lines]


def _text(lines: Collection[_Line]) -> Iterator[str]:
    """Set a table under the name of each part."""
    rows = [_row(line) for line in lines]
    widths = [max(map(len, column), default=0) for column in zip(*rows, strict=True)]
    before: tuple[str, str] | None = None
    for line, row in zip(lines, rows, strict=True):
        if before != (line.part, line.principal):
            yield from ("",) * (before is not None)
            who = f", by {line.principal}" if line.principal else ""
            yield f"{line.part}{who}: {PARTS[line.part]}"
            before = (line.part, line.principal)
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        yield f"  {'  '.join(cell for cell in cells if cell)}".rstrip()


def _row(line: _Line) -> tuple[str, ...]:
    right = line.right
    return line.state, right.operation, right.kind, _pattern(right), right.name


def _pattern(right: Right) -> str:
    return "prefixed" if right.prefixed else "literal"


def _document(line: _Line) -> dict[str, Any]:
    right = line.right
    named: Mapping[str, str] = dict(
        zip(_COLUMNS, (right.operation, right.kind, _pattern(right), right.name), strict=True)
    )
    asked = {"principal": line.principal, "state": line.state} if line.principal else {}
    return {"part": line.part, **named, **asked}
