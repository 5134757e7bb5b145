"""`pipeline schemas`: the Avro schemas in a registry."""

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from pipeline.errors import ConfigError

if TYPE_CHECKING:
    from pipeline.commerce.schemas import Schema
    from pipeline.config import Settings
    from pipeline.kafka.registry import Subject

_EXAMPLE = """\b
Example:
  PIPELINE_REGISTRY__URL=http://localhost:8081 pipeline schemas register
  PIPELINE_REGISTRY__URL=http://localhost:8081 pipeline schemas register --check

\b
A subject is named like its record, such as commerce.OrderPlaced, and is FULL_TRANSITIVE.
"""


@click.group(epilog=_EXAMPLE, short_help="Register the Avro schemas, or check them.")
def command() -> None:
    """Register the Avro schemas in the schema registry, or check them."""


@command.command(epilog=_EXAMPLE)
@click.option("--check", is_flag=True, help="Change nothing: exit code 78 when something differs.")
@click.option("--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_obj
def register(load_settings: "Callable[[], Settings]", *, check: bool, output: str) -> None:
    """Register every event, and everything that is owed, as a subject of its own."""
    from pipeline.kafka.registry import State, connect

    settings = load_settings()
    if settings.registry is None:
        raise ConfigError(
            "no schema registry is configured: set `registry.url`; "
            "without one events carry a fingerprint, and nothing needs to be registered"
        )
    with connect(settings.registry) as registry:
        ask = registry.check if check else registry.register
        subjects = _shown((ask(schema) for schema in _ours()), output)
    wrong = [subject.name for subject in subjects if subject.state is not State.REGISTERED]
    if wrong:
        raise ConfigError(f"{len(wrong)} of {len(subjects)} are not as they should be")


def _ours() -> "list[Schema]":
    from pipeline.commerce.build import BUILDERS
    from pipeline.commerce.schemas import COMMERCE, current
    from pipeline.sitecore.codec import written

    events = [current()[f"{COMMERCE}.{name}"] for name in BUILDERS]
    return [*events, *written().values()]


def _shown(subjects: "Iterable[Subject]", output: str) -> "list[Subject]":
    """Say each as soon as it is known."""
    found = []
    for subject in subjects:
        found.append(subject)
        if output == "text":
            number = "" if subject.schema_id is None else f", id {subject.schema_id}"
            click.echo(f"{subject.name:<26} {subject.state}{number}")
    if output == "json":
        click.echo(json.dumps([asdict(subject) for subject in found], indent=2))
    return found
