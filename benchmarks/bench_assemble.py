"""How many commerce events one assemble worker takes a second, exactly once, on a real broker.

The worker has one core, the broker the other. The topic is filled first; what is measured is from
the first committed transaction to the last. Ends with one line of JSON.

Usage: python -m benchmarks.bench_assemble [--events N] [--guests N] [--partitions N]
                                           [--protocol single|multiple]
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.contestants import EVENTS, PARTITIONS, SHOP, Bench, create, worker
from benchmarks.day import events
from benchmarks.harness import OTHERS_CORE, WORKER_CORE, pinned, publish, report
from benchmarks.progress import Progress, pace
from pipeline.record import Instant
from tests.components import kafka as kafka_component


def main() -> None:
    """Run the benchmark as the command line says."""
    arguments = _arguments()
    os.sched_setaffinity(0, {OTHERS_CORE})
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        kafka_component.running(prefix=("taskset", "--cpu-list", str(OTHERS_CORE))) as kafka,
    ):
        _measure(arguments, Bench(kafka, Path(folder), arguments.protocol, arguments.partitions))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=300_000)
    parser.add_argument("--guests", type=int, default=50_000)
    parser.add_argument("--partitions", type=int, default=PARTITIONS)
    parser.add_argument("--protocol", choices=["single", "multiple", "automatic"], default="single")
    return parser.parse_args()


def _measure(arguments: argparse.Namespace, bench: Bench) -> None:
    create(bench, EVENTS)
    print(f"publishing {arguments.events} events", file=sys.stderr)
    start_at = Instant(time.time_ns() // 1_000_000 - 600_000)
    records = events(arguments.events, guests=arguments.guests, shop=SHOP, start_at=start_at)
    event_bytes = publish(bench.kafka.bootstrap, EVENTS, records)
    print("measuring", file=sys.stderr)
    ours = worker(bench, "commerce-to-sitecore")
    with pinned(ours.command, core=WORKER_CORE, log=ours.log) as process:
        progress = Progress(bench.kafka.bootstrap, ours.group, bench.inputs)
        paced = pace(list(progress.samples(process, arguments.events)))
    report(
        benchmark="assemble",
        events_per_s=round(paced.events_per_s),
        cpu_us_per_event=round(paced.cpu_us_per_event, 1),
        peak_mb=round(paced.peak_mb),
        events=arguments.events,
        event_bytes=round(event_bytes),
        guests=arguments.guests,
        partitions=bench.partitions,
        protocol=arguments.protocol,
    )


if __name__ == "__main__":
    main()
