"""Our assemble worker beside Kafka Streams that does the same work, in one run on one topic.

Each has one core in turn, the broker the other. The topic is filled once; every round each reads
all of it, with new groups and topics. Ends with one line of JSON: medians over the rounds, of the
whole run from the first commit to the last and of its last half, when the virtual machine of Java
is warm, and the ratio of ours to theirs.

Usage: python -m benchmarks.compare_assemble [--events N] [--rounds N] [--protocol single|multiple]
"""

import argparse
import os
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.contestants import (
    COMMIT_INTERVAL_MS,
    EVENTS,
    PARTITIONS,
    SHOP,
    STORES,
    Bench,
    Contestant,
    create,
    delete,
    peer,
    worker,
)
from benchmarks.day import events
from benchmarks.harness import OTHERS_CORE, WORKER_CORE, pinned, publish, report
from benchmarks.progress import Pace, Progress, pace
from benchmarks.reading import count_committed, digest_committed
from pipeline.record import Instant
from tests.components import kafka as kafka_component


@dataclass(frozen=True, slots=True)
class _Run:
    """One contestant's way through the topic."""

    whole: Pace
    last_half: Pace
    messages: str
    """How many it wrote, and which, where that is asked: both must owe the same."""


def main() -> None:
    """Run the comparison as the command line says."""
    arguments = _arguments()
    os.sched_setaffinity(0, {OTHERS_CORE})
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        kafka_component.running(prefix=("taskset", "--cpu-list", str(OTHERS_CORE))) as kafka,
    ):
        _compare(arguments, Bench(kafka, Path(folder), arguments.protocol))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--guests", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--protocol", choices=["single", "multiple", "automatic"], default="single")
    parser.add_argument("--stores", choices=STORES, nargs="*", default=["rocksdb"])
    parser.add_argument("--commit-interval-ms", type=int, default=COMMIT_INTERVAL_MS)
    parser.add_argument("--cache-bytes", type=int, default=0, help="of the peer")
    parser.add_argument("--check", action="store_true", help="say which messages were written")
    return parser.parse_args()


def _compare(arguments: argparse.Namespace, bench: Bench) -> None:
    print(f"publishing {arguments.events} events", file=sys.stderr)
    event_bytes = _fill(arguments, bench)
    runs: dict[str, list[_Run]] = defaultdict(list)
    for number in range(1, arguments.rounds + 1):
        for who in ("worker", *arguments.stores):
            contestant = _enter(arguments, bench, who, number)
            run = _run(arguments, bench, contestant)
            runs[contestant.name].append(run)
            print(f"round {number}: {contestant.name}: {run}", file=sys.stderr)
    figures = {name: _figures(them) for name, them in runs.items()}
    report(
        benchmark="compare-assemble",
        **figures,
        ratio={name: _ratio(figures, name) for name in figures if name != "worker"},
        events=arguments.events,
        event_bytes=round(event_bytes),
        guests=arguments.guests,
        partitions=PARTITIONS,
        protocol=arguments.protocol,
        rounds=arguments.rounds,
        commit_interval_ms=arguments.commit_interval_ms,
    )


def _fill(arguments: argparse.Namespace, bench: Bench) -> float:
    create(bench, EVENTS)
    start_at = Instant(time.time_ns() // 1_000_000 - 600_000)
    records = events(arguments.events, guests=arguments.guests, shop=SHOP, start_at=start_at)
    return publish(bench.kafka.bootstrap, EVENTS, records)


def _enter(arguments: argparse.Namespace, bench: Bench, who: str, number: int) -> Contestant:
    if who == "worker":
        return worker(bench, f"worker-{number}")
    return peer(
        bench,
        f"streams-{who}-{number}",
        who,
        commit_interval_ms=arguments.commit_interval_ms,
        cache_bytes=arguments.cache_bytes,
    )


def _run(arguments: argparse.Namespace, bench: Bench, contestant: Contestant) -> _Run:
    kafka = bench.kafka
    progress = Progress(kafka.bootstrap, contestant.group, bench.inputs)
    with pinned(contestant.command, core=WORKER_CORE, log=contestant.log) as process:
        taken = list(progress.samples(process, arguments.events))
    messages = (digest_committed if arguments.check else count_committed)(
        kafka.bootstrap, contestant.owed
    )
    delete(kafka, contestant)
    return _Run(pace(taken), pace(taken, since=0.5), str(messages))


def _figures(runs: Sequence[_Run]) -> dict[str, object]:
    return {
        **_medians([run.whole for run in runs]),
        "last_half": _medians([run.last_half for run in runs]),
        "peak_mb": round(median(run.whole.peak_mb for run in runs)),
        "messages": sorted({run.messages for run in runs}),
    }


def _medians(paces: Sequence[Pace]) -> dict[str, float]:
    return {
        "events_per_s": round(median(one.events_per_s for one in paces)),
        "cpu_us_per_event": round(median(one.cpu_us_per_event for one in paces), 1),
    }


def _ratio(figures: Mapping[str, Any], name: str) -> dict[str, float]:
    """Ours to theirs: more events a second is better, less CPU is better."""
    ours, theirs = figures["worker"], figures[name]
    warm, theirs_warm = ours["last_half"], theirs["last_half"]
    return {
        "events_per_s": round(ours["events_per_s"] / theirs["events_per_s"], 2),
        "cpu": round(ours["cpu_us_per_event"] / theirs["cpu_us_per_event"], 2),
        "last_half_events_per_s": round(warm["events_per_s"] / theirs_warm["events_per_s"], 2),
        "last_half_cpu": round(warm["cpu_us_per_event"] / theirs_warm["cpu_us_per_event"], 2),
    }


if __name__ == "__main__":
    main()
