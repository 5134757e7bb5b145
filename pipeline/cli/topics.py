"""`pipeline topics`: the topics that the workers need, created or compared."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from pipeline.errors import ConfigError

if TYPE_CHECKING:
    from pipeline.config import Settings

_EXAMPLE = """\b
Example:
  pipeline --config pipeline.example.yaml topics create
  pipeline --config pipeline.example.yaml topics compare

The number of partitions is fixed for life: it decides where a guest's records lie.
"""
_OUTPUT = click.option(
    "--output", type=click.Choice(["text", "json"]), default="text", show_default=True
)


@click.group(epilog=_EXAMPLE, short_help="Create the topics, or compare them with what is needed.")
def command() -> None:
    """Create the topics that the workers need, or compare them with what is needed."""


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
