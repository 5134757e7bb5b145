"""Prometheus and promtool: those on the path, or Debian's, unpacked into the cache."""

import json
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from tests.components.maven import MissingToolError, cache, once
from tests.components.process import Child, free_port, until

_ABSENT = (
    "Prometheus is absent: install prometheus and promtool 2.42 or newer; where there is apt-get, "
    "Debian's package is fetched without rights"
)


def program(name: str) -> str:
    """Find `prometheus` or `promtool`.

    Raises:
        MissingToolError: It is neither installed nor to be had.
    """
    installed = shutil.which(name)
    if installed is not None:
        return installed
    folder = cache() / "prometheus"
    with once(folder) as absent:
        if absent:
            _unpack(folder)
    return str(folder / "usr" / "bin" / name)


def promtool(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run promtool to its end.

    Raises:
        MissingToolError: It is not to be had.
    """
    command = [program("promtool"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _unpack(folder: Path) -> None:
    """Fetch Debian's package with package lists of our own: the machine's are root's."""
    if shutil.which("apt-get") is None or shutil.which("dpkg") is None:
        raise MissingToolError(_ABSENT)
    scratch = folder.with_suffix(".partial")
    shutil.rmtree(scratch, ignore_errors=True)
    for name in ("lists/partial", "archives/partial", "home"):
        (scratch / name).mkdir(parents=True)
    options = {
        "Dir::State::Lists": scratch / "lists",
        "Dir::Cache": scratch,
        "Dir::Cache::pkgcache": "",
        "Dir::Cache::srcpkgcache": "",
        "APT::Sandbox::User": "",
    }
    apt = [
        "apt-get",
        "-qq",
        *(word for name, value in options.items() for word in ("-o", f"{name}={value}")),
    ]
    _run([*apt, "update"], scratch)
    _run([*apt, "download", "prometheus"], scratch)
    (package,) = scratch.glob("prometheus_*.deb")
    _run(["dpkg", "-x", str(package), str(scratch / "home")], scratch)
    (scratch / "home").rename(folder)
    shutil.rmtree(scratch)


def _run(command: Sequence[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise MissingToolError(f"{_ABSENT} ({' '.join(command[:1])}: {done.stderr.strip()[-300:]})")


class Prometheus:
    """One server that scrapes workers once a second; it forgets all when it ends."""

    def __init__(self, targets: Mapping[str, Mapping[str, str]], rules: Sequence[Path]) -> None:
        """Prepare.

        Args:
            targets: Labels of each worker, by its address.
            rules: Rule files, evaluated once a second too.
        """
        self._port = free_port()
        self._folder = Path(tempfile.mkdtemp(prefix="prometheus-"))
        self._config = self._folder / "prometheus.yml"
        self._config.write_text(yaml.safe_dump(_config(targets, rules)))
        self._child: Child | None = None

    def __enter__(self) -> Self:
        command = [
            program("prometheus"),
            f"--config.file={self._config}",
            f"--storage.tsdb.path={self._folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{self._port}",
        ]
        self._child = Child(command, log=self._folder / "log.txt")
        until(self._ready, self._child)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._child is not None:
            self._child.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def ask(self, query: str) -> list[dict[str, Any]]:
        """Ask for the present value of a query.

        Raises:
            ValueError: Prometheus does not understand it; with what it said.
        """
        return self._asked("query", {"query": query})

    def ask_range(self, query: str, *, start: float, end: float, step_s: float) -> list[Any]:
        """Ask for a query's course, as a panel does.

        Raises:
            ValueError: Prometheus does not understand it; with what it said.
        """
        span = {"query": query, "start": f"{start}", "end": f"{end}", "step": f"{step_s}"}
        return self._asked("query_range", span)

    def firing(self) -> set[str]:
        """Name the alerts that fire now."""
        found = self.ask('ALERTS{alertstate="firing"}')
        return {one["metric"]["alertname"] for one in found}

    def _asked(self, what: str, arguments: Mapping[str, str]) -> list[Any]:
        url = f"http://127.0.0.1:{self._port}/api/v1/{what}?{urllib.parse.urlencode(arguments)}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                found: list[Any] = json.load(answer)["data"]["result"]
        except urllib.error.HTTPError as error:
            raise ValueError(f"{arguments['query']}: {error.read().decode()}") from None
        return found

    def _ready(self) -> bool:
        with (
            suppress(OSError),
            urllib.request.urlopen(f"http://127.0.0.1:{self._port}/-/ready", timeout=2),
        ):
            return True
        return False


def _config(targets: Mapping[str, Mapping[str, str]], rules: Sequence[Path]) -> dict[str, Any]:
    scraped = [
        {"targets": [address], "labels": dict(labels)} for address, labels in targets.items()
    ]
    return {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(path) for path in rules],
        "scrape_configs": [{"job_name": "pipeline", "static_configs": scraped}],
    }
