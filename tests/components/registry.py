"""Apicurio Registry on loopback: a schema registry with Confluent's API.

``python -m tests.components.registry`` runs one until it is interrupted.
"""

import contextlib
import os
import shutil
import signal
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from tests.components.maven import APICURIO, apicurio_home, require_java
from tests.components.process import Child, free_port, until


class Registry:
    """One registry process, which keeps everything in memory: a restart forgets it."""

    def __init__(self) -> None:
        self._port = free_port()
        self._folder = Path(tempfile.mkdtemp(prefix="registry-"))
        self._child: Child | None = None

    @property
    def url(self) -> str:
        """Base address of its Confluent-compatible API."""
        return f"http://127.0.0.1:{self._port}/apis/ccompat/v7"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        (jar,) = apicurio_home().rglob(f"apicurio-registry-app-{APICURIO}-runner.jar")
        settings = (f"-Dquarkus.http.port={self._port}", "-Dquarkus.http.host=127.0.0.1")
        command = [require_java(), "-Xmx512m", *settings, "-jar", os.fspath(jar)]
        self._child = Child(command, log=self._folder / "log.txt")
        until(self._answers, self._child)

    def kill(self) -> None:
        """End it with signal 9: an outage."""
        if self._child is not None:
            self._child.kill()

    def close(self) -> None:
        """End it, and remove what it wrote."""
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _answers(self) -> bool:
        with (
            contextlib.suppress(OSError),
            urllib.request.urlopen(f"{self.url}/subjects", timeout=2) as answer,  # noqa: S310
        ):
            return bool(answer.status == 200)
        return False


@contextlib.contextmanager
def running() -> Iterator[Registry]:
    """Run a registry until the block ends."""
    registry = Registry()
    try:
        registry.start()
        yield registry
    finally:
        registry.close()


def main() -> None:
    """Run a registry until interrupted, and print its address."""
    with running() as registry:
        sys.stdout.write(f"{registry.url}\n")
        sys.stdout.flush()
        with contextlib.suppress(KeyboardInterrupt):
            signal.pause()


if __name__ == "__main__":
    main()
