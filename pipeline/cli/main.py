"""The `pipeline` command: finds the subcommand, and turns what it raises into an exit code."""

import sys
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline import __version__
from pipeline.errors import (
    DataError,
    FatalKafkaError,
    PipelineError,
    UnavailableError,
    UsageError,
)

if TYPE_CHECKING:
    from pipeline.config import Settings

INTERRUPTED = 130
FAULT = 70

_COMMANDS: Mapping[str, str] = {
    "demo": "Run a shop's day.",
    "run": "Run assemble, deliver, rekey, or all of them.",
    "check": "Check the settings and everything that they name.",
    "topics": "Create or compare the topics; show and grant the rights on them.",
    "schemas": "Register the Avro schemas, or check them.",
    "publish": "Publish commerce events from NDJSON.",
    "preview": "Show the requests that events would make.",
    "guest": "Show what both workers know of a guest.",
    "erase": "Erase a guest: nothing more is kept or sent.",
    "dead-letters": "List, show, replay or discard what was set aside.",
    "reset": "Begin anew at a time, forgetting guests and deliveries.",
    "sandbox": "Serve a Stream API that shows what Sitecore hides.",
}
"""Each is the `command` of a module of its name, with underscores for hyphens: help is shown
without importing any."""

_PARTS: Mapping[str, str] = {
    "topics": "topics",
    "publish": "publish",
    "guest": "operate",
    "erase": "operate",
    "dead-letters": "operate",
    "reset": "operate",
}
"""Whose rights a subcommand needs; `run` and `check` know it by themselves."""

_EXIT_CODES = """\b
Exit codes:
  0    done
  64   the command line does not make sense
  65   a file that was given cannot be read as what it should be
  69   an outside system does not answer
  70   a fault of the program
  75   Kafka ended this client: start again
  76   offsets, state and topics contradict each other
  77   Kafka does not allow it: a right is missing
  78   the settings are wrong
  130  interrupted

\b
Example:
  pipeline --config pipeline.example.yaml preview docs/example.ndjson
"""


class Commands(click.Group):
    """Imports a subcommand when it is called, and ends the process with its exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Name the subcommands in the order in which people meet them."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import a subcommand."""
        if cmd_name not in _COMMANDS:
            return None
        command = import_module(f"pipeline.cli.{cmd_name.replace('-', '_')}").command
        assert isinstance(command, click.Command)  # noqa: S101 — for the type checker
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run a subcommand; where Kafka does not allow it, name the right that is missing."""
        try:
            return super().invoke(ctx)
        except (FatalKafkaError, UnavailableError):
            part = _PARTS.get(ctx.invoked_subcommand or "")
            if part is None:
                raise
            from pipeline.kafka import permission

            with permission.named(ctx.obj(), part):
                raise

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the subcommands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,  # noqa: FBT001, FBT002 — the base's signature
        **extra: Any,
    ) -> Any:
        """Run, say what failed in a line, and exit."""
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        try:
            code = super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        except click.exceptions.Abort:
            code = INTERRUPTED
        except (click.ClickException, PipelineError) as error:
            code = _said(error)
        except Exception:  # noqa: BLE001 — the one place that turns it into an exit code
            code = _fault()
        sys.exit(code if isinstance(code, int) else 0)


def _said(error: click.ClickException | PipelineError) -> int:
    """Say what failed, and give the exit code."""
    if isinstance(error, PipelineError):
        text, code = str(error), error.exit_code
    else:
        text, code = error.format_message(), error.exit_code
    if isinstance(error, click.FileError):
        code = DataError.exit_code
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        click.echo(text, err=True)
        return UsageError.exit_code
    if isinstance(error, click.UsageError):
        path = error.ctx.command_path if error.ctx else "pipeline"
        text, code = f"{text} Try '{path} --help'.", UsageError.exit_code
    for line in text.splitlines():
        click.echo(f"pipeline: {line}", err=True)
    return code


def _fault() -> int:
    """Log what a maintainer needs."""
    from pipeline import logs, metrics

    logs.configure("error")  # it may have failed before anything was configured
    metrics.failed()
    click.echo("pipeline: this is a fault of the program; please report the lines above", err=True)
    return FAULT


@click.group(cls=Commands, epilog=_EXIT_CODES, context_settings={"max_content_width": 100})
@click.option(
    "--config",
    metavar="FILE",
    type=click.Path(path_type=Path),
    envvar="PIPELINE_CONFIG",
    show_envvar=True,
    help="Settings in YAML. Environment and secret files come on top.",
)
@click.version_option(__version__, message="%(prog)s %(version)s")
@click.pass_context
def main(ctx: click.Context, config: Path | None) -> None:
    """Carry commerce orders from Kafka into Sitecore CDP."""
    from pipeline import logs

    logs.configure("warning")

    @cache
    def load_settings() -> "Settings":
        """Read the settings, once."""
        from pipeline.config import load

        return load(config)

    ctx.obj = load_settings
