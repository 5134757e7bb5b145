"""The command line as a whole: what it lists, how it fails, how fast it is."""

import json
import os
import re
import resource
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from pipeline.cli.main import Commands, main
from pipeline.errors import ConfigError, StateError

ROOT = Path(__file__).parents[3]
_CONTEXT = click.Context(main)
SECRET = "s3cr3t-value"  # noqa: S105 — what must never be seen


def ran(*arguments: str, environment: dict[str, str] | None = None) -> Result:
    """Run a command line in this process."""
    return CliRunner().invoke(main, arguments, env=environment)


def failing(error: BaseException) -> Commands:
    """A command line whose every command raises."""

    class Failing(Commands):
        """Finds a command that raises, whatever the name."""

        def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
            """Give it."""
            return check

    @click.command()
    def check() -> None:
        raise error

    return Failing("pipeline")


def test_help_lists_every_command_as_it_describes_itself() -> None:
    """The list is kept apart from the commands, so that help imports none."""
    text = ran("--help").output

    for name in main.list_commands(_CONTEXT):
        command = main.get_command(_CONTEXT, name)
        assert command is not None
        assert f"{name}  " in text
        assert command.get_short_help_str(200) in text


def test_every_command_shows_an_example() -> None:
    """One that works when it is pasted says more than its options."""
    for name in main.list_commands(_CONTEXT):
        assert "Example:\n  " in ran(name, "--help").output, name


def test_every_example_that_needs_nothing_else_works_when_pasted() -> None:
    """An example that fails is worse than none."""
    commands = [(), *((name,) for name in main.list_commands(_CONTEXT))]
    lines = "".join(ran(*command, "--help").output for command in commands).splitlines()
    alone = re.compile(".*pipeline .*( preview docs| --offline| --check docs)")
    examples = sorted({line.strip() for line in lines if alone.match(line)})
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"

    for example in examples:
        done = subprocess.run(
            ["sh", "-c", example], cwd=ROOT, env={"PATH": path}, capture_output=True, check=False
        )
        assert done.returncode == 0, (example, done.stderr)
    assert len(examples) == 3


def test_help_is_there_at_once() -> None:
    """People ask for help often, and completion asks for it at every key."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-m", "pipeline", "--help"], check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)

    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.3


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigError("`a.b` is wrong: mend it"), 78),
        (StateError("offsets without state"), 76),
        (click.UsageError("no such thing."), 64),
        (click.FileError("events.ndjson", "absent"), 65),
        (KeyboardInterrupt(), 130),
    ],
)
def test_a_failure_is_one_line_and_an_exit_code(error: BaseException, code: int) -> None:
    """A supervisor reads the code, a person the line, and neither wants a trace."""
    result = CliRunner().invoke(failing(error), ["check"])

    assert result.exit_code == code
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    assert len(result.stderr.splitlines()) <= 1


def test_each_of_several_problems_has_its_line() -> None:
    """The message of a settings file with three faults has three."""
    result = CliRunner().invoke(failing(ConfigError("a\nb")), ["check"])

    assert result.stderr == "pipeline: a\npipeline: b\n"


def test_a_fault_of_the_program_is_logged_whole() -> None:
    """A maintainer needs the trace, in the form of the other log lines."""
    result = CliRunner().invoke(failing(ZeroDivisionError("oops")), ["check"])

    first, last = result.stderr.splitlines()
    assert result.exit_code == 70
    assert "ZeroDivisionError: oops" in json.loads(first)["exception"]
    assert last.startswith("pipeline: this is a fault of the program")


@pytest.mark.parametrize(
    "arguments", [["nosuch"], ["--nosuch"], ["run", "nosuch"], ["run", "--port", "x"]]
)
def test_a_command_line_that_makes_no_sense_is_refused_in_a_line(arguments: list[str]) -> None:
    """It says where help is, and ends with 64 as `sysexits` has it."""
    result = ran(*arguments)

    assert result.exit_code == 64
    assert len(result.stderr.splitlines()) == 1
    assert "--help'" in result.stderr


def test_without_a_command_help_is_shown() -> None:
    """Whoever types the bare name wants to know what there is."""
    result = ran()

    assert result.exit_code == 64
    assert "Commands:" in result.stderr


def test_the_settings_file_can_be_named_by_the_environment(tmp_path: Path) -> None:
    """Containers set variables rather than arguments."""
    absent = tmp_path / "absent.yaml"

    result = ran("run", environment={"PIPELINE_CONFIG": str(absent)})

    assert result.exit_code == 78
    assert result.stderr.startswith(f"pipeline: settings file {absent}: No such file")


def test_no_secret_is_printed_when_settings_are_refused(tmp_path: Path) -> None:
    """The line ends in terminals and tickets."""
    file = tmp_path / "pipeline.yaml"
    file.write_text(f"sitecore: {{client_key: [{SECRET}]}}\nregistry: {{pasword: {SECRET}}}")

    result = ran("--config", str(file), "run", environment={"PIPELINE_KAFKA__SECRETS": SECRET})

    assert result.exit_code == 78
    assert len(result.stderr.splitlines()) == 4
    assert SECRET not in result.output
