"""Both workers die at random moments while orders pass, and every order arrives."""

import random
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from pipeline.commerce.events import CommerceEvent, OrderId, Payment
from pipeline.demo.guest import DemoGuest
from pipeline.record import Instant
from pipeline.sandbox.faults import Faults
from pipeline.sandbox.running import RunningSandbox
from pipeline.sandbox.settings import SandboxSettings, Shop
from tests.components.kafka import Kafka
from tests.e2e.stack import CLIENT_KEY, WORKERS, Stack
from tests.e2e.verifier import check_owed, check_requests

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(900)]

GUESTS = 1_000
ORDERS_EACH = 5
KILLS = 10
IN_FLIGHT_MAX = 16
SHOPS = {"kiosk": "single", "shop": "automatic", "store": "multiple"}


def _events() -> list[CommerceEvent]:
    """Five orders of each guest, each with its cart; guests take turns."""
    dice = random.Random(11)
    now = Instant(time.time_ns() // 1_000_000)
    names = list(SHOPS)
    guests = [DemoGuest(n, names[n % len(names)], dice, now) for n in range(GUESTS)]
    events: list[CommerceEvent] = [guest.identify() for guest in guests]
    for number in range(ORDERS_EACH):
        for guest in guests:
            events.append(guest.add())
            order_id = OrderId(f"{guest.order_id}-{number}")
            events.append(guest.place(Payment("Card", "Visa"), order_id=order_id))
    return events


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    """Fast enough not to be what is waited for, slow enough that requests are under way."""
    settings = SandboxSettings(client_key=CLIENT_KEY, shops={name: Shop() for name in SHOPS})
    with RunningSandbox(settings, faults=Faults(latency_ms=10)) as running:
        yield running


@pytest.fixture
def stack(kafka: Kafka, sandbox: RunningSandbox, tmp_path: Path) -> Iterator[Stack]:
    """Times shortened so that a killed member is missed after six seconds."""
    points = [{"name": name, "protocol": protocol} for name, protocol in SHOPS.items()]
    settings = {
        "kafka": {"session_timeout_s": 9},
        "deliver": {
            "in_flight_max": IN_FLIGHT_MAX,
            "request_timeout_s": 2,
            "lease_s": 1.5,
            "behaviour_age_max_s": 1e6,
        },
        "sitecore": {"points_of_sale": points},
    }
    running = Stack(kafka, sandbox, tmp_path, settings)
    yield running
    running.close()


def test_ten_kills_lose_nothing_and_repeat_only_what_was_in_flight(
    stack: Stack, sandbox: RunningSandbox
) -> None:
    """Exactly once inside Kafka; at its edge only what nobody had acknowledged may repeat."""
    events = _events()
    stack.publish(events)
    stack.start(*WORKERS)

    _kill_at_random(stack, sandbox)
    _wait_for(stack, sandbox, GUESTS * ORDERS_EACH)

    repeats = check_requests(sandbox.sandbox.log.newest, check_owed(stack))
    print(f"{sandbox.sandbox.log.total} requests, {repeats} of them repeats, {KILLS} kills")
    assert repeats <= KILLS * IN_FLIGHT_MAX


def _kill_at_random(stack: Stack, sandbox: RunningSandbox) -> None:
    dice = random.Random(time.time_ns())
    for _ in range(KILLS):
        _until(partial(_has_seen, sandbox, sandbox.sandbox.log.total + 50), stack)
        time.sleep(dice.uniform(0, 1))
        victims = dice.choice([WORKERS, WORKERS, ("assemble",), ("deliver",)])
        stack.kill(*victims)
        stack.start(*victims)


def _has_seen(sandbox: RunningSandbox, requests: int) -> bool:
    return sandbox.sandbox.log.total >= requests


def _wait_for(stack: Stack, sandbox: RunningSandbox, orders: int) -> None:
    def arrived() -> bool:
        return len({order.reference_id for order in sandbox.sandbox.tenant.orders}) == orders

    _until(arrived, stack)
    time.sleep(3)  # what is still in flight, such as a PAYMENT, may come


def _until(done: Callable[[], bool], stack: Stack) -> None:
    give_up_at = time.monotonic() + 240
    while not done():
        stack.check()
        assert time.monotonic() < give_up_at, "nothing moved for four minutes"
        time.sleep(0.05)
