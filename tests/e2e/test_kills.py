"""Both workers die at random moments while orders pass, and every order arrives."""

import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from pipeline.commerce.decode import Decoder, NoRegistry
from pipeline.commerce.events import CommerceEvent, OrderId, Payment
from pipeline.config import load
from pipeline.demo.guest import DemoGuest
from pipeline.orders.advance import advance
from pipeline.orders.guest import Guest
from pipeline.policies import order_policy
from pipeline.record import GuestId, Instant
from pipeline.sandbox.faults import Faults
from pipeline.sandbox.running import RunningSandbox
from pipeline.sandbox.settings import SandboxSettings, Shop
from pipeline.sitecore.codec import decode_owed
from pipeline.sitecore.owed import DeliveryId
from tests.components.kafka import Kafka
from tests.e2e.stack import CLIENT_KEY, WORKERS, Stack

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

    owed = _owed_by_guest(stack)
    assert owed == _recomputed(stack), "stream-events is not what the core owes"
    _check_sandbox(sandbox, owed)


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


def _owed_by_guest(stack: Stack) -> dict[GuestId, list[DeliveryId]]:
    owed: dict[GuestId, list[DeliveryId]] = defaultdict(list)
    for record in stack.read(stack.topics["stream_events"]):
        message = decode_owed(record.value or b"")
        owed[message.guest_id].append(message.delivery_id)
    return owed


def _recomputed(stack: Stack) -> dict[GuestId, list[DeliveryId]]:
    """What the pure core owes for the records as they lie in Kafka."""
    policy = order_policy(load(stack.config))
    decode = Decoder(NoRegistry()).decode
    guests: dict[GuestId, Guest | None] = {}
    owed: dict[GuestId, list[DeliveryId]] = defaultdict(list)
    for record in stack.read(stack.commerce):
        event = decode(record)
        step = advance(guests.get(event.guest_id), event, record, policy)
        guests[event.guest_id] = step.guest
        if step.owed:
            owed[event.guest_id] += [message.delivery_id for message in step.owed]
    return owed


def _check_sandbox(sandbox: RunningSandbox, owed: dict[GuestId, list[DeliveryId]]) -> None:
    """First acceptances in order; repeats few and marked."""
    places = {
        delivery: (guest, place)
        for guest, deliveries in owed.items()
        for place, delivery in enumerate(deliveries)
    }
    last: dict[GuestId, int] = defaultdict(int)
    first: set[tuple[str | None, str, str]] = set()
    repeats = []
    for request in sandbox.sandbox.log.newest:
        said = (request.delivery_id, request.endpoint, request.text)
        if said in first:
            repeats.append(request)
            continue
        first.add(said)
        guest, place = places[DeliveryId(request.delivery_id or "")]
        assert place >= last[guest], f"{guest} is out of order at {request.seq}"
        last[guest] = place
    print(f"{len(first)} requests, {len(repeats)} of them repeated over {KILLS} kills")
    assert len(repeats) <= KILLS * IN_FLIGHT_MAX
    assert all(request.possible_repeat for request in repeats if request.type)
