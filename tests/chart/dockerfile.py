"""Performs the steps of the Dockerfile itself, without a container engine.

It knows the instructions that the Dockerfile uses and refuses all others, so
that what is tested is what an engine would do.
"""

import fnmatch
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.components import own_root
from tests.components.own_root import Put

OWN: Final = ("opt", "src")
"""The folders of the root that an image's steps write to."""


@dataclass(slots=True)
class Stage:
    """What a stage has come to."""

    folder: Path
    """Holds what its steps wrote, each file at its place from the root."""
    cwd: str = "/"
    user: str = "0:0"
    env: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    entrypoint: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)

    def puts(self, *, writable: bool) -> list[Put]:
        """What it wrote, to be seen at its place."""
        folders = (self.folder / name for name in OWN)
        return [Put(one, f"/{one.name}", writable) for one in folders if one.exists()]


@dataclass(slots=True)
class Build:
    """Goes through a Dockerfile, step by step."""

    context: Path
    folder: Path
    stages: dict[str, Stage] = field(default_factory=dict)
    _arguments: dict[str, str] = field(default_factory=dict)

    def run(self) -> Stage:
        """Perform every step, and return the last stage."""
        for instruction, rest in _steps((self.context / "Dockerfile").read_text()):
            self._perform(instruction, rest)
        return self._stage

    @property
    def _stage(self) -> Stage:
        return list(self.stages.values())[-1]

    def _perform(self, instruction: str, rest: str) -> None:
        steps: Mapping[str, Callable[[str], None]] = {
            "ARG": self._argument,
            "FROM": self._from,
            "WORKDIR": self._workdir,
            "COPY": self._copy,
            "RUN": self._run,
            "ENV": lambda rest: self._stage.env.update(_pairs(rest)),
            "LABEL": lambda rest: self._stage.labels.update(_pairs(rest)),
            "USER": lambda rest: setattr(self._stage, "user", rest),
            "EXPOSE": lambda _rest: None,
            "ENTRYPOINT": lambda rest: setattr(self._stage, "entrypoint", json.loads(rest)),
            "CMD": lambda rest: setattr(self._stage, "command", json.loads(rest)),
        }
        told = re.sub(r"\$\{(\w+)\}", lambda found: self._arguments[found[1]], rest)
        steps[instruction](told)

    def _argument(self, rest: str) -> None:
        name, _, default = rest.partition("=")
        self._arguments[name] = default

    def _from(self, rest: str) -> None:
        base, _, name = rest.partition(" AS ")
        assert base.startswith("python:"), f"this machine's Python stands for {base}"
        folder = self.folder / f"stage-{len(self.stages)}"
        for own in OWN:
            (folder / own).mkdir(parents=True)
        self.stages[name] = Stage(folder)

    def _workdir(self, rest: str) -> None:
        self._stage.cwd = rest
        self._at(rest).mkdir(parents=True, exist_ok=True)

    def _at(self, place: str) -> Path:
        """Where a place inside the present stage lies."""
        return self._stage.folder / str(Path(self._stage.cwd, place)).lstrip("/")

    def _copy(self, rest: str) -> None:
        *sources, target = rest.split()
        before = sources.pop(0).removeprefix("--from=") if sources[0].startswith("--") else None
        for source in sources:
            folder = self.context if before is None else self.stages[before].folder
            found = folder / source.lstrip("/")
            where = self._at(target)
            assert before or not self._ignored(found), f"{source} is ignored"
            if found.is_dir():
                ignore = self._ignore if before is None else None
                shutil.copytree(found, where, ignore=ignore, symlinks=True, dirs_exist_ok=True)
            else:
                where.mkdir(parents=True, exist_ok=True)
                shutil.copy2(found, where)

    def _ignore(self, folder: str, names: list[str]) -> list[str]:
        return [name for name in names if self._ignored(Path(folder, name))]

    def _ignored(self, file: Path) -> bool:
        """Ask .dockerignore: of the patterns that fit it or a folder above it, the last holds."""
        path = file.relative_to(self.context)
        ignored = False
        for line in (self.context / ".dockerignore").read_text().splitlines():
            pattern = line.removeprefix("!")
            if not line or line.startswith("#"):
                continue
            if any(_fits(pattern, str(one)) for one in (path, *path.parents)):
                ignored = not line.startswith("!")
        return ignored

    def _run(self, rest: str) -> None:
        empty = self.folder / "root"
        empty.mkdir(exist_ok=True)
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        step = own_root.command(
            ["sh", "-c", rest],
            puts=[*own_root.whole_machine((*OWN, "proc")), *self._stage.puts(writable=True)],
            env={**os.environ, **self._stage.env, "PATH": path, "PYTHONPATH": ""},
            cwd=self._stage.cwd,
            empty=empty,
        )
        done = subprocess.run(step, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"RUN {rest}\n{done.stdout}{done.stderr}"


def _steps(text: str) -> Iterator[tuple[str, str]]:
    lines = (line for line in text.splitlines() if not line.lstrip().startswith("#"))
    for step in re.sub(r"\\\n", " ", "\n".join(lines)).splitlines():
        if step.strip():
            instruction, _, rest = step.strip().partition(" ")
            yield instruction, rest.strip()


def _pairs(rest: str) -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in shlex.split(rest))


def _fits(pattern: str, path: str) -> bool:
    if pattern.startswith("**/"):
        return fnmatch.fnmatch(Path(path).name, pattern[3:])
    return fnmatch.fnmatch(path, pattern) and path != "."
