"""Helm of both versions, or a line that says what is missing."""

import pytest

from tests.chart.rendering import MAJORS
from tests.components import operators
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
