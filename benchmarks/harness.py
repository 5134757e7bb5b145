"""Processes on their own cores, and what they used."""

import contextlib
import json
import os
import platform
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from confluent_kafka import Producer

from pipeline.record import Headers

WORKER_CORE = 0
OTHERS_CORE = 1
"""Everything but the worker: broker, destination, and this program."""

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process has used since it started."""

    at_s: float
    """Monotonic clock."""
    cpu_s: float
    peak_bytes: int


class Pinned:
    """A child process that runs on one core only."""

    def __init__(self, command: Sequence[str], *, core: int, log: Path) -> None:
        with log.open("wb") as out:
            self._process = subprocess.Popen(
                ["taskset", "--cpu-list", str(core), *command],
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        self._log = log

    def usage(self) -> Usage:
        """Read what the kernel has accounted to all threads of the process."""
        proc = Path("/proc") / str(self._process.pid)
        fields = (proc / "stat").read_text().rsplit(")", 1)[1].split()
        status = dict(line.split(":", 1) for line in (proc / "status").read_text().splitlines())
        return Usage(
            time.monotonic(),
            (int(fields[11]) + int(fields[12])) / _TICKS_PER_S,
            int(status["VmHWM"].split()[0]) * 1024,
        )

    def check(self) -> None:
        """Raise with the end of its log when the process has ended."""
        if self._process.poll() is not None:
            raise RuntimeError(f"{self._process.args!r} ended: {self.tail()}")

    def tail(self) -> str:
        """The end of what it wrote."""
        return self._log.read_text(errors="replace")[-2000:]

    def wait(self, timeout_s: float) -> None:
        """Wait for the end; raise with the end of its log when it failed."""
        if self._process.wait(timeout_s):
            self.check()

    def until(self, ready: Callable[[], bool], timeout_s: float = 60.0) -> None:
        """Wait until it is ready; raise with the end of its log when it ends or takes too long."""
        give_up_at = time.monotonic() + timeout_s
        while not ready():
            self.check()
            if time.monotonic() > give_up_at:
                raise RuntimeError(f"{self._process.args!r} is not ready: {self.tail()}")
            time.sleep(0.05)

    def kill(self) -> None:
        """End the process with signal 9."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """End the process, at once if it does not in twenty seconds."""
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@contextlib.contextmanager
def pinned(command: Sequence[str], *, core: int, log: Path) -> Iterator[Pinned]:
    """Run a command on one core until the block ends."""
    process = Pinned(command, core=core, log=log)
    try:
        yield process
    finally:
        process.stop()


def pipeline(config: Path, *arguments: str) -> list[str]:
    """Spell the command line of this very installation."""
    return [sys.executable, "-m", "pipeline", "--config", str(config), *arguments]


def is_ready(port: int) -> bool:
    """Whether a worker says, on its side door, that it is ready."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2):
            return True
    except (urllib.error.URLError, OSError):
        return False


def counted(port: int, name: str, label: str) -> dict[str, int]:
    """Ask a worker's side door for a counter: what is more than 0, by one of its labels."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as page:
        lines = page.read().decode().splitlines()
    found: Counter[str] = Counter()
    for line in lines:
        if line.startswith(f"{name}{{") and (value := re.search(f'{label}="([^"]*)"', line)):
            found[value[1]] += int(float(line.rsplit(" ", 1)[1]))
    return dict(+found)


def versions() -> dict[str, str]:
    """Name what was measured."""
    packages = ("confluent-kafka", "fastavro", "httptools", "httpx", "uvloop")
    return {
        "python": platform.python_version(),
        "kafka": "4.1.1",
        **{name: version(name) for name in packages},
    }


def report(**figures: object) -> None:
    """Print the one line of JSON that a benchmark ends with."""
    print(json.dumps({**figures, "versions": versions()}))


class Outgoing(NamedTuple):
    """A record that is published."""

    key: bytes
    value: bytes
    headers: Headers = ()


def publish(bootstrap: str, topic: str, records: Iterable[tuple[bytes, bytes] | Outgoing]) -> float:
    """Fill a topic, keyed records spread as Java's clients do.

    Returns:
        Mean bytes of a value.
    """
    producer = Producer(
        {
            "bootstrap.servers": bootstrap,
            "partitioner": "murmur2_random",
            "linger.ms": 50,
            "enable.idempotence": True,
            "queue.buffering.max.messages": 1_000_000,
        }
    )
    count = total = 0
    for record in records:
        one = record if isinstance(record, Outgoing) else Outgoing(*record)
        producer.produce(topic, key=one.key, value=one.value, headers=list(one.headers))
        count += 1
        total += len(one.value)
        if count % 1000 == 0:
            producer.poll(0)
            while len(producer) > 200_000:
                producer.poll(0.1)
    if producer.flush(60):
        raise RuntimeError(f"{topic} did not take all of {count} records")
    return total / count
