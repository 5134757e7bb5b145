"""Two processes that live and end as one."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

POLITE = r"""
import signal, sys, time
def stop(*_):
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    time.sleep(0.3)
    sys.stdout.write("stopped\n")
    sys.stdout.flush()
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
sys.stdout.write("up\n")
sys.stdout.flush()
while True: time.sleep(0.01)
"""
"""A worker that drains for a moment; a second signal would cut it."""

ENDS_WITH_PARENT = r"""
import threading, sys
from pathlib import Path
from pipeline.cli.signals import stop_with_parent
stop = threading.Event()
stop_with_parent(stop.set)
sys.stdout.write("up\n")
sys.stdout.flush()
stop.wait()
Path(sys.argv[1]).touch()
"""


@contextmanager
def together(*programs: tuple[str, ...]) -> Iterator[subprocess.Popen[str]]:
    """Run Python programs by `run_together` in a process of its own."""
    commands = [[sys.executable, "-c", *program] for program in programs]
    driver = f"from pipeline.cli.children import run_together as r; exit(r({commands!r}))"
    process = subprocess.Popen([sys.executable, "-c", driver], stdout=subprocess.PIPE, text=True)
    with process:
        try:
            yield process
        finally:
            process.kill()


def up(process: subprocess.Popen[str], count: int) -> None:
    """Wait until that many children are up."""
    assert process.stdout is not None
    assert [process.stdout.readline() for _ in range(count)] == ["up\n"] * count


@pytest.mark.parametrize(("code", "ends"), [("sys.exit(76)", 76), ("os.kill(os.getpid(), 9)", 137)])
def test_one_that_fails_ends_the_other_and_gives_the_exit_code(code: str, ends: int) -> None:
    """A supervisor must not see half a pipeline that looks whole."""
    with together((POLITE,), (f"import os, sys, time; time.sleep(1); {code}",)) as process:
        said, _ = process.communicate(timeout=20)

        assert said.split() == ["up", "stopped"]
        assert process.returncode == ends


def test_a_signal_is_passed_on_once_and_ends_both_in_order() -> None:
    """Each drains in its own time: the one that is ready first must not cut the other."""
    with together((POLITE.replace("0.3", "0.1"),), (POLITE.replace("0.3", "1"),)) as process:
        up(process, 2)

        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=20)

        assert said.split() == ["stopped"] * 2
        assert process.returncode == 0


def test_a_second_signal_ends_both_at_once() -> None:
    """Whoever presses Ctrl-C twice does not want to wait."""
    with together((POLITE.replace("0.3", "60"),), (POLITE.replace("0.3", "60"),)) as process:
        up(process, 2)

        process.send_signal(signal.SIGTERM)
        while process.poll() is None:
            process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=20)

        assert said == ""
        assert process.returncode in {128 + signal.SIGTERM, -signal.SIGTERM}


def test_children_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    """Workers without a parent would go on holding partitions and ports."""
    os.mkfifo(tmp_path / "ended")
    touched = [(ENDS_WITH_PARENT.replace("touch()", "write_text('x')"), str(tmp_path / "ended"))]
    with together(*touched) as process:
        up(process, 1)

        process.kill()

        assert (tmp_path / "ended").read_text() == "x"
