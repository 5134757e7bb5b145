"""Real components for the tests that need them, started once a test process."""

import os
import sys
from collections.abc import Iterator

import pytest

from tests.components import kafka as kafka_component
from tests.components import registry as registry_component
from tests.components import secured as secured_component
from tests.components.kafka import Kafka
from tests.components.maven import MissingToolError, apicurio_home, kafka_jars
from tests.components.prometheus import program
from tests.components.registry import Registry
from tests.components.secured import Secured


@pytest.fixture(scope="session")
def kafka() -> Iterator[Kafka]:
    """One broker, shared by the tests of this process; topics have names of their own."""
    try:
        kafka_jars()
    except MissingToolError as missing:
        skip(missing)
    with kafka_component.running() as running:
        yield running


@pytest.fixture(scope="session")
def secured_kafka() -> Iterator[Secured]:
    """One broker that asks who one is, shared by the tests of this process."""
    try:
        kafka_jars()
    except MissingToolError as missing:
        skip(missing)
    with secured_component.running() as running:
        yield running


@pytest.fixture(scope="session")
def registry() -> Iterator[Registry]:
    """One schema registry, shared by the tests of this process."""
    try:
        apicurio_home()
    except MissingToolError as missing:
        skip(missing)
    with registry_component.running() as running:
        yield running


@pytest.fixture(scope="session")
def prometheus_tools() -> None:
    """Prometheus and promtool are there."""
    try:
        program("promtool")
    except MissingToolError as missing:
        skip(missing)


def skip(missing: MissingToolError) -> None:
    """Skip with one loud line; on a build server, whose tools must be there, fail."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI=true, and {missing}", pytrace=False)
    print(f"\n*** SKIPPED: {missing}. ***", file=sys.__stderr__, flush=True)
    pytest.skip(str(missing))
