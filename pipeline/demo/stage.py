"""What the demo runs on: a broker and a sandbox in this process, both workers in a child."""

import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import yaml
from prometheus_client.parser import text_string_to_metric_families

from pipeline.demo.broker import PARTITIONS, EmbeddedBroker
from pipeline.demo.day import REFUSED_TYPE, SHOPS
from pipeline.errors import UnavailableError
from pipeline.sandbox.faults import Faults
from pipeline.sandbox.running import RunningSandbox
from pipeline.sandbox.settings import SandboxSettings, Shop
from pipeline.settings_kafka import TopicSettings

CLIENT_KEY = "demo"
IDENTITY_WAIT_S = 8.0
PAYMENT_WAIT_S = 3.0
TOPICS = TopicSettings()
COMMERCE = TOPICS.commerce[0]

_READY_S = 30.0
FAULTS = Faults(
    latency_ms=20.0,
    jitter_ms=15.0,
    fail_before=0.01,
    fail_after=0.02,
    limit_per_s=200.0,
    refuse_item_types=(REFUSED_TYPE,),
)
"""Slow, throttling, now and then answering 502, and twice as often after it took the event."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything that runs."""

    broker: EmbeddedBroker
    sandbox: RunningSandbox
    ports: dict[str, int]
    log: Path

    def broken(self, what: str) -> UnavailableError:
        """Say what is wrong with the workers, and how their log ends."""
        tail = self.log.read_text(errors="replace")[-2000:]
        return UnavailableError(f"{what}; the workers' log ends with:\n{tail}")

    def records(self, worker: str, topic: str) -> Counter[str]:
        """Count what a worker took of a topic, by what became of it: its own metric says so."""
        try:
            return records_counted(self.ports[worker], topic)
        except OSError as error:
            raise self.broken(f"{worker} does not answer: {error}") from None

    def shown(self, view: str) -> dict[str, Any]:
        """Ask the sandbox for one of its views, such as ``orders``."""
        with urllib.request.urlopen(f"{self.sandbox.url}/sandbox/{view}", timeout=5) as answer:  # noqa: S310
            shown: dict[str, Any] = msgspec.json.decode(answer.read())
            return shown


def records_counted(port: int, topic: str) -> Counter[str]:
    """Ask a worker's port for its count of a topic's records, by what became of them.

    Raises:
        OSError: Nobody answers there.
    """
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        text = answer.read().decode()
    return Counter(
        {
            sample.labels["outcome"]: int(sample.value)
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == "pipeline_records_total" and sample.labels["topic"] == topic
        }
    )


@contextmanager
def stage(folder: Path, port: int) -> Iterator[Stage]:
    """Set everything up, and take it down.

    Args:
        folder: For the settings file and the workers' log.
        port: Of assemble's side door; deliver has the next one.

    Raises:
        UnavailableError: The workers did not become ready; the message ends with their log.
    """
    broker = EmbeddedBroker()
    broker.make((COMMERCE, *_internal()))
    shops = {name: Shop() for name in SHOPS.values()}
    settings = SandboxSettings(client_key=CLIENT_KEY, shops=shops)
    with RunningSandbox(settings, faults=FAULTS) as sandbox:
        config = folder / "pipeline.yaml"
        config.write_text(yaml.safe_dump(_settings(broker.address, sandbox.url, port)))
        log = folder / "workers.log"
        with log.open("wb") as out:
            command = [sys.executable, "-m", "pipeline", "--config", str(config), "run"]
            workers = subprocess.Popen(command, stdout=out, stderr=out)  # noqa: S603 — ourselves
        stage = Stage(broker, sandbox, {"assemble": port, "deliver": port + 1}, log)
        try:
            _wait_until_ready(stage, workers)
            yield stage
        finally:
            workers.terminate()
            workers.wait(30)


def _internal() -> tuple[str, ...]:
    return (TOPICS.guest_states, TOPICS.stream_events, TOPICS.deliveries, TOPICS.dead_letters)


def _settings(broker: str, sandbox: str, port: int) -> dict[str, Any]:
    return {
        "instance": "demo",
        "kafka": {"bootstrap_servers": broker},
        "topics": {"partitions": PARTITIONS, "replication_factor": 1},
        "assemble": {
            "identity_wait_s": IDENTITY_WAIT_S,
            "payment_wait_s": PAYMENT_WAIT_S,
        },
        "deliver": {"backoff_first_s": 0.2, "backoff_max_s": 2.0},
        "sitecore": {
            "endpoint": sandbox,
            "client_key": CLIENT_KEY,
            "mark_requests": True,
            "points_of_sale": [
                {"name": name, "protocol": protocol} for protocol, name in SHOPS.items()
            ],
        },
        "server": {"host": "127.0.0.1", "port": port},
    }


def _wait_until_ready(stage: Stage, workers: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + _READY_S
    while not all(_is_ready(port) for port in stage.ports.values()):
        if workers.poll() is not None or time.monotonic() > until:
            tail = stage.log.read_text(errors="replace")[-2000:]
            raise UnavailableError(
                f"the demo's workers did not start; their log ends with:\n{tail}"
            )
        time.sleep(0.1)


def _is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
