"""`pipeline run` as an operator sees it: two workers that start, answer, stop and fail as one."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.sandbox.running import RunningSandbox
from pipeline.sandbox.settings import EXAMPLE_SHOP, SandboxSettings
from tests.components.kafka import Kafka
from tests.components.kafka import running as kafka_running
from tests.components.process import Child, free_port, until
from tests.e2e.stack import CLIENT_KEY, Stack

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    """A destination."""
    with RunningSandbox(SandboxSettings(client_key=CLIENT_KEY)) as running:
        yield running


@pytest.fixture
def stack(kafka: Kafka, sandbox: RunningSandbox, tmp_path: Path) -> Stack:
    """Topics and settings of our own; nothing runs yet."""
    shop = {"points_of_sale": [{"name": EXAMPLE_SHOP}]}
    return Stack(kafka, sandbox, tmp_path, {"sitecore": shop | _base(sandbox)})


def _base(sandbox: RunningSandbox) -> dict[str, str]:
    return {"endpoint": sandbox.url, "client_key": CLIENT_KEY}


class Both:
    """`pipeline run`, and what its two ports answer."""

    def __init__(self, stack: Stack) -> None:
        self.port = free_port()
        command = [sys.executable, "-m", "pipeline", "--config", str(stack.config)]
        self.child = Child(
            [*command, "run", "--port", str(self.port)], log=stack.folder / "run.log"
        )

    def ready(self) -> bool:
        """Whether both workers say so."""
        return all(self.says(worker, "readyz") for worker in ("assemble", "deliver"))

    def says(self, worker: str, path: str) -> str:
        """Ask a worker; nothing when it does not answer, or not well."""
        port = self.port + (worker == "deliver")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}", timeout=5) as answer:
                return str(answer.read().decode())
        except OSError:
            return ""

    def process_of(self, worker: str) -> int:
        """The process id of one worker."""
        found = subprocess.run(
            ["ps", "-ww", "-o", "pid=,args=", "--ppid", str(self.child.pid)],
            capture_output=True,
            text=True,
            check=True,
        )
        lines = [line for line in found.stdout.splitlines() if f" run {worker} " in line]
        return int(lines[0].split()[0])


@pytest.fixture
def both(stack: Stack) -> Iterator[Both]:
    """Both workers, ready."""
    running = Both(stack)
    until(running.ready, running.child)
    yield running
    running.child.kill()


def test_check_finds_everything_in_place(stack: Stack) -> None:
    """What it tried is what the workers will use."""
    said = stack.command("check")

    assert said.count(" ok ") == said.count("\n")
    assert "1 broker at" in said


def test_topics_that_are_there_are_as_they_should_be(stack: Stack) -> None:
    """Creating them again changes nothing."""
    assert stack.command("topics", "create") == "all there\n"
    assert stack.command("topics", "compare") == "as they should be\n"


def test_both_workers_answer_on_ports_of_their_own(both: Both) -> None:
    """Each says what it is."""
    for worker in ("assemble", "deliver"):
        assert f'worker="{worker}"' in both.says(worker, "metrics")
        assert both.says(worker, "livez") == "alive\n"


def test_a_signal_stops_both_in_order(both: Both) -> None:
    """A rollout sends one, and 0 says that nothing was cut."""
    both.child.signal(signal.SIGTERM)

    assert both.child.wait(30) == 0
    assert "Traceback" not in both.child.tail()


@pytest.mark.parametrize("worker", ["assemble", "deliver"])
def test_when_one_worker_is_killed_the_other_stops(both: Both, worker: str) -> None:
    """A supervisor sees one process that runs or does not."""
    os.kill(both.process_of(worker), signal.SIGKILL)

    assert both.child.wait(60) == 128 + signal.SIGKILL
    assert both.says("assemble", "livez") == both.says("deliver", "livez") == ""


def test_when_the_parent_is_killed_both_workers_stop(both: Both) -> None:
    """They would go on holding partitions and ports."""
    both.child.kill()

    give_up_at = time.monotonic() + 60
    while both.says("assemble", "livez") or both.says("deliver", "livez"):
        assert time.monotonic() < give_up_at
        time.sleep(0.1)


def test_the_client_key_is_in_no_log_and_no_metric(both: Both) -> None:
    """Both end in systems that many people read."""
    everything = (
        both.child.tail() + both.says("assemble", "metrics") + both.says("deliver", "metrics")
    )

    assert CLIENT_KEY not in everything


def test_both_stop_in_time_when_the_broker_has_gone(tmp_path: Path) -> None:
    """Nobody waits for a broker that never comes back: what is not kept is done again."""
    with (
        kafka_running() as kafka,
        RunningSandbox(SandboxSettings(client_key=CLIENT_KEY)) as sandbox,
    ):
        shop = {"points_of_sale": [{"name": EXAMPLE_SHOP}]}
        running = Both(Stack(kafka, sandbox, tmp_path, {"sitecore": shop | _base(sandbox)}))
        until(running.ready, running.child)

        kafka.kill()
        running.child.signal(signal.SIGTERM)

        running.child.wait(45)
