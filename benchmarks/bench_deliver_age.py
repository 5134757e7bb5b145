"""How old a message is when it arrives, at a steady rate below what the sender could do.

The sender has one core; the broker, the destination and the publisher have the other. Guests take
turns, so that nobody waits for an earlier message of its own. What was published while it warmed up
is left out. Ends with one line of JSON.

Usage: python -m benchmarks.bench_deliver_age [--rate N] [--seconds N] [--who httptools parallel]
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from confluent_kafka import Producer

from benchmarks import destination
from benchmarks.destination import Destination
from benchmarks.harness import OTHERS_CORE, WORKER_CORE, Outgoing, Pinned, pinned, report
from benchmarks.owing import owed
from benchmarks.senders import WHO, Bench, create, sender, source
from pipeline.sitecore.owed import OwedBehaviour
from tests.components import kafka as kafka_component


def main() -> None:
    """Run the benchmark as the command line says."""
    arguments = _arguments()
    os.sched_setaffinity(0, {OTHERS_CORE})
    figures = {who: _measure(arguments, who) for who in arguments.who}
    report(
        benchmark="deliver-age",
        **figures,
        rate=arguments.rate,
        seconds=arguments.seconds,
        guests=arguments.guests,
        answer_ms=arguments.answer_ms,
        in_flight_max=arguments.in_flight,
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=7_500)
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--warm-s", type=int, default=15)
    parser.add_argument("--guests", type=int, default=10_000)
    parser.add_argument("--answer-ms", type=int, default=50)
    parser.add_argument("--in-flight", type=int, default=4_000)
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--who", choices=WHO, nargs="+", default=["httptools"])
    return parser.parse_args()


def _measure(arguments: argparse.Namespace, who: str) -> dict[str, float]:
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as name,
        kafka_component.running(prefix=("taskset", "--cpu-list", str(OTHERS_CORE))) as kafka,
        destination.running(Path(name), answer_ms=arguments.answer_ms, tls=arguments.tls) as to,
    ):
        bench = Bench(kafka, Path(name), arguments.in_flight)
        topic, written = source(who)
        create(bench, [topic])
        one = sender(bench, who, to, name=who)
        with pinned(one.command, core=WORKER_CORE, log=one.log) as process:
            process.until(one.is_ready)
            print(f"publishing for {who}", file=sys.stderr)
            return _steady(arguments, process, to, _publishing(arguments, bench, topic, written))


def _steady(
    arguments: argparse.Namespace, process: Pinned, to: Destination, published: Iterator[None]
) -> dict[str, float]:
    """Publish second by second; measure after the first ones."""
    for _ in range(arguments.warm_s):
        next(published)
    to.ages_us()
    first, began = process.usage(), to.stats()["requests"]
    for _ in published:
        process.check()
    last, ages, ended = process.usage(), to.ages_us(), to.stats()["requests"]
    return {
        "p50_ms": round(ages["p50"] / 1000, 1),
        "p99_ms": round(ages["p99"] / 1000, 1),
        "core_percent": round(100 * (last.cpu_s - first.cpu_s) / (last.at_s - first.at_s)),
        "requests_per_s": round((ended - began) / (last.at_s - first.at_s)),
    }


def _publishing(
    arguments: argparse.Namespace,
    bench: Bench,
    topic: str,
    written: Callable[[OwedBehaviour], Outgoing],
) -> Iterator[None]:
    """Publish at the rate; come back after each second."""
    producer = Producer(
        {
            "bootstrap.servers": bench.kafka.bootstrap,
            "partitioner": "murmur2_random",
            "linger.ms": 1,
            "enable.idempotence": True,
        }
    )
    seconds, rate = arguments.warm_s + arguments.seconds, arguments.rate
    messages = owed(seconds * rate, arguments.guests)
    began_at, sent = time.monotonic(), 0
    for second in range(1, seconds + 1):
        while sent < second * rate:
            due = min(second * rate, int((time.monotonic() - began_at) * rate))
            for _ in range(sent, due):
                key, value, headers = written(next(messages))
                producer.produce(topic, key=key, value=value, headers=list(headers))
            sent = max(sent, due)
            producer.poll(0.001)
        yield
    producer.flush(30)


if __name__ == "__main__":
    main()
