"""Helm of both versions and the image, or a line that says what is missing."""

import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chart.dockerfile import Build, Stage
from tests.chart.node import Node, contents
from tests.chart.rendering import MAJORS, ROOT, Object
from tests.components import operators, own_root
from tests.components.helm import helm
from tests.components.maven import MissingToolError
from tests.conftest import skip


@pytest.fixture(scope="session")
def helms() -> None:
    """Both versions of Helm are there, and the schemas of custom resources."""
    try:
        for major in MAJORS:
            helm(major)
        operators.fetch()
    except MissingToolError as missing:
        skip(missing)


@pytest.fixture(params=MAJORS, ids=lambda major: f"helm{major}")
def major(helms: None, request: pytest.FixtureRequest) -> int:
    """One version of Helm after the other."""
    chosen: int = request.param
    return chosen


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """A folder that any user may look into: pods are not root."""
    with tempfile.TemporaryDirectory(prefix="image-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(scope="session")
def image(folder: Path) -> Stage:
    """What the Dockerfile's steps come to."""
    try:
        own_root.require()
    except MissingToolError as missing:
        skip(missing)
    return Build(ROOT, folder / "image").run()


@pytest.fixture
def node(image: Stage, release: tuple[Object, ...], folder: Path) -> Node:
    """A machine that has the image and what the release brought."""
    machine = folder / uuid.uuid4().hex
    machine.mkdir()
    return Node(image, machine, contents(release, {}))
