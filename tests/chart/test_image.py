"""The image has the program and what it needs, and nothing else; pods of the chart run from it."""

import re
import signal
import subprocess
import uuid
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pipeline import __version__
from pipeline.sandbox.running import RunningSandbox
from pipeline.sandbox.settings import EXAMPLE_SHOP, SandboxSettings
from tests.chart.dockerfile import Stage
from tests.chart.node import Node
from tests.chart.rendering import ROOT, Object, named, objects, pod_of, template
from tests.components import own_root
from tests.components.kafka import Kafka
from tests.components.process import free_port, until

pytestmark = [pytest.mark.usefixtures("helms"), pytest.mark.slow]

KEY = "a-client-key"


def test_the_program_starts_from_the_image_alone(image: Stage, folder: Path) -> None:
    """A file that was forgotten is found here, and not by the first pod."""
    empty = folder / "version"
    empty.mkdir()
    said = subprocess.run(
        own_root.command(
            [*image.entrypoint, "--version"],
            puts=[*own_root.bare_system(), *image.puts(writable=False)],
            env=image.env,
            cwd=image.cwd,
            empty=empty,
            user=image.user,
        ),
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert said == f"pipeline {__version__}\n"


def test_the_image_says_what_it_is(image: Stage) -> None:
    """Whoever finds it in a registry wants to know."""
    assert image.labels["org.opencontainers.image.version"] == __version__
    assert {name.rpartition(".")[2] for name in image.labels} == {
        *("title", "description", "version", "revision"),
    }


def test_the_user_is_a_number_that_is_not_roots(image: Stage) -> None:
    """A node that asks for `runAsNonRoot` cannot look a name up."""
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", image.user)


def test_no_build_tool_is_in_the_image(image: Stage) -> None:
    """What is not there cannot be used by whoever gets in."""
    packages = {path.name.lower() for path in image.folder.rglob("site-packages/*")}

    assert packages & {"pip", "setuptools", "wheel", "hatchling", "editables", "pytest"} == set()
    assert not list(image.folder.rglob("src/*"))
    assert {path.name for path in (image.folder / "opt").iterdir()} == {"pipeline"}


def test_everything_is_compiled(image: Stage) -> None:
    """Nothing can be written later, so every start would compile all of it again."""
    (package,) = image.folder.rglob("site-packages/pipeline")
    sources = list(package.rglob("*.py"))
    compiled = {path.name.split(".")[0] for path in package.rglob("__pycache__/*.pyc")}

    assert len(sources) > 100
    assert {path.stem for path in sources} <= compiled


def test_the_schemas_are_in_the_image(image: Stage) -> None:
    """They lie beside the program, not in it, until it is built."""
    (shipped,) = image.folder.rglob("site-packages/pipeline/_avro")
    ours = {path.relative_to(ROOT / "avro") for path in (ROOT / "avro").rglob("*.avsc")}

    assert {path.relative_to(shipped) for path in shipped.rglob("*.avsc")} == ours


@pytest.fixture
def release(kafka: Kafka) -> Iterator[tuple[Object, ...]]:
    """The chart on a real broker and a sandbox, with topics of its own."""
    prefix = uuid.uuid4().hex[:8]
    with RunningSandbox(SandboxSettings(client_key=KEY)) as sandbox:
        topics: dict[str, Any] = {
            name: f"{prefix}-{name.replace('_', '-')}"
            for name in ("guest_states", "stream_events", "deliveries", "dead_letters")
        }
        given = {
            "settings": {
                "application": f"app-{prefix}",
                "topics": {
                    **topics,
                    "commerce": [f"{prefix}-commerce"],
                    "partitions": 3,
                    "replication_factor": 1,
                },
                "kafka": {"bootstrap_servers": kafka.bootstrap},
                "sitecore": {"endpoint": sandbox.url, "points_of_sale": [{"name": EXAMPLE_SHOP}]},
            },
            "clientKey": {"existingSecret": "", "trialValue": KEY},
            "setup": {"enabled": True},
        }
        yield tuple(objects(template(4, "minimal", given)))


def test_a_signal_to_a_pod_that_is_still_starting_is_heard(
    node: Node, release: tuple[Object, ...]
) -> None:
    """Process 1 does not hear a signal that it does not handle: it would be killed a minute on."""
    assemble = named(release, "StatefulSet", "orders-commerce-to-sitecore-assemble")
    starting = node.start("assemble-9", pod_of(assemble), free_port())
    until(lambda: starting.handles(signal.SIGTERM), starting.child)

    code, took_s = starting.stop()

    assert code == 0, starting.child.tail()
    assert took_s < 20


@pytest.mark.kafka
def test_pods_of_a_release_work_on_a_real_broker_and_stop_in_time(
    node: Node, release: tuple[Object, ...]
) -> None:
    """Foreign user, nothing writable, only what is mounted, SIGTERM to process 1: as on a node."""
    name = "orders-commerce-to-sitecore"
    setup = node.start("setup", pod_of(named(release, "Job", f"{name}-setup")), 0)
    assert setup.child.wait(60) == 0, setup.child.tail()
    running = [
        node.start(
            f"{worker}-0", pod_of(named(release, "StatefulSet", f"{name}-{worker}")), free_port()
        )
        for worker in ("assemble", "deliver")
    ]
    for one in running:
        until(partial(one.asked, "readinessProbe"), one.child)
    check = node.start("check", named(release, "Pod", f"{name}-check"), 0)

    assert check.child.wait(60) == 0, check.child.tail()
    for one in running:
        assert one.asked("livenessProbe")
        assert Path(f"/proc/{one.process_one()}").stat().st_uid == 10001
        code, took_s = one.stop()
        assert code == 0, one.child.tail()
        assert took_s < 30
        assert "Traceback" not in one.child.tail()
