"""Renders the chart by the genuine Helm, and reads what comes out."""

import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from tests.components.helm import helm

Object = dict[str, Any]

ROOT: Final = Path(__file__).parents[2]
CHART: Final = ROOT / "helm"
USES: Final = sorted(file.name.removesuffix("-values.yaml") for file in (CHART / "ci").iterdir())
"""Each is a file in `ci/`."""
MAJORS: Final = (3, 4)
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""Ten times as fast, where it was built; dashboards are long."""
NAMESPACE: Final = "shop"
RELEASE: Final = "orders"


class RefusedError(Exception):
    """Helm did not take the values."""


def use(name: str) -> Path:
    """The values of one use."""
    return CHART / "ci" / f"{name}-values.yaml"


def command(major: int, *arguments: str, given: Mapping[str, Any] | None = None) -> str:
    """Run Helm to its end and return what it printed.

    Args:
        major: Which Helm.
        arguments: Of the command.
        given: Values on top, read from standard input.

    Raises:
        RefusedError: It failed; with what it said.
    """
    program = [str(helm(major)), *arguments, *([] if given is None else ["--values", "-"])]
    with tempfile.TemporaryDirectory() as home:
        done = subprocess.run(
            program,
            input=yaml.safe_dump(given) if given is not None else None,
            capture_output=True,
            text=True,
            check=False,
            env={"HOME": home, "PATH": os.environ["PATH"]},
        )
    if done.returncode:
        raise RefusedError(done.stderr + done.stdout)
    return done.stdout


def template(
    major: int,
    name: str,
    given: Mapping[str, Any] | None = None,
    *,
    chart: Path = CHART,
    release: str = RELEASE,
) -> str:
    """Render the chart with the values of one use, and others on top."""
    return command(
        major,
        *("template", release, str(chart), "--namespace", NAMESPACE),
        *("--values", str(use(name))),
        given=given,
    )


@cache
def rendered(name: str, major: int = MAJORS[-1]) -> tuple[Object, ...]:
    """The objects of one use."""
    return tuple(objects(template(major, name)))


def objects(text: str) -> Iterator[Object]:
    """Read the objects of a text; empty documents are none."""
    return (one for one in yaml.load_all(text, _LOADER) if one)


def of_kind(found: tuple[Object, ...], *kinds: str) -> list[Object]:
    """Choose by kind."""
    return [one for one in found if one["kind"] in kinds]


def named(found: tuple[Object, ...], kind: str, name: str) -> Object:
    """The one object of that kind and name."""
    (one,) = (one for one in of_kind(found, kind) if one["metadata"]["name"] == name)
    return one


def pod_of(owner: Object) -> Object:
    """The pod that an object makes, or is, with its labels."""
    if owner["kind"] == "Pod":
        return owner
    template: Object = owner["spec"]["template"]
    return template


def pods(found: tuple[Object, ...]) -> dict[str, Object]:
    """All pods, by the name of what makes them."""
    owners = of_kind(found, "StatefulSet", "Job", "Pod")
    return {owner["metadata"]["name"]: pod_of(owner) for owner in owners}


def containers(pod: Object) -> list[Object]:
    """All containers of a pod, those that run first included."""
    return [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]


def merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Lay values over values as Helm does: maps melt, the rest is replaced."""
    both = dict(under)
    for key, value in over.items():
        below = both.get(key)
        melts = isinstance(below, dict) and isinstance(value, dict)
        both[key] = merged(below, value) if melts and below is not None else value
    return both
