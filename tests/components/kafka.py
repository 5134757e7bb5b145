"""Apache Kafka on loopback: one broker or several, to be used, killed and started again.

``python -m tests.components.kafka`` runs a broker until it is interrupted.
"""

import argparse
import base64
import contextlib
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from tests.components.maven import kafka_jars, require_java
from tests.components.process import Child, free_port, listens, until
from tests.components.proxy import Proxy, proxied

_PROPERTIES = """
process.roles=broker,controller
node.id={node}
controller.quorum.voters={voters}
listeners=PLAINTEXT://127.0.0.1:{port},BEHIND://127.0.0.1:{behind_port},{controller}{listeners}
advertised.listeners=PLAINTEXT://127.0.0.1:{port},BEHIND://127.0.0.1:{proxy_port}{listeners}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,BEHIND:PLAINTEXT,CONTROLLER:PLAINTEXT{protocols}
inter.broker.listener.name=PLAINTEXT
log.dirs={data}
auto.create.topics.enable=false
num.partitions=1
offsets.topic.num.partitions=3
offsets.topic.replication.factor={replicas}
transaction.state.log.num.partitions=3
transaction.state.log.replication.factor={replicas}
transaction.state.log.min.isr={in_sync}
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
group.consumer.min.session.timeout.ms=1000
group.consumer.session.timeout.ms=6000
group.consumer.min.heartbeat.interval.ms=500
group.consumer.heartbeat.interval.ms=1000
broker.session.timeout.ms=3000
transaction.abort.timed.out.transaction.cleanup.interval.ms=1000
log.cleaner.backoff.ms=500
{properties}
"""


class Listener(NamedTuple):
    """Where a broker is reached beside its two plain addresses."""

    name: str
    protocol: str
    port: int


class Extras(NamedTuple):
    """What a single broker has beside what every broker here has."""

    listeners: tuple[Listener, ...] = ()
    properties: str = ""
    formatting: tuple[str, ...] = ()
    """Further arguments of the tool that prepares its data folder, such as users."""


