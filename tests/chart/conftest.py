"""Helm of both versions and the image, or a line that says what is missing."""

import tempfile
import uuid
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the tests of the chart that need no image go first: it is built meanwhile."""
    here = Path(__file__).parent
    places = [place for place, item in enumerate(items) if item.path.is_relative_to(here)]
    ordered = sorted((items[place] for place in places), key=needs_image)
    for place, item in zip(places, ordered, strict=True):
        items[place] = item


def needs_image(item: pytest.Item) -> bool:
    """Whether a test is about the image, or about pods that run from it."""
    return "image" in getattr(item, "fixturenames", ())


@pytest.fixture(scope="session", autouse=True)
def building(request: pytest.FixtureRequest, folder: Path) -> Iterator[Future[Stage] | None]:
    """The image on its way, from the first test on; None: no test needs it."""
    if not any(map(needs_image, request.session.items)):
        yield None
        return
    with ThreadPoolExecutor(1) as builder:
        yield builder.submit(build, folder / "image")


def build(folder: Path) -> Stage:
    """Perform the Dockerfile's steps."""
    own_root.require()
    return Build(ROOT, folder).run()


@pytest.fixture(scope="session")
def image(building: Future[Stage]) -> Stage:
    """What the Dockerfile's steps come to."""
    try:
        building.result()
    except MissingToolError as missing:
        skip(missing)
    return building.result()


@pytest.fixture
def node(image: Stage, release: tuple[Object, ...], folder: Path) -> Node:
    """A machine that has the image and what the release brought."""
    machine = folder / uuid.uuid4().hex
    machine.mkdir()
    return Node(image, machine, contents(release, {}))
