"""Child processes that never outlive us, and ports that stay theirs over a restart."""

import atexit
import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

_ATTACH = """
import ctypes, os, signal, sys
parent, command = int(sys.argv[1]), sys.argv[2:]
if hasattr(ctypes.CDLL(None), "prctl"):
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
if os.getppid() != parent:
    sys.exit("the parent has gone")
os.execvp(command[0], command)
"""


class Child:
    """A process of its own session that the kernel kills when we die, however we die."""

    def __init__(self, command: Sequence[str], *, log: Path) -> None:
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _ATTACH, str(os.getpid()), *command],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._log = log
        atexit.register(self.kill)

    @property
    def pid(self) -> int:
        """Its process id; the command runs in the very process that was started."""
        return self._process.pid

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, such as SIGSTOP and SIGCONT for a process that hangs."""
        self._process.send_signal(number)

    def running(self) -> bool:
        """Say whether it has not ended."""
        return self._process.poll() is None

    def wait(self, timeout_s: float) -> int:
        """Wait for its end and return its exit code; negative: the signal that ended it."""
        return self._process.wait(timeout_s)

    def kill(self) -> None:
        """End it with signal 9, and wait until it is gone."""
        atexit.unregister(self.kill)
        self._process.kill()
        self._process.wait()

    def tail(self) -> str:
        """The end of what it wrote."""
        return self._log.read_text(errors="replace")[-4000:]


def until(ready: Callable[[], bool], child: Child, *, timeout_s: float = 60.0) -> None:
    """Wait until a child is ready.

    Raises:
        RuntimeError: It ended, or was not ready in time; with the end of its log.
    """
    give_up_at = time.monotonic() + timeout_s
    while not ready():
        if not child.running():
            raise RuntimeError(f"the process ended before it was ready:\n{child.tail()}")
        if time.monotonic() > give_up_at:
            raise RuntimeError(f"the process was not ready in {timeout_s} s:\n{child.tail()}")
        time.sleep(0.05)


def free_port() -> int:
    """Find a port that nobody listens on, outside the range that clients are given."""
    while True:
        port = random.randint(20_000, 32_000)
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port


def listens(port: int) -> bool:
    """Say whether somebody accepts connections on a loopback port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
