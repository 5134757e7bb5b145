"""How long from publishing an event until a reader sees, committed, what is owed for it.

Events come at a steady rate; the contestant has one core, the broker, the publisher and the reader
have the other. What was published while it warmed up is left out. A few of the rest owe nothing and
have no answer; many without one mean that it fell behind for good. Ends with one line of JSON.

Usage: python -m benchmarks.bench_latency [--rate N] [--seconds N] [--stores rocksdb ...]
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import quantiles

from benchmarks.contestants import (
    COMMIT_INTERVAL_MS,
    EVENTS,
    PARTITIONS,
    SHOP,
    STORES,
    Bench,
    Contestant,
    create,
    peer,
    worker,
)
from benchmarks.day import events
from benchmarks.harness import OTHERS_CORE, WORKER_CORE, pinned, report
from benchmarks.steady import Steady
from pipeline.config import AssembleSettings
from pipeline.record import Instant
from tests.components import kafka as kafka_component

_READY_S = 60.0


def main() -> None:
    """Run the benchmark as the command line says."""
    arguments = _arguments()
    os.sched_setaffinity(0, {OTHERS_CORE})
    figures = {}
    for who in ("worker", *arguments.stores):
        with (
            tempfile.TemporaryDirectory(prefix="bench-") as folder,
            kafka_component.running(prefix=("taskset", "--cpu-list", str(OTHERS_CORE))) as kafka,
        ):
            bench = Bench(kafka, Path(folder), arguments.protocol)
            create(bench, EVENTS)
            contestant = _enter(arguments, bench, who)
            figures[contestant.name] = _measure(arguments, bench, contestant)
    report(
        benchmark="latency",
        **figures,
        rate=arguments.rate,
        seconds=arguments.seconds,
        guests=arguments.guests,
        partitions=PARTITIONS,
        protocol=arguments.protocol,
        window_ms=arguments.window_ms,
        commit_interval_ms=arguments.commit_interval_ms,
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=5_000, help="events a second")
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--warm-up-s", type=int, default=15)
    parser.add_argument("--guests", type=int, default=10_000)
    parser.add_argument("--protocol", choices=["multiple", "automatic"], default="multiple")
    parser.add_argument("--stores", choices=STORES, nargs="*", default=["rocksdb"])
    window_ms = 1000 * AssembleSettings().batch_window_s
    parser.add_argument("--window-ms", type=float, default=window_ms, help="the worker's, at least")
    parser.add_argument("--commit-interval-ms", type=int, default=COMMIT_INTERVAL_MS)
    return parser.parse_args()


def _enter(arguments: argparse.Namespace, bench: Bench, who: str) -> Contestant:
    if who == "worker":
        return worker(bench, "worker", batch_window_s=arguments.window_ms / 1000)
    return peer(bench, "streams", who, commit_interval_ms=arguments.commit_interval_ms)


def _measure(
    arguments: argparse.Namespace, bench: Bench, contestant: Contestant
) -> dict[str, float]:
    warm_up = arguments.rate * arguments.warm_up_s
    count = warm_up + arguments.rate * arguments.seconds
    start_at = Instant(time.time_ns() // 1_000_000 - 600_000)
    records = list(events(count, guests=arguments.guests, shop=SHOP, start_at=start_at))
    with pinned(contestant.command, core=WORKER_CORE, log=contestant.log) as process:
        process.until(contestant.is_ready, _READY_S)
        print(f"{contestant.name}: measuring", file=sys.stderr)
        steady = Steady(bench.kafka.bootstrap, EVENTS, contestant.owed)
        before = process.usage()
        steady.run(records, arguments.rate)
        after = process.usage()
    latencies_ms = [1000 * one for one in steady.latencies_s(after=warm_up)]
    percent = quantiles(latencies_ms, n=100)
    return {
        "p50_ms": round(percent[49]),
        "p99_ms": round(percent[98]),
        "max_ms": round(max(latencies_ms)),
        "events": count - warm_up,
        "answered": len(latencies_ms),
        "published_per_s": round(steady.published_per_s),
        "cpu_us_per_event": round((after.cpu_s - before.cpu_s) / count * 1e6, 1),
    }


if __name__ == "__main__":
    main()
