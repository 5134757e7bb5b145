"""How long a start takes with many guests in state, until ready: our worker, and Kafka Streams.

Both first take the identity of each guest from the same topic, then stop, and start again. The peer
keeps its state in memory, as ours does. The guests are the same; how many bytes one needs is each
one's own affair, and is reported: by default about 370 for the peer. Ends with one line of JSON.

Usage: python -m benchmarks.bench_restore [--guests N] [--rounds N]
"""

import argparse
import itertools
import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import mean, median
from typing import NamedTuple

from benchmarks.contestants import (
    EVENTS,
    PARTITIONS,
    SHOP,
    Bench,
    Contestant,
    create,
    delete,
    peer,
    worker,
)
from benchmarks.day import Crowd, identities
from benchmarks.harness import OTHERS_CORE, WORKER_CORE, pinned, publish, report
from benchmarks.progress import Progress
from pipeline.record import Instant
from tests.components import kafka as kafka_component
from tests.components.kafka import Kafka
from tests.components.reading import committed

_GIVE_UP_S = 300.0


class _Restored(NamedTuple):
    """One start."""

    ready_s: float
    """From the start of the process until it says that it is ready."""
    cpu_s: float
    peak_mb: float


def main() -> None:
    """Run the benchmark as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--guests", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--note-bytes", type=int, default=264, help="more in each guest's state")
    arguments = parser.parse_args()
    os.sched_setaffinity(0, {OTHERS_CORE})
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        kafka_component.running(prefix=("taskset", "--cpu-list", str(OTHERS_CORE))) as kafka,
    ):
        _measure(arguments, Bench(kafka, Path(folder), "single"))


def _measure(arguments: argparse.Namespace, bench: Bench) -> None:
    create(bench, EVENTS)
    print(f"publishing {arguments.guests} guests", file=sys.stderr)
    crowd = Crowd(arguments.guests, arguments.guests)
    start_at = Instant(time.time_ns() // 1_000_000 - 600_000)
    note = "x" * arguments.note_bytes
    publish(
        bench.kafka.bootstrap, EVENTS, identities(crowd, shop=SHOP, start_at=start_at, note=note)
    )
    figures = {}
    for contestant in (worker(bench, "worker"), peer(bench, "streams", "memory")):
        print(f"{contestant.name}: filling", file=sys.stderr)
        _fill(bench, contestant, arguments.guests)
        starts = [_restore(contestant) for _ in range(arguments.rounds)]
        figures[contestant.name] = _figures(starts, _state_bytes(bench.kafka, contestant))
        delete(bench.kafka, contestant)
    report(
        benchmark="restore",
        **figures,
        guests=arguments.guests,
        partitions=PARTITIONS,
        rounds=arguments.rounds,
    )


def _figures(starts: list[_Restored], state_bytes: float) -> dict[str, float]:
    return {
        "ready_s": round(median(one.ready_s for one in starts), 2),
        "cpu_s": round(median(one.cpu_s for one in starts), 2),
        "peak_mb": round(median(one.peak_mb for one in starts)),
        "state_bytes": round(state_bytes),
    }


def _fill(bench: Bench, contestant: Contestant, guests: int) -> None:
    progress = Progress(bench.kafka.bootstrap, contestant.group, bench.inputs)
    with pinned(contestant.command, core=WORKER_CORE, log=contestant.log) as process:
        for sample in progress.samples(process, guests):
            last = sample.committed
    print(f"{contestant.name}: {last} guests", file=sys.stderr)


def _restore(contestant: Contestant) -> _Restored:
    began_at = time.monotonic()
    with pinned(contestant.command, core=WORKER_CORE, log=contestant.log) as process:
        process.until(contestant.is_ready, _GIVE_UP_S)
        usage = process.usage()
    restored = _Restored(usage.at_s - began_at, usage.cpu_s, usage.peak_bytes / 1e6)
    print(f"{contestant.name}: {restored}", file=sys.stderr)
    return restored


def _state_bytes(kafka: Kafka, contestant: Contestant) -> float:
    """Mean length of a guest's state, by some of them."""
    some = itertools.islice(committed(kafka.bootstrap, contestant.states), 10_000)
    return mean(len(record.value or b"") for record in some)


if __name__ == "__main__":
    main()