class Broker:
    """One Kafka process; its port and its data stay over kills and starts."""

    def __init__(self, node: int, folder: Path, prefix: Sequence[str]) -> None:
        self.node = node
        self.port = free_port()
        self.controller_port = free_port()
        self.behind_port = free_port()
        """Whoever asks here is sent to the port of a proxy, which may stand before this one."""
        self.proxy_port = free_port()
        self._folder = folder / f"broker-{node}"
        self._folder.mkdir()
        self._prefix = tuple(prefix)
        self._child: Child | None = None

    @property
    def child(self) -> Child:
        """The running process."""
        if self._child is None:
            raise RuntimeError(f"broker {self.node} was never started")
        return self._child

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._child is not None and self._child.running()

    def format(self, properties: str, cluster_id: str, more: Sequence[str] = ()) -> None:
        """Write the settings, and prepare the data folder."""
        self._properties.write_text(properties)
        tool = self._java("kafka.tools.StorageTool", "format", "-t", cluster_id, "-c")
        done = subprocess.run(
            [*tool, str(self._properties), *more], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(
                f"Kafka's storage could not be formatted: {done.stdout}{done.stderr}"
            )

    def launch(self) -> None:
        """Start the process; it is not ready yet when this returns."""
        command = self._java("kafka.Kafka", str(self._properties))
        self._child = Child([*self._prefix, *command], log=self._folder / "log.txt")

    @property
    def data(self) -> Path:
        """Where it keeps its logs."""
        return self._folder / "data"

    @property
    def _properties(self) -> Path:
        return self._folder / "server.properties"

    @staticmethod
    def _java(*arguments: str) -> list[str]:
        return [require_java(), "-Xmx512m", "-cp", f"{kafka_jars()}/*", *arguments]


class Kafka:
    """A cluster; each topic gets a name of its own, so tests can share it."""

    def __init__(
        self, *, brokers: int = 1, prefix: Sequence[str] = (), extras: Extras | None = None
    ) -> None:
        """Prepare a cluster.

        Args:
            brokers: How many; with three, topics are replicated and one may be lost.
            prefix: Put before each broker's command, such as ``taskset --cpu-list 1``.
            extras: What a single broker has beside.
        """
        self._extras = extras or Extras()
        self._folder = Path(tempfile.mkdtemp(prefix="kafka-"))
        self._brokers = [Broker(node, self._folder, prefix) for node in range(1, brokers + 1)]
        self._admin: AdminClient | None = None
        cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        for broker in self._brokers:
            cluster = cluster_id.replace("-", "A", 1)
            broker.format(self._settings(broker), cluster, self._extras.formatting)

    @property
    def bootstrap(self) -> str:
        """Addresses of all brokers, for ``bootstrap.servers``."""
        return ",".join(f"127.0.0.1:{broker.port}" for broker in self._brokers)

    @property
    def brokers(self) -> int:
        """How many brokers there are; their numbers count from 1."""
        return len(self._brokers)

    @property
    def admin(self) -> AdminClient:
        """A client to look with."""
        if self._admin is None:
            self._admin = AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 2})
        return self._admin

    def proxied(self) -> contextlib.AbstractContextManager[Proxy]:
        """Put a proxy before the first broker, for those who ask at the proxy's address."""
        return proxied(self._brokers[0].proxy_port, self._brokers[0].behind_port)

    def is_running(self) -> bool:
        """Whether no broker has ended, by itself or otherwise."""
        return all(broker.running for broker in self._brokers)

    def fill_disk(self, room_bytes: int) -> None:
        """Let no log of the first broker grow by more than this, until it is started again.

        A full disk and a full file look alike to it, and this needs no rights.
        """
        broker = self._brokers[0]
        largest = max(log.stat().st_size for log in broker.data.glob("*/*.log"))
        pid, kind = broker.child.pid, resource.RLIMIT_FSIZE
        _, hard = resource.prlimit(pid, kind)
        resource.prlimit(pid, kind, (largest + room_bytes, hard))

    def start(self, node: int | None = None) -> None:
        """Start one broker, or all that do not run, and wait until they are ready."""
        chosen = [b for b in self._chosen(node) if not b.running]
        for broker in chosen:
            broker.launch()
        for broker in chosen:
            until(partial(listens, broker.port), broker.child)
        for broker in chosen:
            until(partial(self._knows, broker), broker.child)

    def kill(self, node: int | None = None) -> None:
        """End one broker, or all, with signal 9: a crash."""
        for broker in self._chosen(node):
            broker.child.kill()

    def freeze(self, node: int | None = None) -> None:
        """Stop one broker, or all, from running at all, until `thaw`."""
        for broker in self._chosen(node):
            broker.child.signal(signal.SIGSTOP)

    def thaw(self, node: int | None = None) -> None:
        """Let what was frozen run on."""
        for broker in self._chosen(node):
            broker.child.signal(signal.SIGCONT)

    def close(self) -> None:
        """End everything, and forget all data."""
        for broker in self._brokers:
            if broker.running:
                broker.child.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def topic(
        self, prefix: str, partitions: int = 1, config: Mapping[str, str] | None = None
    ) -> str:
        """Create a topic with a name that nobody else has, and return the name."""
        name = f"{prefix}-{uuid.uuid4().hex[:10]}"
        replicas = min(3, len(self._brokers))
        topic = NewTopic(name, partitions, replicas, config=dict(config or {}))
        self.admin.create_topics([topic], operation_timeout=30)[name].result(60)
        for broker in self._brokers:
            if broker.running:
                until(partial(self._has, name), broker.child)
        return name

    def _chosen(self, node: int | None) -> list[Broker]:
        return [broker for broker in self._brokers if node in (None, broker.node)]

    def _knows(self, broker: Broker) -> bool:
        with contextlib.suppress(KafkaException):
            return broker.node in self.admin.list_topics(timeout=5).brokers
        return False

    def _has(self, topic: str) -> bool:
        """Whether brokers have heard of a topic that was just created."""
        return self.admin.list_topics(topic, timeout=5).topics[topic].error is None

    def _settings(self, broker: Broker) -> str:
        count = len(self._brokers)
        voters = (f"{b.node}@127.0.0.1:{b.controller_port}" for b in self._brokers)
        more = self._extras.listeners
        return _PROPERTIES.format(
            listeners="".join(f",{one.name}://127.0.0.1:{one.port}" for one in more),
            protocols="".join(f",{one.name}:{one.protocol}" for one in more),
            properties=self._extras.properties,
            node=broker.node,
            voters=",".join(voters),
            port=broker.port,
            behind_port=broker.behind_port,
            proxy_port=broker.proxy_port,
            controller=f"CONTROLLER://127.0.0.1:{broker.controller_port}",
            data=broker.data,
            replicas=min(3, count),
            in_sync=2 if count >= 3 else 1,
        )


@contextlib.contextmanager
def running(*, brokers: int = 1, prefix: Sequence[str] = ()) -> Iterator[Kafka]:
    """Run a cluster until the block ends."""
    kafka = Kafka(brokers=brokers, prefix=prefix)
    try:
        kafka.start()
        yield kafka
    finally:
        kafka.close()


def main() -> None:
    """Run brokers until interrupted, and print their address."""
    parser = argparse.ArgumentParser(description="Run Apache Kafka on loopback.")
    parser.add_argument("--brokers", type=int, default=1)
    with running(brokers=parser.parse_args().brokers) as kafka:
        sys.stdout.write(f"{kafka.bootstrap}\n")
        sys.stdout.flush()
        with contextlib.suppress(KeyboardInterrupt):
            signal.pause()


if __name__ == "__main__":
    main()
