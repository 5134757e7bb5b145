"""Upgrades and rollbacks of both workers under load, pods and timings being those of the chart."""

import contextlib
import random
import re
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.assemble import state
from pipeline.commerce import schemas
from pipeline.commerce.events import CommerceEvent, OrderId, Payment
from pipeline.deliver import ledger_state
from pipeline.demo.guest import DemoGuest
from pipeline.errors import StateError
from pipeline.record import Instant, Record
from pipeline.sandbox.request_log import LoggedRequest
from pipeline.sandbox.running import RunningSandbox
from pipeline.sandbox.settings import SandboxSettings, Shop
from tests.chart import releases
from tests.chart.dockerfile import Stage
from tests.chart.node import Node, Running
from tests.chart.rendering import Object, named, objects, pod_of, template
from tests.components.kafka import Kafka
from tests.components.process import free_port, until
from tests.e2e.stack import CLIENT_KEY, WORKERS, Stack
from tests.e2e.verifier import check_owed, check_requests

pytestmark = [pytest.mark.usefixtures("helms"), pytest.mark.kafka, pytest.mark.slow]

Leg = tuple[str, float, float]
"""What was done, from when to when, in milliseconds since the epoch."""

SHOPS = {"kiosk": "single", "shop": "automatic", "store": "multiple"}
GAP_MAX_S = 10.0
"""As docs/operations.md says: no request for so long at most, while pods are replaced."""
START_S = 120.0
"""As long as the chart's startup probe waits."""
REFUSED = (
    "has version 2, this program reads up to 1: start the release that wrote it|"
    "no release up to this one has a schema of fingerprint"
)
"""State and schema are read at once: the first that is found says so."""
AWAY = 100
"""So many guests later one comes back: ten seconds, by when other releases look after them."""


