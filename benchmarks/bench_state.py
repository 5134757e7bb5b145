"""What an event costs one assemble worker, by how many guests are in its state.

Twice for each size: the same few guests active (an equal hit rate of whatever is kept at hand),
and all of them. Ends with one line of JSON.

Usage: python -m benchmarks.bench_state [--guests N ...] [--active N] [--events N]
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from benchmarks.contestants import (
    EVENTS,
    PARTITIONS,
    SHOP,
    Bench,
    Contestant,
    create,
    worker,
)
from benchmarks.day import Crowd, identities, more_events
from benchmarks.harness import OTHERS_CORE, WORKER_CORE, pinned, publish, report
from benchmarks.progress import Pace, Progress, Sample, pace
from pipeline.record import Instant
from tests.components import kafka as kafka_component


def main() -> None:
    """Run the benchmark as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--guests", type=int, nargs="+", default=[10_000, 100_000, 2_000_000])
    parser.add_argument("--active", type=int, default=8_000, help="guests who say anything")
    parser.add_argument("--events", type=int, default=300_000)
    parser.add_argument("--protocol", choices=["single", "multiple", "automatic"], default="single")
    arguments = parser.parse_args()
    os.sched_setaffinity(0, {OTHERS_CORE})
    few = {n: _measure(arguments, Crowd(n, min(n, arguments.active))) for n in arguments.guests}
    every = {n: _measure(arguments, Crowd(n, n)) for n in arguments.guests}
    report(
        benchmark="state",
        few_active=_figures(few),
        all_active=_figures(every),
        active=arguments.active,
        events=arguments.events,
        partitions=PARTITIONS,
        protocol=arguments.protocol,
    )


def _figures(paces: dict[int, Pace]) -> dict[int, dict[str, float]]:
    return {
        guests: {
            "events_per_s": round(one.events_per_s),
            "cpu_us_per_event": round(one.cpu_us_per_event, 1),
            "peak_mb": round(one.peak_mb),
        }
        for guests, one in paces.items()
    }


def _measure(arguments: argparse.Namespace, crowd: Crowd) -> Pace:
    others = ("taskset", "--cpu-list", str(OTHERS_CORE))
    start_at = Instant(time.time_ns() // 1_000_000 - 600_000)
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        kafka_component.running(prefix=others) as kafka,
    ):
        bench = Bench(kafka, Path(folder), arguments.protocol)
        create(bench, EVENTS)
        ours = worker(bench, "commerce-to-sitecore")
        print(f"{crowd}: filling", file=sys.stderr)
        _take(bench, ours, identities(crowd, shop=SHOP, start_at=start_at), crowd.guests)
        print(f"{crowd}: measuring", file=sys.stderr)
        records = more_events(
            arguments.events, crowd=crowd, shop=SHOP, start_at=Instant(start_at + 60_000)
        )
        return pace(_take(bench, ours, records, crowd.guests + arguments.events))


def _take(
    bench: Bench, ours: Contestant, records: Iterable[tuple[bytes, bytes]], total: int
) -> list[Sample]:
    """Publish, then let the worker start and take all; up to *total* since the first start."""
    publish(bench.kafka.bootstrap, EVENTS, records)
    progress = Progress(bench.kafka.bootstrap, ours.group, bench.inputs)
    before = progress.committed()
    with pinned(ours.command, core=WORKER_CORE, log=ours.log) as process:
        return [one for one in progress.samples(process, total) if one.committed > before]


if __name__ == "__main__":
    main()
