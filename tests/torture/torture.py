"""Rounds of random faults while orders pass; then everything must have arrived, once and in order.

``python -m tests.torture.torture --rounds 200`` runs by itself and ends with one line of JSON.
Every `STRETCH` rounds what was sent is verified, and new topics and a new sandbox begin: so
neither memory nor disk grows with the number of rounds.
"""

import argparse
import json
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from confluent_kafka import Producer

from pipeline.commerce.encode import encode
from pipeline.commerce.events import CommerceEvent, OrderId, Payment
from pipeline.demo.guest import DemoGuest
from pipeline.kafka.registry import connect
from pipeline.record import Instant
from pipeline.sandbox.faults import NO_FAULTS, Faults
from pipeline.sandbox.running import RunningSandbox
from pipeline.sandbox.settings import SandboxSettings, Shop
from tests.components import kafka as kafka_component
from tests.components.kafka import Kafka
from tests.e2e.stack import CLIENT_KEY, Stack
from tests.e2e.verifier import check_owed, check_requests
from tests.torture.faults import SESSION_S, WORKERS, Suffering
from tests.torture.hung import check_none_hangs
from tests.torture.registry import CrashingRegistry

SHOPS: Final = {"kiosk": "single", "shop": "automatic", "store": "multiple"}
GUESTS: Final = 200
STRETCH: Final = 20
FAULTS: Final = Faults(
    latency_ms=5,
    fail_after=0.02,
    fail_before=0.03,
    cut=0.005,
    hang=0.02,
    hang_s=3,
    limit_per_s=200,
)
"""5 % of answers are 5xx, two of five after the event was taken; others are cut, or never come.
More requests than 200 a second are answered 429."""

_PATIENCE_S: Final = 180.0
_QUIET_S: Final = 3.0
"""What is still on its way, such as a PAYMENT, comes within this time after the one before."""


