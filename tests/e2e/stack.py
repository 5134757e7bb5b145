"""Both workers as users run them, between a real broker and the sandbox."""

import contextlib
import signal
import subprocess
import sys
import time
import urllib.request
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml
from confluent_kafka import Producer

from pipeline.commerce.encode import encode
from pipeline.commerce.events import CommerceEvent
from pipeline.demo.stage import records_counted
from pipeline.record import Record
from pipeline.sandbox.running import RunningSandbox
from tests.components.kafka import Kafka
from tests.components.process import Child, free_port
from tests.components.reading import committed

CLIENT_KEY = "end-to-end-key"
WORKERS = ("assemble", "deliver")


class Stack:
    """One installation with topics of its own."""

    def __init__(
        self, kafka: Kafka, sandbox: RunningSandbox, folder: Path, settings: dict[str, Any]
    ) -> None:
        """Write the settings file and create the topics.

        Args:
            kafka: Shared; the topics get a prefix that nobody else has.
            sandbox: The destination.
            folder: For the settings file and the workers' logs.
            settings: On top of what every such test wants; sections are merged.
        """
        self.kafka = kafka
        self.folder = folder
        self.config = folder / "pipeline.yaml"
        self._children: dict[str, Child] = {}
        self._ports: dict[str, int] = {}
        prefix = uuid.uuid4().hex[:8]
        self.topics = {
            name: f"{prefix}-{name.replace('_', '-')}"
            for name in ("guest_states", "stream_events", "deliveries", "dead_letters")
        }
        self.commerce = f"{prefix}-commerce-events"
        base: dict[str, Any] = {
            "application": f"app-{prefix}",
            "kafka": {"bootstrap_servers": kafka.bootstrap},
            "topics": {
                "commerce": [self.commerce],
                "partitions": 4,
                "replication_factor": 3 if kafka.brokers > 1 else 1,
                **self.topics,
            },
            "sitecore": {"endpoint": sandbox.url, "client_key": CLIENT_KEY, "mark_requests": True},
            "server": {"host": "127.0.0.1"},
        }
        for section, values in settings.items():
            base[section] = {**base.get(section, {}), **values}
        self.config.write_text(yaml.safe_dump(base))
        self.command("topics", "create")

    def command(self, *arguments: str, stdin: str = "") -> str:
        """Run a command to its end and return what it printed."""
        done = subprocess.run(
            self._program(*arguments), input=stdin, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self, *workers: str) -> None:
        """Start workers, or start them again; ``assemble:2`` is another instance of assemble."""
        for worker in workers:
            role, _, instance = worker.partition(":")
            program = self._program("run", role, "--port", str(self.port(worker)))
            program = ["env", f"PIPELINE_INSTANCE=test{instance}", *program]
            self._children[worker] = Child(program, log=self.folder / f"{worker}.log")

    def port(self, worker: str) -> int:
        """Where a worker answers, or will: it stays over restarts."""
        return self._ports.setdefault(worker, free_port())

    def kill(self, *workers: str) -> None:
        """End workers with signal 9."""
        for worker in workers:
            self._children[worker].kill()

    def signal(self, worker: str, number: signal.Signals) -> None:
        """Send a worker a signal, such as SIGSTOP and SIGCONT for one that freezes."""
        self._children[worker].signal(number)

    def wait(self, worker: str, timeout_s: float) -> int:
        """Wait for a worker's end and return its exit code."""
        return self._children[worker].wait(timeout_s)

    def tail(self, worker: str) -> str:
        """The end of what a worker wrote."""
        return self._children[worker].tail()

    def ended(self) -> list[str]:
        """Name the workers that have ended by themselves."""
        return [worker for worker, child in self._children.items() if not child.running()]

    def close(self) -> None:
        """End what runs."""
        for child in self._children.values():
            child.kill()

    def check(self) -> None:
        """Fail with its log when a worker has ended by itself."""
        for worker, child in self._children.items():
            assert child.running(), f"{worker} ended:\n{child.tail()}"

    def resident_bytes(self, worker: str) -> int:
        """What a worker has in memory now."""
        status = Path(f"/proc/{self._children[worker].pid}/status").read_text()
        (line,) = (line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) * 1024

    def outcomes(self, worker: str, topic: str) -> Counter[str]:
        """Records that a worker took of a topic since it started, by what became of them."""
        return records_counted(self._ports[worker], topic)

    def metrics(self, worker: str) -> bytes:
        """All that a worker counts, as Prometheus would read it."""
        address = f"http://127.0.0.1:{self._ports[worker]}/metrics"
        with urllib.request.urlopen(address, timeout=5) as answer:
            read: bytes = answer.read()
            return read

    def wait_until_assembled(self, count: int, *, timeout_s: float = 120.0) -> None:
        """Wait until assemble has taken that many records."""
        give_up_at = time.monotonic() + timeout_s
        taken = 0
        while taken < count:
            assert time.monotonic() < give_up_at, f"assemble took {taken} of {count}"
            self.check()
            time.sleep(0.2)
            with contextlib.suppress(OSError):
                taken = self.outcomes("assemble", self.commerce).total()

    def publish(self, events: Sequence[CommerceEvent], *, to: str | None = None) -> None:
        """Append events, keyed by guest, to the commerce topic or to another one."""
        topic = to or self.commerce
        producer = Producer(
            {"bootstrap.servers": self.kafka.bootstrap, "partitioner": "murmur2_random"}
        )
        for event in events:
            producer.produce(topic, key=event.guest_id.encode(), value=encode(event))
            producer.poll(0)
        assert producer.flush(30) == 0

    def read(self, topic: str) -> Iterator[Record]:
        """Read a topic's committed records from its start to its present end."""
        return committed(self.kafka.bootstrap, topic)

    def _program(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "pipeline", "--config", str(self.config), *arguments]
