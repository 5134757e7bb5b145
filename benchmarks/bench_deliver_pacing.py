"""How well one, two and four workers keep to what a destination allows, told and untold.

The destination has a bucket of tokens, and answers 429 with Retry-After without one left. Measured
are, after the first seconds, how much of the limit was used, how many of the answers were 429, and
how many requests came again before their time. Ends with one line of JSON.

Usage: python -m benchmarks.bench_deliver_pacing [--workers 1 2 4] [--limit N] [--seconds N]
"""

import argparse
import contextlib
import os
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import destination
from benchmarks.destination import Limit
from benchmarks.harness import OTHERS_CORE, WORKER_CORE, Pinned, pinned, publish, report
from benchmarks.owing import owed
from benchmarks.senders import Bench, create, sender, source
from tests.components import kafka as kafka_component

HTTP = "httptools"


def main() -> None:
    """Run the benchmark as the command line says."""
    arguments = _arguments()
    os.sched_setaffinity(0, {OTHERS_CORE})
    figures: dict[str, dict[int, object]] = {"told": {}, "untold": {}}
    for workers in arguments.workers:
        figures["told"][workers] = _measure(arguments, workers, arguments.limit)
        figures["untold"][workers] = _measure(arguments, workers, None)
    report(
        benchmark="deliver-pacing",
        **figures,
        limit=arguments.limit,
        burst=arguments.burst,
        seconds=arguments.seconds,
        guests=arguments.guests,
        answer_ms=arguments.answer_ms,
        in_flight_max=arguments.in_flight,
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--limit", type=int, default=500)
    parser.add_argument("--burst", type=int, default=50)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--warm-s", type=int, default=10)
    parser.add_argument("--guests", type=int, default=5_000)
    parser.add_argument("--answer-ms", type=int, default=50)
    parser.add_argument("--in-flight", type=int, default=64)
    return parser.parse_args()


def _measure(arguments: argparse.Namespace, workers: int, told: float | None) -> dict[str, float]:
    limit = Limit(arguments.limit, arguments.burst)
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as name,
        kafka_component.running(prefix=("taskset", "--cpu-list", str(OTHERS_CORE))) as kafka,
        destination.running(Path(name), answer_ms=arguments.answer_ms, limit=limit) as to,
        contextlib.ExitStack() as running,
    ):
        bench = Bench(kafka, Path(name), arguments.in_flight, {"requests_per_s": told})
        topic, written = source(HTTP)
        create(bench, [topic])
        count = int(1.5 * arguments.limit * (arguments.seconds + arguments.warm_s))
        publish(kafka.bootstrap, topic, map(written, owed(count, arguments.guests)))
        processes: list[Pinned] = []
        for number in range(workers):
            one = sender(bench, HTTP, to, name="pacing", instance=f"bench-{number}")
            start = pinned(one.command, core=WORKER_CORE, log=one.log)
            processes.append(running.enter_context(start))
            processes[-1].until(one.is_ready)
        time.sleep(arguments.warm_s)
        before = to.stats()
        time.sleep(arguments.seconds)
        after = to.stats()
        for process in processes:
            process.check()
    figures = _figures(arguments, before, after)
    print(f"{workers} workers, told {told}: {figures}", file=sys.stderr)
    return figures


def _figures(
    arguments: argparse.Namespace, before: dict[str, int], after: dict[str, int]
) -> dict[str, float]:
    taken = after["requests"] - before["requests"]
    refused = after["refused"] - before["refused"]
    return {
        "used_percent": round(100 * taken / (arguments.limit * arguments.seconds), 1),
        "refused_percent": round(100 * refused / (taken + refused), 2),
        "early": after["early"],
        "out_of_order": after["outOfOrder"],
        "repeats": after["repeats"],
    }


if __name__ == "__main__":
    main()
