"""Rounds of random faults while orders pass; then everything must have arrived, once and in order.

``python -m tests.torture.torture --rounds 200`` runs by itself and ends with one line of JSON.
"""

import argparse
import json
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from pipeline.commerce.events import CommerceEvent, OrderId, Payment
from pipeline.demo.guest import DemoGuest
from pipeline.record import Instant
from pipeline.sandbox.faults import NO_FAULTS, Faults
from pipeline.sandbox.running import RunningSandbox
from pipeline.sandbox.settings import SandboxSettings, Shop
from tests.components import kafka as kafka_component
from tests.components.kafka import Kafka
from tests.e2e.stack import CLIENT_KEY, Stack
from tests.e2e.verifier import check_owed, check_requests

SHOPS = {"kiosk": "single", "shop": "automatic", "store": "multiple"}
WORKERS = ("assemble:1", "assemble:2", "deliver:1", "deliver:2")
GUESTS = 200
SESSION_S = 10.0
FAULTS = Faults(latency_ms=5, fail_after=0.02, fail_before=0.03, hang=0.001, hang_s=3)
"""5 % of answers are 5xx, two of five after the event was taken; some never come."""

_PATIENCE_S = 180.0
_RESTARTABLE = frozenset({69, 75})
"""Exit codes that ask to be started again: Kafka was away, or another member took over."""


class Torture:
    """Guests who order in every round, workers and brokers who suffer in every round."""

    def __init__(self, kafka: Kafka, sandbox: RunningSandbox, folder: Path, seed: int) -> None:
        self._kafka = kafka
        self._sandbox = sandbox
        self._random = random.Random(seed)
        self._stack = Stack(kafka, sandbox, folder, _settings())
        names = list(SHOPS)
        now = Instant(time.time_ns() // 1_000_000)
        self._guests = [
            DemoGuest(number, names[number % len(names)], self._random, now)
            for number in range(GUESTS)
        ]
        self._placed: set[str] = set()
        self.suffered = Counter[str]()

    def run(self, rounds: int) -> int:
        """Play that many rounds and verify.

        Returns:
            How many requests were repeats; each was marked.

        Raises:
            AssertionError: Something was lost, doubled, out of order, or hangs.
        """
        try:
            self._stack.publish([guest.identify() for guest in self._guests])
            self._stack.start(*WORKERS)
            for number in range(rounds):
                self._stack.publish(self._orders(number))
                self._suffer()
                self._supervise()
                print(f"round {number + 1}: {dict(self.suffered)}", file=sys.stderr, flush=True)
            self._sandbox.sandbox.set_faults(NO_FAULTS)
            self._wait_until_all_arrived()
            time.sleep(5)  # what is still on its way, such as a PAYMENT, may come
            log = self._sandbox.sandbox.log.newest
            return check_requests(log, check_owed(self._stack))
        finally:
            self._stack.close()

    def _orders(self, round_number: int) -> list[CommerceEvent]:
        events: list[CommerceEvent] = []
        for guest in self._guests:
            guest.now = Instant(time.time_ns() // 1_000_000)
            order_id = OrderId(f"{guest.order_id}-{round_number}")
            payment = self._random.choice([Payment("Card", "Visa"), Payment("PayPal"), None])
            events += [guest.add(), guest.place(payment, order_id=order_id)]
            self._placed.add(order_id)
        return events

    def _suffer(self) -> None:
        for _ in range(self._random.randint(1, 3)):
            time.sleep(self._random.uniform(0.2, 2))
            fault = self._random.choice(
                [self._kill, self._kill, self._restart, self._freeze, self._crash_broker]
            )
            self.suffered[fault.__name__.strip("_")] += 1
            fault(self._random.choice(WORKERS))

    def _kill(self, worker: str) -> None:
        self._stack.kill(worker)
        self._stack.start(worker)

    def _restart(self, worker: str) -> None:
        self._stack.signal(worker, signal.SIGTERM)
        code = self._stack.wait(worker, 60)
        # One that had just been started may not have come to handle signals yet.
        assert code in {0, -signal.SIGTERM} | _RESTARTABLE, self._said(worker, code)
        self._stack.start(worker)

    def _freeze(self, worker: str) -> None:
        self._stack.signal(worker, signal.SIGSTOP)
        time.sleep(SESSION_S + self._random.uniform(1, 4))
        self._stack.signal(worker, signal.SIGCONT)

    def _crash_broker(self, _worker: str) -> None:
        node = self._random.randint(1, self._kafka.brokers)
        self._kafka.kill(node)
        time.sleep(self._random.uniform(0, 3))
        self._kafka.start(node)

    def _said(self, worker: str, code: int) -> str:
        return f"{worker} ended with {code}:\n{self._stack.tail(worker)}"

    def _all_arrived(self) -> bool:
        orders = self._sandbox.sandbox.tenant.orders
        return self._placed <= {order.reference_id for order in orders}

    def _missing(self) -> str:
        arrived = {order.reference_id for order in self._sandbox.sandbox.tenant.orders}
        missing = sorted(self._placed - arrived)
        return f"{len(missing)} orders did not arrive: {missing[:10]}"

    def _supervise(self) -> None:
        """Start again what asked for it by its exit code."""
        for worker in self._stack.ended():
            code = self._stack.wait(worker, 1)
            assert code in _RESTARTABLE, self._said(worker, code)
            self.suffered["restarted"] += 1
            self._stack.start(worker)

    def _wait_until_all_arrived(self) -> None:
        give_up_at = time.monotonic() + _PATIENCE_S
        while not self._all_arrived():
            assert time.monotonic() < give_up_at, self._missing()
            self._supervise()
            time.sleep(0.2)


def _settings() -> dict[str, Any]:
    points = [
        {"name": name, "protocol": protocol, "payment_type_default": "Other"}
        for name, protocol in SHOPS.items()
    ]
    return {
        "kafka": {"session_timeout_s": SESSION_S},
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


def torture(rounds: int, seed: int) -> dict[str, object]:
    """Run everything on three brokers of our own, and say what was found."""
    shops = {name: Shop() for name in SHOPS}
    settings = SandboxSettings(client_key=CLIENT_KEY, shops=shops, requests_kept=10_000_000)
    folder = Path(tempfile.mkdtemp(prefix="torture-"))
    print(f"logs of seed {seed} are in {folder}", file=sys.stderr)
    with (
        kafka_component.running(brokers=3) as kafka,
        RunningSandbox(settings, faults=FAULTS) as sandbox,
    ):
        tortured = Torture(kafka, sandbox, folder, seed)
        repeats = tortured.run(rounds)
        shutil.rmtree(folder)  # only a failure leaves its logs to be read
        return {
            "rounds": rounds,
            "seed": seed,
            "faults": dict(tortured.suffered),
            "requests": sandbox.sandbox.log.total,
            "repeats": repeats,
            "lost": 0,
            "doubled": 0,
            "out_of_order": 0,
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