class Torture:
    """Guests who order in every round, workers and brokers who suffer in every round."""

    def __init__(
        self,
        kafka: Kafka,
        sandbox: RunningSandbox,
        registry: CrashingRegistry,
        folder: Path,
        seed: int,
    ) -> None:
        self._kafka = kafka
        self._sandbox = sandbox
        self._registry = registry
        self._random = random.Random(seed)
        self._stack = Stack(kafka, sandbox, folder, _settings(registry))
        self._suffering = Suffering(kafka, self._stack, registry, self._random)
        names = list(SHOPS)
        now = Instant(time.time_ns() // 1_000_000)
        self._guests = [
            DemoGuest(number, names[number % len(names)], self._random, now)
            for number in range(GUESTS)
        ]
        self._placed: set[str] = set()
        self.suffered = self._suffering.suffered

    def run(self, rounds: int) -> int:
        """Play that many rounds and verify.

        Returns:
            How many requests were repeats; each was marked.

        Raises:
            AssertionError: Something was lost, doubled, out of order, or hangs.
        """
        try:
            self._publish([guest.identify() for guest in self._guests])
            self._stack.start(*WORKERS)
            for number in range(rounds):
                self._round(number)
            self._suffering.end()
            self._sandbox.sandbox.set_faults(NO_FAULTS)
            self._wait_until_all_arrived()
            self._wait_until_quiet()
            self._stop()
            return self._verify()
        finally:
            self._stack.close()

    def _round(self, number: int) -> None:
        began = time.monotonic()
        self._publish(self._orders(number))
        self._suffering.strike()
        missing, sent = len(self._missing()), self._sandbox.sandbox.log.total
        took_s = time.monotonic() - began
        print(
            f"  round {number + 1}: {took_s:.1f} s, {len(self._placed)} orders placed, "
            f"{missing} on their way, {sent} requests; {dict(self.suffered)}",
            file=sys.stderr,
            flush=True,
        )

    def _orders(self, round_number: int) -> list[CommerceEvent]:
        events: list[CommerceEvent] = []
        for guest in self._guests:
            guest.now = Instant(time.time_ns() // 1_000_000)
            order_id = OrderId(f"{guest.order_id}-{round_number}")
            payment = self._random.choice([Payment("Card", "Visa"), Payment("PayPal"), None])
            events += [guest.add(), guest.place(payment, order_id=order_id)]
            self._placed.add(order_id)
        return events

    def _publish(self, events: Iterable[CommerceEvent]) -> None:
        """Append events as a shop with a registry does: its ids are known, and kept."""
        producer = Producer(
            {"bootstrap.servers": self._kafka.bootstrap, "partitioner": "murmur2_random"}
        )
        for event in events:
            value = encode(event, self._registry.ids[type(event).__name__])
            producer.produce(self._stack.commerce, key=event.guest_id.encode(), value=value)
            producer.poll(0)
        assert producer.flush(60) == 0, "events could not be published"

    def _missing(self) -> set[str]:
        orders = self._sandbox.sandbox.tenant.orders
        return self._placed - {order.reference_id for order in orders}

    def _wait_until_all_arrived(self) -> None:
        give_up_at = time.monotonic() + _PATIENCE_S
        while missing := self._missing():
            assert time.monotonic() < give_up_at, (
                f"{len(missing)} orders did not arrive: {sorted(missing)[:10]}"
            )
            self._suffering.supervise()
            time.sleep(0.2)

    def _wait_until_quiet(self) -> None:
        sent = -1
        while sent != (sent := self._sandbox.sandbox.log.total):
            time.sleep(_QUIET_S)

    def _stop(self) -> None:
        for worker in WORKERS:
            self._suffering.stop(worker)

    def _verify(self) -> int:
        topics = [*self._stack.topics.values(), self._stack.commerce]
        check_none_hangs(self._kafka, topics)
        log = self._sandbox.sandbox.log
        assert len(log.newest) == log.total, "the sandbox has forgotten requests"
        with connect(self._registry.settings) as schemas:
            repeats = check_requests(log.newest, check_owed(self._stack, schemas))
        for deleted in self._kafka.admin.delete_topics(topics).values():
            deleted.result(30)
        return repeats


def _settings(registry: CrashingRegistry) -> dict[str, Any]:
    points = [
        {"name": name, "protocol": protocol, "payment_type_default": "Other"}
        for name, protocol in SHOPS.items()
    ]
    return {
        "kafka": {"session_timeout_s": SESSION_S},
        "registry": {"url": str(registry.settings.url)},
        "assemble": {"payment_wait_s": 2},
        "deliver": {
            "in_flight_max": 32,
            "request_timeout_s": 2,
            "lease_s": 1.5,
            "behaviour_age_max_s": 1e6,
            "unknown_tries_max": 20,
            "backoff_max_s": 2,
        },
        "sitecore": {"points_of_sale": points},
    }


def _stretch(
    kafka: Kafka, registry: CrashingRegistry, rounds: int, seed: int, found: Counter[str]
) -> Counter[str]:
    """Play rounds that are verified together; a failure leaves its logs, and says how to replay.

    Returns:
        The faults; what was sent is added to *found*.
    """
    shops = {name: Shop() for name in SHOPS}
    settings = SandboxSettings(
        client_key=CLIENT_KEY, shops=shops, requests_kept=10**9, request_bytes_kept=10**12
    )
    folder = Path(tempfile.mkdtemp(prefix=f"torture-{seed}-"))
    print(f"seed {seed}, {rounds} rounds; logs are in {folder}", file=sys.stderr, flush=True)
    try:
        with RunningSandbox(settings, faults=FAULTS) as sandbox:
            tortured = Torture(kafka, sandbox, registry, folder, seed)
            found["repeats"] += tortured.run(rounds)
            found["requests"] += sandbox.sandbox.log.total
            found.update(str(one.mishap) for one in sandbox.sandbox.log.newest)
    except BaseException:
        print(
            f"seed {seed} failed; its logs stay in {folder}. The same faults in the same order:\n"
            f"make torture ROUNDS={rounds} SEED={seed}",
            file=sys.stderr,
            flush=True,
        )
        raise
    shutil.rmtree(folder)
    return tortured.suffered


def torture(rounds: int, seed: int) -> dict[str, object]:
    """Run everything on three brokers of our own, and say what was found."""
    began = time.monotonic()
    suffered, found = Counter[str](), Counter[str]()
    with kafka_component.running(brokers=3) as kafka:
        registry = CrashingRegistry()
        try:
            for first in range(0, rounds, STRETCH):
                part = min(STRETCH, rounds - first)
                suffered += _stretch(kafka, registry, part, seed + first // STRETCH, found)
        finally:
            registry.close()
    return {
        "rounds": rounds,
        "seed": seed,
        "seconds": round(time.monotonic() - began),
        "faults": dict(suffered),
        **found,
        "lost": 0,
        "doubled": 0,
        "out_of_order": 0,
        "hung_transactions": 0,
    }


def main() -> None:
    """Run as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    arguments = parser.parse_args()
    print(json.dumps(torture(arguments.rounds, arguments.seed)))


if __name__ == "__main__":
    main()
