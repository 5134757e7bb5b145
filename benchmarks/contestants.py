"""Who is measured at assembling: our worker, and the peer that is written with Kafka Streams.

Both read the same topic of commerce events; each has a group and topics of its own.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml
from confluent_kafka import TopicPartition
from confluent_kafka.cimpl import NewTopic

from benchmarks.harness import OTHERS_CORE, is_ready, pinned, pipeline
from pipeline.commerce.schemas import directory
from tests.components.kafka import Kafka
from tests.components.maven import built, require_java
from tests.components.process import free_port

PARTITIONS = 8
SHOP = "shop/dublin"
EVENTS = "commerce-events"
STORES = ("rocksdb", "memory")
COMMIT_INTERVAL_MS = 100


@dataclass(frozen=True, slots=True)
class Bench:
    """Where everything happens."""

    kafka: Kafka
    folder: Path
    """For settings, logs and the peer's state; deleted in the end."""
    protocol: str
    """Of the one point of sale: decides whether carts are owed."""
    partitions: int = PARTITIONS
    """Of every topic."""

    @property
    def inputs(self) -> list[TopicPartition]:
        """Where the events lie."""
        return [TopicPartition(EVENTS, number) for number in range(self.partitions)]


@dataclass(frozen=True, slots=True)
class Contestant:
    """One that assembles."""

    name: str
    command: Sequence[str]
    group: str
    """Whose committed offsets say how far it is."""
    owed: str
    """Topic that it writes what is owed to."""
    states: str
    """Topic that it restores its guests from."""
    topics: Sequence[str]
    """All that are its own."""
    log: Path
    is_ready: Callable[[], bool]
    """Whether it has joined its group and restored its guests."""


def worker(bench: Bench, application: str, **assemble: float) -> Contestant:
    """Our worker, with default settings but for those named; its topics are created."""
    names = {
        name: f"{application}-{name.replace('_', '-')}"
        for name in ("guest_states", "stream_events", "deliveries", "dead_letters")
    }
    port = free_port()
    config = bench.folder / f"{application}.yaml"
    config.write_text(
        yaml.safe_dump({**settings(bench, application, names, port), "assemble": assemble})
    )
    create = pipeline(config, "topics", "create")
    with pinned(create, core=OTHERS_CORE, log=bench.folder / "topics.txt") as topics:
        topics.wait(60)
    return Contestant(
        name="worker",
        command=pipeline(config, "run", "assemble"),
        group=f"{application}-assemble",
        owed=names["stream_events"],
        states=names["guest_states"],
        topics=tuple(names.values()),
        log=bench.folder / f"{application}.txt",
        is_ready=lambda: is_ready(port),
    )


def settings(
    bench: Bench, application: str, topics: dict[str, str], port: int
) -> dict[str, object]:
    """What a worker on the bench is told; the rest is default."""
    return {
        "application": application,
        "instance": "bench",
        "kafka": {"bootstrap_servers": bench.kafka.bootstrap},
        "topics": {"partitions": bench.partitions, "replication_factor": 1, **topics},
        "sitecore": {"points_of_sale": [{"name": SHOP, "protocol": bench.protocol}]},
        "server": {"host": "127.0.0.1", "port": port},
        "log_level": "warning",
    }


def peer(
    bench: Bench,
    application: str,
    store: str,
    *,
    commit_interval_ms: int = COMMIT_INTERVAL_MS,
    cache_bytes: int = 0,
) -> Contestant:
    """The same with Kafka Streams; its output topic is created.

    Args:
        bench: Where.
        application: Names its group and its topics.
        store: One of `STORES`.
        commit_interval_ms: How long a transaction lasts.
        cache_bytes: Of its record cache; 0: none.
    """
    owed = f"{application}-stream-events"
    log = bench.folder / f"{application}.txt"
    options = {
        "--bootstrap": bench.kafka.bootstrap,
        "--schemas": str(directory()),
        "--application-id": application,
        "--input": EVENTS,
        "--output": owed,
        "--protocol": bench.protocol,
        "--store": store,
        "--commit-interval-ms": str(commit_interval_ms),
        "--cache-bytes": str(cache_bytes),
        "--state-dir": str(bench.folder / f"{application}-state"),
    }
    jars = built(Path(__file__).with_name("streams-peer"))
    flat = [word for option in options.items() for word in option]
    create(bench, owed)
    states = f"{application}-guests-changelog"
    return Contestant(
        name=f"streams_{store}",
        command=[require_java(), "-Xmx4g", "-cp", f"{jars}/*", "peer.Peer", *flat],
        group=application,
        owed=owed,
        states=states,
        topics=(owed, states),
        log=log,
        is_ready=lambda: "running" in log.read_text(errors="replace").split(),
    )


def create(bench: Bench, topic: str) -> None:
    """Create a topic with as many partitions as all have."""
    new = NewTopic(topic, bench.partitions, 1)
    bench.kafka.admin.create_topics([new], operation_timeout=30)[topic].result(60)


def delete(kafka: Kafka, contestant: Contestant) -> None:
    """Delete what a contestant wrote: the disk is finite."""
    deleted = kafka.admin.delete_topics(list(contestant.topics), operation_timeout=30)
    for future in deleted.values():
        future.result(60)
