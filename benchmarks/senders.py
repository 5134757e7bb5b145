"""Who is measured at delivering: our worker over each HTTP client, and the peer.

All send the same messages to the same destination; each has a group and topics of its own.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import yaml
from confluent_kafka.cimpl import NewTopic

from benchmarks import owing
from benchmarks.destination import Destination
from benchmarks.harness import OTHERS_CORE, Outgoing, counted, is_ready, pinned, pipeline
from pipeline.sitecore.owed import OwedBehaviour
from tests.components.kafka import Kafka
from tests.components.maven import built, require_java
from tests.components.process import free_port

PARTITIONS = 8
OWED, BODIES = "stream-events", "bodies"
CLIENTS = ("httptools", "httpx")
PEER = "parallel"
WHO = (*CLIENTS, PEER)


@dataclass(frozen=True, slots=True)
class Bench:
    """Where everything happens."""

    kafka: Kafka
    folder: Path
    """For settings and logs; deleted in the end."""
    in_flight: int
    deliver: dict[str, object] = field(default_factory=dict)
    """Further settings of our worker's section `deliver`."""
    sitecore: dict[str, object] = field(default_factory=dict)
    """Further settings of its section `sitecore`."""


@dataclass(frozen=True, slots=True)
class Sender:
    """One that delivers."""

    command: Sequence[str]
    log: Path
    is_ready: Callable[[], bool]
    """Whether it has begun to deliver, as far as it says."""
    counted: Callable[[str, str], dict[str, int]] = lambda _name, _label: {}
    """A counter of ours by name, by one of its labels."""


def source(who: str) -> tuple[str, Callable[[OwedBehaviour], Outgoing]]:
    """The topic that a sender reads, and what a message is there."""
    return (BODIES, owing.ready) if who == PEER else (OWED, owing.record)


def create(bench: Bench, topics: Iterable[str]) -> None:
    """Create topics with as many partitions as all have."""
    new = [NewTopic(topic, PARTITIONS, 1) for topic in topics]
    for created in bench.kafka.admin.create_topics(new, operation_timeout=30).values():
        created.result(60)


def sender(
    bench: Bench, who: str, to: Destination, *, name: str, instance: str = "bench"
) -> Sender:
    """Prepare one of `WHO`; *name* is that of its group, and of its topics."""
    return _peer(bench, to, name) if who == PEER else _worker(bench, who, to, name, instance)


def _worker(bench: Bench, http: str, to: Destination, name: str, instance: str) -> Sender:
    port = free_port()
    config = bench.folder / f"{name}-{instance}.yaml"
    settings = {
        "application": name,
        "instance": instance,
        # As a static member it is known again at once after it was killed.
        "kafka": {"bootstrap_servers": bench.kafka.bootstrap, "static_membership": True},
        "topics": {
            "partitions": PARTITIONS,
            "replication_factor": 1,
            "stream_events": OWED,
            **{kept: f"{name}-{kept}" for kept in ("deliveries", "dead_letters", "guest_states")},
        },
        "deliver": {
            "in_flight_max": bench.in_flight,
            "behaviour_age_max_s": 1e6,
            **bench.deliver,
        },
        "sitecore": {
            "endpoint": to.endpoint,
            "ca_file": None if to.ca_file is None else str(to.ca_file),
            "client_key": owing.KEY,
            "http": http,
            "points_of_sale": [{"name": owing.SHOP}],
            **bench.sitecore,
        },
        "server": {"host": "127.0.0.1", "port": port},
        "log_level": "warning",
    }
    config.write_text(yaml.safe_dump(settings))
    log = bench.folder / f"{name}-{instance}.txt"
    with pinned(pipeline(config, "topics", "create"), core=OTHERS_CORE, log=log) as topics:
        topics.wait(60)
    command = pipeline(config, "run", "deliver")
    return Sender(command, log, lambda: is_ready(port), partial(counted, port))


def _peer(bench: Bench, to: Destination, name: str) -> Sender:
    options = {
        "--bootstrap": bench.kafka.bootstrap,
        "--input": BODIES,
        "--group": name,
        "--endpoint": to.endpoint,
        "--in-flight": str(bench.in_flight),
    }
    jars = built(Path(__file__).with_name("parallel-peer"))
    flat = [word for option in options.items() for word in option]
    command = [require_java(), "-Xmx4g", "-cp", f"{jars}/*", "peer.Sender", *flat]
    return Sender(command, bench.folder / f"{name}.txt", lambda: True)
