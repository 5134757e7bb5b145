"""`pipeline sandbox` as a person starts it."""

import re
import signal
import socket
import subprocess
import sys
from http.client import HTTPConnection

import pytest
from click.testing import CliRunner

from pipeline.cli.sandbox import command
from pipeline.errors import UnavailableError
from pipeline.sandbox.settings import EXAMPLE_BROWSER_ID

COMMAND = (sys.executable, "-m", "pipeline", "sandbox", "--port", "0")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_says_where_it_is_and_ends_when_told(number: signal.Signals) -> None:
    """Its first line has address and client key, its examples work, Ctrl-C is no failure."""
    with subprocess.Popen(COMMAND, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:(\d+), client key demo", first)
        assert found, first
        connection = HTTPConnection("127.0.0.1", int(found[1]), timeout=5)
        connection.request("GET", f"/sandbox/guests/{EXAMPLE_BROWSER_ID}")
        status = connection.getresponse().status
        connection.close()
        process.send_signal(number)
        examples = process.stdout.read()

    assert (status, process.returncode) == (200, 0)
    assert "curl" in examples


def test_a_taken_port_is_named() -> None:
    """The message says what to do, the exit code that something outside is in the way."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = CliRunner().invoke(command, ["--port", str(port)])

    assert isinstance(result.exception, UnavailableError)
    assert f"127.0.0.1:{port}" in str(result.exception)


@pytest.mark.parametrize(
    "arguments", [("--cut", "0.6", "--hang", "0.6"), ("--cut", "2"), ("--session-timeout-s", "0")]
)
def test_settings_that_make_no_sense_are_a_usage_error(arguments: tuple[str, ...]) -> None:
    """Click's own exit code; the program turns it into its own."""
    assert CliRunner().invoke(command, arguments).exit_code == 2


def test_the_help_has_an_example_and_every_address() -> None:
    """Whoever looks for a view finds it there."""
    shown = CliRunner().invoke(command, ["--help"]).output

    assert "pipeline sandbox --point-of-sale" in shown
    for address in ("guests", "orders", "unseen", "requests", "summary", "faults", "clock"):
        assert f"/sandbox/{address}" in shown
