"""`pipeline check`: whether the settings, and everything that they name, will do."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pipeline.cli.checks import Finding
    from pipeline.config import Settings

_EXAMPLE = """\b
Example:
  PIPELINE_SITECORE__CLIENT_KEY=demo pipeline --config pipeline.example.yaml check --offline

Nothing is changed and no event is sent. The exit code is that of the first check that failed.
"""


@click.command(epilog=_EXAMPLE, short_help="Check the settings and everything that they name.")
@click.option(
    "--print", "shown", is_flag=True, help="Show the settings in effect, secrets starred."
)
@click.option("--offline", is_flag=True, help="Check the settings alone: nothing is connected to.")
@click.option(
    "--worker",
    type=click.Choice(["assemble", "deliver", "rekey"]),
    help="Check what this worker may do in Kafka, with its user; topics are not compared.",
)
@click.option("--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_context
def command(
    ctx: click.Context, *, shown: bool, offline: bool, worker: str | None, output: str
) -> None:
    """Check the settings, Kafka, topics, registry and the destination."""
    from pipeline.cli.checks import findings
    from pipeline.config import show

    load_settings: Callable[[], Settings] = ctx.obj
    settings = load_settings()
    tried = findings(settings, offline=offline, worker=worker)
    if output == "json":
        found = list(tried)
        click.echo(_document(found, show(settings) if shown else None))
    else:
        if shown:
            click.echo(show(settings))
        found = [_told(finding) for finding in tried]
    ctx.exit(next((finding.exit_code for finding in found if finding.exit_code), 0))


def _told(finding: "Finding") -> "Finding":
    """Say a finding at once: the next check may take its time."""
    word = click.style("failed", fg="red") if finding.exit_code else click.style("ok", fg="green")
    first, *more = finding.said.splitlines() or [""]
    click.echo(f"{finding.name:<15} {word:<6} {first}")
    for line in more:
        click.echo(f"{'':<22} {line}")
    return finding


def _document(found: "list[Finding]", settings: str | None) -> str:
    import yaml

    checks = [
        {"name": finding.name, "ok": not finding.exit_code, "said": finding.said}
        for finding in found
    ]
    document = {"ok": all(check["ok"] for check in checks), "checks": checks}
    if settings is not None:
        document["settings"] = yaml.safe_load(settings)
    return json.dumps(document, ensure_ascii=False, indent=2)
