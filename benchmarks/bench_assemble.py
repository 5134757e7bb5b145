"""How many commerce events one assemble worker takes a second, exactly once, on a real broker.

The worker has one core, the broker the other. The topic is filled first; what is measured is from
the first committed transaction to the last. Ends with one line of JSON.

Usage: python -m benchmarks.bench_assemble [--events N] [--guests N] [--protocol single|multiple]
"""

import argparse
import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import yaml
from confluent_kafka import Consumer, KafkaException, TopicPartition

from benchmarks.day import events
from benchmarks.harness import (
    OTHERS_CORE,
    WORKER_CORE,
    Pinned,
    Usage,
    pinned,
    pipeline,
    publish,
    report,
)
from pipeline.record import Instant
from tests.components import kafka as kafka_component
from tests.components.kafka import Kafka
from tests.components.process import free_port

PARTITIONS = 8
SHOP = "shop/dublin"
GROUP = "commerce-to-sitecore-assemble"


def main() -> None:
    """Run the benchmark as the command line says."""
    arguments = _arguments()
    os.sched_setaffinity(0, {OTHERS_CORE})
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        kafka_component.running(prefix=("taskset", "--cpu-list", str(OTHERS_CORE))) as kafka,
    ):
        _measure(arguments, kafka, Path(folder))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=300_000)
    parser.add_argument("--guests", type=int, default=50_000)
    parser.add_argument("--protocol", choices=["single", "multiple", "automatic"], default="single")
    return parser.parse_args()


def _measure(arguments: argparse.Namespace, kafka: Kafka, folder: Path) -> None:
    config = folder / "pipeline.yaml"
    config.write_text(yaml.safe_dump(_settings(kafka.bootstrap, arguments.protocol)))
    run = pipeline(config, "topics", "create")
    with pinned(run, core=OTHERS_CORE, log=folder / "topics.txt") as topics:
        topics.wait(60)
    print(f"publishing {arguments.events} events", file=sys.stderr)
    records = events(
        arguments.events,
        guests=arguments.guests,
        shop=SHOP,
        start_at=Instant(time.time_ns() // 1_000_000 - 600_000),
    )
    event_bytes = publish(kafka.bootstrap, "commerce-events", records)
    print("measuring", file=sys.stderr)
    log = folder / "worker.txt"
    with pinned(pipeline(config, "run", "assemble"), core=WORKER_CORE, log=log) as worker:
        samples = list(_samples(worker, kafka.bootstrap, arguments.events))
    (first, first_usage), (last, last_usage) = samples[0], samples[-1]
    taken = last - first
    report(
        benchmark="assemble",
        events_per_s=round(taken / (last_usage.at_s - first_usage.at_s)),
        cpu_us_per_event=round((last_usage.cpu_s - first_usage.cpu_s) / taken * 1e6, 1),
        peak_mb=round(last_usage.peak_bytes / 1e6),
        events=arguments.events,
        event_bytes=round(event_bytes),
        guests=arguments.guests,
        partitions=PARTITIONS,
        protocol=arguments.protocol,
    )


def _settings(bootstrap: str, protocol: str) -> dict[str, object]:
    return {
        "instance": "bench",
        "kafka": {"bootstrap_servers": bootstrap},
        "topics": {"partitions": PARTITIONS, "replication_factor": 1},
        "sitecore": {"points_of_sale": [{"name": SHOP, "protocol": protocol}]},
        "server": {"host": "127.0.0.1", "port": free_port()},
        "log_level": "warning",
    }


def _samples(worker: Pinned, bootstrap: str, total: int) -> Iterator[tuple[int, Usage]]:
    """Look ten times a second at what is committed, from the first commit to the last."""
    wanted = [TopicPartition("commerce-events", number) for number in range(PARTITIONS)]
    reader = Consumer({"bootstrap.servers": bootstrap, "group.id": GROUP, "log_level": 2})
    committed = 0
    while committed < total:
        time.sleep(0.1)
        worker.check()
        with contextlib.suppress(KafkaException):  # the coordinator is not there yet
            now = sum(max(0, position.offset) for position in reader.committed(wanted, timeout=10))
            if now > committed:
                committed = now
                yield committed, worker.usage()
    reader.close()


if __name__ == "__main__":
    main()
