"""How many requests one deliver worker sends a second, by the destination's answer time.

The sender has one core; the broker and a compiled destination, which checks that each guest's
messages arrive in order, have the other. The messages are published once; every round each sender
delivers all of them, with new groups and topics, at each answer time. Measured is from a fifth of
the messages to the last, so that neither connecting nor compiling counts. Ends with one line of
JSON: medians over the rounds.

Usage: python -m benchmarks.bench_deliver [--requests N] [--answer-ms 0 10 50 200] [--rounds N]
    [--who httptools httpx parallel] [--tls]
"""

import argparse
import os
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks import destination
from benchmarks.destination import Destination
from benchmarks.harness import OTHERS_CORE, WORKER_CORE, Pinned, Usage, pinned, publish, report
from benchmarks.owing import owed
from benchmarks.senders import PARTITIONS, WHO, Bench, create, sender, source
from tests.components import kafka as kafka_component

_WARM = 0.2
"""The part of all messages after which is measured."""


@dataclass(frozen=True, slots=True)
class _Run:
    """One sender's way through all messages."""

    requests_per_s: float
    cpu_us: float
    peak_mb: float
    out_of_order: int
    repeats: int
    outcomes: dict[str, int]
    """Of all requests, as our worker counts them: each repeat must be named there."""


def main() -> None:
    """Run the benchmark as the command line says."""
    arguments = _arguments()
    os.sched_setaffinity(0, {OTHERS_CORE})
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        kafka_component.running(prefix=("taskset", "--cpu-list", str(OTHERS_CORE))) as kafka,
    ):
        _compare(arguments, Bench(kafka, Path(folder), arguments.in_flight))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=150_000)
    parser.add_argument("--guests", type=int, default=10_000)
    parser.add_argument("--answer-ms", type=int, nargs="+", default=[0, 10, 50, 200])
    parser.add_argument("--in-flight", type=int, default=4_000)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--who", choices=WHO, nargs="+", default=["httptools"])
    parser.add_argument("--tls", action="store_true")
    return parser.parse_args()


def _compare(arguments: argparse.Namespace, bench: Bench) -> None:
    print(f"publishing {arguments.requests} messages", file=sys.stderr)
    for topic, written in dict.fromkeys(map(source, arguments.who)):
        create(bench, [topic])
        messages = owed(arguments.requests, arguments.guests)
        publish(bench.kafka.bootstrap, topic, map(written, messages))
    runs: dict[tuple[str, int], list[_Run]] = defaultdict(list)
    for number in range(1, arguments.rounds + 1):
        for answer_ms in arguments.answer_ms:
            for who in arguments.who:
                run = _run(arguments, bench, who, answer_ms, f"{who}-{answer_ms}-{number}")
                runs[who, answer_ms].append(run)
                print(f"round {number}: {who} at {answer_ms} ms: {run}", file=sys.stderr)
    report(
        benchmark="deliver",
        **{
            who: {ms: _medians(runs[who, ms]) for ms in arguments.answer_ms}
            for who in arguments.who
        },
        tls=arguments.tls,
        rounds=arguments.rounds,
        requests=arguments.requests,
        guests=arguments.guests,
        partitions=PARTITIONS,
        in_flight_max=arguments.in_flight,
    )


def _run(arguments: argparse.Namespace, bench: Bench, who: str, answer_ms: int, name: str) -> _Run:
    folder = bench.folder / name
    folder.mkdir()
    with destination.running(folder, answer_ms=answer_ms, tls=arguments.tls) as to:
        one = sender(bench, who, to, name=name)
        with pinned(one.command, core=WORKER_CORE, log=one.log) as process:
            samples = list(_samples(process, to, arguments.requests))
            return _figures(samples, one.counted("pipeline_attempts_total", "outcome"))


def _samples(
    process: Pinned, to: Destination, total: int
) -> Iterator[tuple[dict[str, int], Usage]]:
    """Ask the destination ten times a second, from the first request to the last."""
    seen = 0
    while seen < total:
        time.sleep(0.1)
        process.check()
        stats = to.stats()
        if stats["requests"] > seen:
            seen = stats["requests"]
            yield stats, process.usage()


def _figures(samples: Sequence[tuple[dict[str, int], Usage]], outcomes: dict[str, int]) -> _Run:
    last, last_usage = samples[-1]
    first, first_usage = next(
        one for one in samples if one[0]["requests"] >= _WARM * last["requests"]
    )
    sent = last["requests"] - first["requests"]
    return _Run(
        requests_per_s=sent / (last_usage.at_s - first_usage.at_s),
        cpu_us=(last_usage.cpu_s - first_usage.cpu_s) / sent * 1e6,
        peak_mb=last_usage.peak_bytes / 1e6,
        out_of_order=last["outOfOrder"],
        repeats=last["repeats"],
        outcomes=outcomes,
    )


def _medians(runs: Sequence[_Run]) -> dict[str, float]:
    return {
        "requests_per_s": round(median(run.requests_per_s for run in runs)),
        "cpu_us_per_request": round(median(run.cpu_us for run in runs), 1),
        "peak_mb": round(median(run.peak_mb for run in runs)),
        "out_of_order": sum(run.out_of_order for run in runs),
        "repeats": sum(run.repeats for run in runs),
    }


if __name__ == "__main__":
    main()
