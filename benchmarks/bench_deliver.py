"""How many requests one deliver worker sends a second, by the destination's answer time.

The worker has one core; the broker and a compiled destination, which checks that each guest's
messages arrive in order, have the other. Ends with one line of JSON.

Usage: python -m benchmarks.bench_deliver [--requests N] [--answer-ms 0 50] [--http httptools]
"""

import argparse
import json
import os
import sys
import tempfile
import time
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path

import yaml

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
from pipeline.commerce.events import BrowserId, EventId
from pipeline.record import GuestId, Instant, Position
from pipeline.sitecore.codec import encode_owed
from pipeline.sitecore.owed import Cause, Context, DeliveryId, OwedBehaviour
from tests.components import kafka as kafka_component
from tests.components.kafka import Kafka
from tests.components.maven import require_java
from tests.components.process import free_port

PARTITIONS = 8
SHOP = "shop/dublin"
_NOTE = "x" * 240
"""Fills a message up to about 600 bytes on the wire."""


def main() -> None:
    """Run the benchmark as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--guests", type=int, default=10_000)
    parser.add_argument("--answer-ms", type=int, nargs="+", default=[0, 50])
    parser.add_argument("--in-flight", type=int, default=4_000)
    parser.add_argument("--http", choices=["httptools", "httpx"], default="httptools")
    arguments = parser.parse_args()
    os.sched_setaffinity(0, {OTHERS_CORE})
    runs = {answer_ms: _run(arguments, answer_ms) for answer_ms in arguments.answer_ms}
    report(
        benchmark="deliver",
        requests_per_s={ms: round(run["requests_per_s"]) for ms, run in runs.items()},
        cpu_us_per_request={ms: round(run["cpu_us"], 1) for ms, run in runs.items()},
        peak_mb=round(max(run["peak_mb"] for run in runs.values())),
        out_of_order=sum(run["out_of_order"] for run in runs.values()),
        repeats=sum(run["repeats"] for run in runs.values()),
        requests=arguments.requests,
        guests=arguments.guests,
        partitions=PARTITIONS,
        in_flight_max=arguments.in_flight,
        http=arguments.http,
    )


def _run(arguments: argparse.Namespace, answer_ms: int) -> dict[str, float]:
    others = ("taskset", "--cpu-list", str(OTHERS_CORE))
    port = free_port()
    server = Path(__file__).with_name("Destination.java")
    command = [require_java(), "-Xmx256m", str(server), str(port), str(answer_ms)]
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as name,
        kafka_component.running(prefix=others) as kafka,
        pinned(command, core=OTHERS_CORE, log=Path(name) / "destination.txt"),
    ):
        folder = Path(name)
        config = folder / "pipeline.yaml"
        config.write_text(yaml.safe_dump(_settings(arguments, kafka, port)))
        run = pipeline(config, "topics", "create")
        with pinned(run, core=OTHERS_CORE, log=folder / "topics.txt") as topics:
            topics.wait(60)
        print(f"publishing {arguments.requests} messages", file=sys.stderr)
        publish(kafka.bootstrap, "stream-events", _owed(arguments.requests, arguments.guests))
        print(f"measuring at {answer_ms} ms", file=sys.stderr)
        log = folder / "worker.txt"
        with pinned(pipeline(config, "run", "deliver"), core=WORKER_CORE, log=log) as worker:
            samples = list(_samples(worker, port, arguments.requests))
    return _figures(samples)


def _figures(samples: list[tuple[dict[str, int], Usage]]) -> dict[str, float]:
    (first, first_usage), (last, last_usage) = samples[0], samples[-1]
    sent = last["requests"] - first["requests"]
    return {
        "requests_per_s": sent / (last_usage.at_s - first_usage.at_s),
        "cpu_us": (last_usage.cpu_s - first_usage.cpu_s) / sent * 1e6,
        "peak_mb": last_usage.peak_bytes / 1e6,
        "out_of_order": last["outOfOrder"],
        "repeats": last["repeats"],
    }


def _settings(arguments: argparse.Namespace, kafka: Kafka, port: int) -> dict[str, object]:
    return {
        "instance": "bench",
        "kafka": {"bootstrap_servers": kafka.bootstrap},
        "topics": {"partitions": PARTITIONS, "replication_factor": 1},
        "deliver": {"in_flight_max": arguments.in_flight, "behaviour_age_max_s": 1e6},
        "sitecore": {
            "endpoint": f"http://127.0.0.1:{port}",
            "client_key": "bench",
            "http": arguments.http,
            "points_of_sale": [{"name": SHOP}],
        },
        "server": {"host": "127.0.0.1", "port": free_port()},
        "log_level": "warning",
    }


def _owed(count: int, guests: int) -> Iterator[tuple[bytes, bytes]]:
    """Number each guest's messages from 0; guests take turns."""
    now = Instant(time.time_ns() // 1_000_000)
    browsers = [BrowserId(str(uuid.uuid4())) for _ in range(guests)]
    for number in range(count):
        guest = GuestId(f"guest-{number % guests:08}")
        cause = EventId(str(uuid.uuid4()))
        owed = OwedBehaviour(
            delivery_id=DeliveryId(str(uuid.uuid5(uuid.NAMESPACE_OID, cause))),
            guest_id=guest,
            sequence=now + number // guests,
            occurred_at=now,
            context=Context(browsers[number % guests], "WEB", SHOP, "EN", "EUR", "/"),
            cause=Cause(cause, None, (Position("commerce-events", 0, number),), now),
            type="LOADED",
            product_name=None,
            product_type=None,
            attributes={"note": _NOTE, "number": number // guests},
        )
        yield guest.encode(), encode_owed(owed)


def _samples(worker: Pinned, port: int, total: int) -> Iterator[tuple[dict[str, int], Usage]]:
    """Ask the destination ten times a second, from the first request to the last."""
    seen = 0
    while seen < total:
        time.sleep(0.1)
        worker.check()
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/stats", timeout=10) as answer:
            stats: dict[str, int] = json.load(answer)
        if stats["requests"] > seen:
            seen = stats["requests"]
            yield stats, worker.usage()


if __name__ == "__main__":
    main()
