"""Timers after a long absence, and behind a transaction that somebody else has left open."""

import time
from dataclasses import replace

import pytest
from prometheus_client import REGISTRY

from pipeline.assemble.clock import Clock
from pipeline.commerce.encode import encode
from pipeline.config import AssembleSettings
from pipeline.metrics import assemble as metrics
from pipeline.record import DAY_S, later
from pipeline.sitecore.owed import OwedOrder
from tests.components.kafka import Kafka
from tests.kafka.assembling import Shop, a_stranger, shop, until
from tests.kafka.buying import buys, now, said
from tests.unit.orders import story

pytestmark = pytest.mark.kafka


def _in_days(days: int, *, faster: float = 1.0) -> Clock:
    return Clock(lambda: later(now(), days * DAY_S), lambda: time.monotonic() * faster)


def _orders_unpaid(made: Shop, guest: str) -> None:
    order = story.placed(3, guest, story.line("shoes"), payment=None)
    identified = said(story.identified(1), guest)
    made.publish(identified, said(replace(order, ordered_at=now()), guest, 1), at=now())


def _pays(made: Shop, guest: str) -> None:
    made.publish(said(story.paid(4, guest), guest, 2), at=now())


def _bought(made: Shop) -> dict[str, str | None]:
    """The orders that are owed, each once, and how each is paid."""
    orders = [one for one in made.owed() if isinstance(one, OwedOrder)]
    found = {one.order_id: one.payment.type if one.payment else None for one in orders}
    assert len(found) == len(orders)
    return {str(order): payment for order, payment in found.items()}


def test_after_a_day_of_downtime_what_lies_unread_wins(kafka: Kafka) -> None:
    """Its timers are long due; a payment that came meanwhile must still be heard first."""
    settings = AssembleSettings(batch_window_s=0.02, batch_max=10)
    made = shop(kafka, partitions=1, settings=settings)
    _orders_unpaid(made, "ann")
    _orders_unpaid(made, "ben")
    with made.working():
        made.wait_until_read()
    assert _bought(made) == {}
    for number in range(60):
        made.publish(said(story.viewed(number), "cleo"), at=now())
    _pays(made, "ann")

    for days in (1, 2):
        made.clock = _in_days(days)
        with made.working():
            until(lambda: len(_bought(made)) == 2)
            made.wait_until_read()

    assert _bought(made) == {"ann": story.PAYPAL.type, "ben": None}


@pytest.mark.slow
def test_a_transaction_left_open_holds_timers_back(kafka: Kafka) -> None:
    """What lies behind it cannot be read yet, and may be the payment that is waited for."""
    made = shop(kafka, partitions=1)
    stranger = a_stranger(kafka)
    _orders_unpaid(made, "ann")
    for event in buys("ben", 1):
        stranger.produce(made.topics.commerce[0], encode(event), b"ben", 0)
    stranger.flush(20)
    _pays(made, "ann")
    metrics.timers_wait(0, due=0, held_back=0)
    made.clock = _in_days(1, faster=10)
    with made.working():
        until(lambda: REGISTRY.get_sample_value("pipeline_timers_held") == 1)
        assert _bought(made) == {}
        stranger.abort_transaction(20)
        until(lambda: bool(_bought(made)))
        made.publish(said(story.viewed(9), "ann"), at=now())
        made.wait_until_read()

    assert _bought(made) == {"ann": story.PAYPAL.type}
    assert {one.guest_id for one in made.owed()} == {"ann"}