def visits() -> Iterator[list[CommerceEvent]]:
    """Each ends with an order: of guests who are new, and of guests who come back."""
    dice, now = random.Random(7), Instant(time.time_ns() // 1_000_000)
    names, paid = list(SHOPS), Payment("Card", "Visa")
    guests: list[DemoGuest] = []
    for number in count():
        new = DemoGuest(number, names[number % len(names)], dice, now)
        guests.append(new)
        yield [new.identify(), new.add(), new.place(paid, order_id=OrderId(f"order-{number}"))]
        if number >= AWAY:
            back = guests[number - AWAY]
            yield [back.add(), back.place(paid, order_id=OrderId(f"again-{number - AWAY}"))]


class Load:
    """Publishes two visits every tenth of a second, from entering to leaving."""

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
        source = visits()
        while not self._over.wait(0.1):
            self._stack.publish([*next(source), *next(source)])
            self.orders += 2


class Installation(Stack):
    """Reads what a later release has written as this program would have written it."""

    def read(self, topic: str) -> Iterator[Record]:
        """Read a topic's committed records from its start to its present end."""
        return map(releases.as_today, self.read_as_it_is(topic))

    def read_as_it_is(self, topic: str) -> Iterator[Record]:
        """Read what other releases have written, too."""
        return super().read(topic)


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    """The destination."""
    settings = SandboxSettings(client_key=CLIENT_KEY, shops={name: Shop() for name in SHOPS})
    with RunningSandbox(settings) as running:
        yield running


@pytest.fixture
def stack(kafka: Kafka, sandbox: RunningSandbox, tmp_path: Path) -> Installation:
    """Topics, and the settings that the chart is given."""
    points = [{"name": name, "protocol": protocol} for name, protocol in SHOPS.items()]
    return Installation(kafka, sandbox, tmp_path, {"sitecore": {"points_of_sale": points}})


@pytest.fixture
def release(stack: Stack) -> tuple[Object, ...]:
    """The chart with those settings."""
    settings: dict[str, Any] = yaml.safe_load(stack.config.read_text())
    del settings["server"], settings["sitecore"]["client_key"]
    given = {
        "settings": settings,
        "clientKey": {"existingSecret": "", "trialValue": CLIENT_KEY},
    }
    return tuple(objects(template(4, "minimal", given)))


@pytest.fixture
def nodes(node: Node, image: Stage) -> dict[str, Node]:
    """The same machine with the image of each release."""
    later = {"next": releases.NEXT, "last": releases.LAST}
    images = {
        name: releases.released(image, node.folder / f"image-{name}", edits)
        for name, edits in later.items()
    }
    return {"today": node, **{name: replace(node, image=one) for name, one in images.items()}}


class Cluster:
    """Two StatefulSets of two pods, and what a controller does with them."""

    def __init__(
        self, nodes: dict[str, Node], release: tuple[Object, ...], begin: Sequence[str]
    ) -> None:
        """Start pods of the releases that are named, by their numbers."""
        self.legs: list[Leg] = []
        self.running: dict[str, Running] = {}
        self._nodes = nodes
        for worker in WORKERS:
            owner = named(release, "StatefulSet", f"orders-commerce-to-sitecore-{worker}")
            for number, first in enumerate(begin):
                name = f"{worker}-{number}"
                self.running[name] = nodes[first].start(name, pod_of(owner), free_port())
        self.wait_until_all_are_at_work()

    def roll(self, release: str, *numbers: int) -> None:
        """Replace pods by those of a release: both sets at once, in each one pod after another."""
        with self.leg(f"{release} {numbers}"):
            for number in numbers:
                self.end(number)
                for one in self.start(release, number):
                    assert not one.asked("readinessProbe"), "it is ready before it can be"
                self.wait_until_all_are_at_work()

    @contextlib.contextmanager
    def leg(self, name: str) -> Iterator[None]:
        """Note from when to when something is done."""
        began = time.time() * 1000
        yield
        self.legs.append((name, began, time.time() * 1000))

    def end(self, number: int) -> None:
        """Send the pods of a number SIGTERM, and see what they say of themselves until they end."""
        leaving = [self.running[f"{worker}-{number}"] for worker in WORKERS]
        for one in leaving:
            one.terminate()
        for one in leaving:
            until(partial(left, one), one.child)
            grace_s = one.pod["spec"]["terminationGracePeriodSeconds"]
            assert one.child.wait(grace_s) == 0, one.child.tail()

    def start(self, release: str, number: int) -> list[Running]:
        """Start pods of a release in the place of those that have ended."""
        names = [f"{worker}-{number}" for worker in WORKERS]
        for name in names:
            old = self.running[name]
            self.running[name] = self._nodes[release].start(name, old.pod, old.port)
        return [self.running[name] for name in names]

    def wait_until_all_are_at_work(self) -> None:
        """Wait as the controller does, and until what a rebalance does last has been done.

        A member without partitions is ready, and proves nothing. `minReadySeconds` of the chart
        leaves room for the rest; here pods are replaced as soon as it is done.
        """
        for one in self.running.values():
            until(partial(one.asked, "readinessProbe"), one.child, timeout_s=START_S)
            until(partial(at_work, one), one.child, timeout_s=START_S)


def at_work(pod: Running) -> bool:
    """Whether a pod works on its half of the partitions, by what it counts."""
    counted = ""
    with (
        contextlib.suppress(OSError),
        urllib.request.urlopen(f"http://127.0.0.1:{pod.port}/metrics", timeout=5) as answer,
    ):
        counted = answer.read().decode()
    return re.search(r'^pipeline_partitions{state="at_work"} 2\b', counted, re.M) is not None


def left(pod: Running) -> bool:
    """Whether a pod says that it is not ready, or has ended already."""
    return not pod.child.running() or not pod.asked("readinessProbe")


@pytest.mark.timeout(600)
def test_releases_roll_forward_and_back_under_load_and_nothing_is_lost_or_doubled(
    nodes: dict[str, Node],
    release: tuple[Object, ...],
    stack: Installation,
    sandbox: RunningSandbox,
) -> None:
    """One that brings a version of state and of a schema, then one that writes them, and back."""
    cluster = Cluster(nodes, release, begin=("today", "next"))

    with Load(stack) as load:
        cluster.roll("today", 1)
        cluster.roll("next", 1, 0)
        cluster.roll("last", 1, 0)
        refuse_to_skip(cluster)
        cluster.roll("next", 0)
    until(partial(arrived, sandbox, load.orders), cluster.running["deliver-0"].child)
    codes = {name: one.stop()[0] for name, one in cluster.running.items()}

    requests = list(sandbox.sandbox.log.newest)
    longest_s = gaps(requests, cluster.legs)
    took_s = round((cluster.legs[-1][2] - cluster.legs[0][1]) / 1000)
    print(f"\n{load.orders} orders, {len(requests)} requests, {took_s} s; gaps in s: {longest_s}")
    assert set(codes.values()) == {0}
    assert check_requests(requests, check_owed(stack)) == 0
    assert len(sandbox.sandbox.tenant.orders) == load.orders
    assert max(longest_s.values()) < GAP_MAX_S
    assert_both_were_written(stack)


def refuse_to_skip(cluster: Cluster) -> None:
    """Go back two releases at once, and then one: the first ends, and has done nothing."""
    with cluster.leg("today, refused"):
        cluster.end(1)
        for pod in cluster.start("today", 1):
            assert pod.child.wait(START_S) == StateError.exit_code, pod.child.tail()
            assert re.search(REFUSED, pod.child.tail()), pod.child.tail()
        cluster.start("next", 1)
        cluster.wait_until_all_are_at_work()


def gaps(requests: Sequence[LoggedRequest], legs: Sequence[Leg]) -> dict[str, float]:
    """The longest time without a request during each leg, in seconds."""
    ends = [(before.at, after.at) for before, after in pairwise(requests)]
    return {
        name: round(max(b - a for a, b in ends if b > began and a < ended) / 1000, 1)
        for name, began, ended in legs
    }


def assert_both_were_written(stack: Installation) -> None:
    """Else none of this was about anything."""
    for topic, form in (("guest_states", state.FORMAT), ("deliveries", ledger_state.FORMAT)):
        values = [record.value or b"" for record in stack.read_as_it_is(stack.topics[topic])]
        assert {one[1] for one in values if len(one) > 2 and one[0] == form} == {1, 2}, topic
    today = schemas.current()["stream.OwedOrder"].header
    orders = {
        (record.value or b"")[:10]
        for record in stack.read_as_it_is(stack.topics["stream_events"])
        if (releases.as_today(record).value or b"").startswith(today)
    }
    assert len(orders) == 2


def arrived(sandbox: RunningSandbox, orders: int) -> bool:
    """Whether all orders are there."""
    return len({order.reference_id for order in sandbox.sandbox.tenant.orders}) == orders
