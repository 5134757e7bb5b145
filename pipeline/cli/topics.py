"""`pipeline topics`: the topics that the workers need, created or compared."""

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import click

from pipeline.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from pipeline.config import Settings

_EXAMPLE = """\b
Example:
  pipeline --config pipeline.example.yaml topics create
  pipeline --config pipeline.example.yaml topics compare

  pipeline --config pipeline.example.yaml topics --acls

The number of partitions is fixed for life: it decides where a guest's records lie.

\b
Rights, for brokers with an authorizer:
  --acls                                      shows what each part needs
  --acls --principal assemble=User:a ...      says what is there and what is missing
  --acls --principal assemble=User:a --yes    grants what is missing; that takes an administrator
"""
_OUTPUT = click.option(
    "--output", type=click.Choice(["text", "json"]), default="text", show_default=True
)


@click.group(
    epilog=_EXAMPLE,
    short_help="Create or compare the topics; show and grant the rights on them.",
    invoke_without_command=True,
    no_args_is_help=True,
)
@click.option("--acls", is_flag=True, help="Show the rights that each part needs in Kafka.")
@click.option(
    "--principal",
    "principals",
    metavar="[PART=]PRINCIPAL",
    multiple=True,
    help="Who has the rights of a part, or of all; repeat it for others.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be granted, and change nothing.")
@click.option("--yes", is_flag=True, help="Grant it. Without this nothing is changed.")
@_OUTPUT
@click.pass_context
def command(
    ctx: click.Context,
    *,
    acls: bool,
    principals: Sequence[str],
    dry_run: bool,
    yes: bool,
    output: str,
) -> None:
    """Create the topics that the workers need, compare them, or grant the rights on them."""
    if ctx.invoked_subcommand is not None:
        if acls or principals or dry_run or yes:
            raise UsageError("`--acls` and a subcommand do not go together")
        return
    if not acls:
        raise UsageError("say `create`, `compare` or `--acls`")
    from pipeline.cli.acls import command as show

    show(ctx.obj(), principals, does=yes and not dry_run, output=output)


@command.command(epilog="\b\nExample:\n  pipeline --config pipeline.example.yaml topics create")
@_OUTPUT
@click.pass_obj
def create(load_settings: "Callable[[], Settings]", output: str) -> None:
    """Create the topics that are missing; those that exist stay as they are."""
    from pipeline.kafka import topics

    settings = load_settings()
    created = topics.create(topics.admin_client(settings.kafka), settings.topics)
    if output == "json":
        click.echo(json.dumps({"created": created}))
        return
    for name in created:
        click.echo(f"created {name}")
    if not created:
        click.echo("all there")


@command.command(epilog="\b\nExample:\n  pipeline --config pipeline.example.yaml topics compare")
@_OUTPUT
@click.pass_obj
def compare(load_settings: "Callable[[], Settings]", output: str) -> None:
    """Say how the topics differ from what is needed; exit code 78 when they do."""
    from pipeline.kafka import topics

    settings = load_settings()
    differences = topics.compare(topics.admin_client(settings.kafka), settings.topics)
    if output == "json":
        click.echo(json.dumps({"differences": [one._asdict() for one in differences]}))
    for one in differences if output == "text" else ():
        click.echo(str(one))
    if differences:
        raise ConfigError(f"{len(differences)} differences; `pipeline topics create` makes topics")
    if output == "text":
        click.echo("as they should be")
