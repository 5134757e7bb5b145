"""A rolling restart of both workers under load, pods and timings being those of the chart."""

import random
import threading
import time
from collections.abc import Iterator
from functools import partial
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.commerce.events import CommerceEvent, OrderId, Payment
from pipeline.demo.guest import DemoGuest
from pipeline.record import Instant
from pipeline.sandbox.running import RunningSandbox
from pipeline.sandbox.settings import SandboxSettings, Shop
from tests.chart.node import Node, Running
from tests.chart.rendering import Object, named, objects, pod_of, template
from tests.components.kafka import Kafka
from tests.components.process import free_port, until
from tests.e2e.stack import CLIENT_KEY, WORKERS, Stack
from tests.e2e.verifier import check_owed, check_requests

pytestmark = [pytest.mark.usefixtures("helms"), pytest.mark.kafka, pytest.mark.slow]

SHOPS = {"kiosk": "single", "shop": "automatic", "store": "multiple"}
GAP_MAX_S = 10.0
"""As docs/operations.md says: no request for so long at most, while pods are replaced."""
MIN_READY_S = 4
"""The chart's `minReadySeconds` is 10, to leave room for the second half of a rebalance."""


def events() -> Iterator[CommerceEvent]:
    """Orders of ever new guests, each with its cart."""
    dice, now = random.Random(7), Instant(time.time_ns() // 1_000_000)
    names = list(SHOPS)
    for number in count():
        guest = DemoGuest(number, names[number % len(names)], dice, now)
        yield guest.identify()
        yield guest.add()
        yield guest.place(Payment("Card", "Visa"), order_id=OrderId(f"order-{number}"))


class Load:
    """Publishes, a few events every tenth of a second, from entering to leaving."""

    def __init__(self, stack: Stack) -> None:
        self.orders = 0
        self._stack = stack
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._publish, name="load")

    def __enter__(self) -> "Load":
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self._thread.join()

    def _publish(self) -> None:
        source = events()
        while not self._over.wait(0.1):
            self._stack.publish([next(source) for _ in range(6)])
            self.orders += 2


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    """The destination."""
    settings = SandboxSettings(client_key=CLIENT_KEY, shops={name: Shop() for name in SHOPS})
    with RunningSandbox(settings) as running:
        yield running


@pytest.fixture
def stack(kafka: Kafka, sandbox: RunningSandbox, tmp_path: Path) -> Stack:
    """Topics, and the settings that the chart is given."""
    points = [{"name": name, "protocol": protocol} for name, protocol in SHOPS.items()]
    return Stack(kafka, sandbox, tmp_path, {"sitecore": {"points_of_sale": points}})


@pytest.fixture
def release(stack: Stack) -> tuple[Object, ...]:
    """The chart with those settings."""
    settings: dict[str, Any] = yaml.safe_load(stack.config.read_text())
    del settings["server"], settings["sitecore"]["client_key"]
    given = {
        "settings": settings,
        "clientKey": {"existingSecret": "", "trialValue": CLIENT_KEY},
        "workers": {"minReadySeconds": MIN_READY_S},
    }
    return tuple(objects(template(4, "minimal", given)))


def test_a_rolling_restart_under_load_loses_and_doubles_nothing(
    node: Node, release: tuple[Object, ...], stack: Stack, sandbox: RunningSandbox
) -> None:
    """One pod after the other gets SIGTERM, and the next one when it is ready again."""
    pods = {
        f"{worker}-{number}": pod_of(
            named(release, "StatefulSet", f"orders-commerce-to-sitecore-{worker}")
        )
        for worker in WORKERS
        for number in (0, 1)
    }
    running = {name: node.start(name, pod, free_port()) for name, pod in pods.items()}
    wait_until_all_are_ready(running)

    with Load(stack) as load:
        for name in reversed(pods):
            wait_until_all_are_ready(running)
            time.sleep(MIN_READY_S)
            replace(node, running, name)
        wait_until_all_are_ready(running)
    until(partial(arrived, sandbox, load.orders), running["deliver-0"].child)
    codes = {name: one.stop()[0] for name, one in running.items()}

    requests = list(sandbox.sandbox.log.newest)
    gap_s = max(after.at - before.at for before, after in pairwise(requests)) / 1000
    print(f"\n{load.orders} orders, {len(requests)} requests, longest gap {gap_s:.1f} s")
    assert set(codes.values()) == {0}
    assert check_requests(requests, check_owed(stack)) == 0
    assert len(sandbox.sandbox.tenant.orders) == load.orders
    assert gap_s < GAP_MAX_S


def replace(node: Node, running: dict[str, Running], name: str) -> None:
    """Replace a pod as a StatefulSet does, and see what it says of itself meanwhile."""
    old = running[name]
    old.terminate()
    until(lambda: not old.asked("readinessProbe") or not old.child.running(), old.child)
    assert old.child.wait(old.pod["spec"]["terminationGracePeriodSeconds"]) == 0, old.child.tail()
    again = node.start(name, old.pod, old.port)
    running[name] = again
    assert not again.asked("readinessProbe"), f"{name} says that it is ready before it can be"


def wait_until_all_are_ready(running: dict[str, Running]) -> None:
    """Wait as the controller does; a rebalance takes all members of a group a moment."""
    for one in running.values():
        until(partial(one.asked, "readinessProbe"), one.child)


def arrived(sandbox: RunningSandbox, orders: int) -> bool:
    """Whether all orders are there."""
    return len({order.reference_id for order in sandbox.sandbox.tenant.orders}) == orders
