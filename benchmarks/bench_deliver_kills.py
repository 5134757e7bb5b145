"""How many requests a sender repeats when it is killed with signal 9 at full rate.

It is killed again and again while it delivers all messages, and started anew each time. The
destination counts what comes a second time, and whether it was marked; of what was in flight, no
more than the limit can be. Ends with one line of JSON.

Usage: python -m benchmarks.bench_deliver_kills [--kills N] [--who httptools parallel]
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import destination
from benchmarks.destination import Destination
from benchmarks.harness import OTHERS_CORE, WORKER_CORE, pinned, publish, report
from benchmarks.owing import owed
from benchmarks.senders import WHO, Bench, Sender, create, sender, source
from tests.components import kafka as kafka_component

_QUIET_S = 60.0
"""After this long without a request something is lost."""


def main() -> None:
    """Run the benchmark as the command line says."""
    arguments = _arguments()
    os.sched_setaffinity(0, {OTHERS_CORE})
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        kafka_component.running(prefix=("taskset", "--cpu-list", str(OTHERS_CORE))) as kafka,
    ):
        bench = Bench(kafka, Path(folder), arguments.in_flight, sitecore={"mark_requests": True})
        figures = {who: _measure(arguments, bench, who) for who in arguments.who}
    report(
        benchmark="deliver-kills",
        **figures,
        kills=arguments.kills,
        requests=arguments.requests,
        guests=arguments.guests,
        answer_ms=arguments.answer_ms,
        in_flight_max=arguments.in_flight,
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--requests", type=int, default=300_000)
    parser.add_argument("--guests", type=int, default=10_000)
    parser.add_argument("--answer-ms", type=int, default=50)
    parser.add_argument("--in-flight", type=int, default=4_000)
    parser.add_argument("--who", choices=WHO, nargs="+", default=["httptools"])
    return parser.parse_args()


def _measure(arguments: argparse.Namespace, bench: Bench, who: str) -> dict[str, object]:
    topic, written = source(who)
    create(bench, [topic])
    print(f"publishing {arguments.requests} messages", file=sys.stderr)
    messages = owed(arguments.requests, arguments.guests)
    publish(bench.kafka.bootstrap, topic, map(written, messages))
    with destination.running(bench.folder, answer_ms=arguments.answer_ms) as to:
        one = sender(bench, who, to, name=who)
        repeats = []
        for kill in range(1, arguments.kills + 1):
            before = to.stats()["repeats"]
            due = arguments.requests * kill // (arguments.kills + 1)
            _deliver(one, to, due, kill=True)
            repeats.append(to.stats()["repeats"] - before)
            print(f"{who}: repeats seen until kill {kill}: {repeats[-1]}", file=sys.stderr)
        before = to.stats()["repeats"]
        _deliver(one, to, arguments.requests, kill=False)
        last = to.stats()
        # What a kill costs is seen in the life after it.
        repeats = [*repeats[1:], last["repeats"] - before]
    return {
        "repeats_after_each_kill": repeats,
        "most": max(repeats),
        "unmarked": last["unmarked"],
        "out_of_order": last["outOfOrder"],
        "lost": arguments.requests - last["requests"] + last["repeats"],
    }


def _deliver(one: Sender, to: Destination, due: int, *, kill: bool) -> None:
    """Let it deliver until so many messages have come for the first time."""
    with pinned(one.command, core=WORKER_CORE, log=one.log) as process:
        seen, moved_at = 0, time.monotonic()
        while (fresh := _fresh(to)) < due:
            process.check()
            time.sleep(0.02)
            if fresh > seen:
                seen, moved_at = fresh, time.monotonic()
            elif time.monotonic() > moved_at + _QUIET_S:
                raise RuntimeError(f"it stands at {seen} of {due}: {process.tail()}")
        if kill:
            process.kill()
    # What had left when it was killed still arrives.
    time.sleep(0.5)


def _fresh(to: Destination) -> int:
    stats = to.stats()
    return stats["requests"] - stats["repeats"]


if __name__ == "__main__":
    main()
