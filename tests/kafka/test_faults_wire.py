"""The assembler behind a network that loses, delays and cuts what passes between it and Kafka."""

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from prometheus_client import REGISTRY

from pipeline.config import AssembleSettings
from tests.components.kafka import Kafka
from tests.components.proxy import Api, Proxy
from tests.kafka.assembling import Shop, shop, until
from tests.kafka.buying import buys, check

pytestmark = pytest.mark.kafka

GUESTS = [f"guest-{number}" for number in range(20)]


@pytest.fixture
def proxy(kafka: Kafka) -> Iterator[Proxy]:
    """What workers of `_behind` speak through; all else speaks to the broker itself."""
    with kafka.proxied() as proxy:
        yield proxy


def _behind(kafka: Kafka, proxy: Proxy) -> Shop:
    made = shop(kafka, settings=AssembleSettings(batch_window_s=0.02, batch_max=20))
    settings = made.kafka_settings.model_copy(update={"bootstrap_servers": proxy.bootstrap})
    return replace(made, kafka_settings=settings)


def _unclear(kept: str) -> float:
    return REGISTRY.get_sample_value("pipeline_unclear_commits_total", {"kept": kept}) or 0.0


def _buy(made: Shop, count: int = 1, first: int = 0) -> None:
    for guest in GUESTS:
        made.publish(*buys(guest, count, first=first))


@pytest.mark.slow
def test_a_commit_without_a_verdict_is_asked_about(kafka: Kafka, proxy: Proxy) -> None:
    """Of two workers one hears no answer to what was kept, of the other nothing arrived."""
    kept, lost = _behind(kafka, proxy), _behind(kafka, proxy)
    before = {word: _unclear(word) for word in ("true", "false")}
    with kept.working(), lost.working():
        faults = {
            "true": proxy.lose_answers(Api.END_TXN, kept.application.encode()),
            "false": proxy.lose(Api.END_TXN, lost.application.encode()),
        }

        def judged(word: str) -> bool:
            if _unclear(word) > before[word]:
                faults[word].end()
                return True
            return False

        _buy(kept)
        _buy(lost)
        until(lambda: sum(judged(word) for word in faults) == len(faults))
        kept.wait_until_read()
        lost.wait_until_read()

    assert all(fault.met.is_set() for fault in faults.values())
    check(kept, GUESTS, 1)
    check(lost, GUESTS, 1)


@pytest.mark.slow
def test_a_broker_that_takes_seconds_for_an_answer_is_waited_for(
    kafka: Kafka, proxy: Proxy
) -> None:
    """Late is not lost: nothing is given up that is under way, and the pace returns."""
    made = _behind(kafka, proxy)
    with made.working() as worker:
        _buy(made)
        proxy.delay_s = 2.0
        _buy(made, first=1)
        time.sleep(4)
        assert worker.alive()
        proxy.delay_s = 0.0
        _buy(made, first=2)
        made.wait_until_read()
        assert worker.ready()

    check(made, GUESTS, 3)


@pytest.mark.slow
def test_connections_that_are_cut_in_the_middle_cost_nothing(kafka: Kafka, proxy: Proxy) -> None:
    """The leader and both coordinators go away within a commit, and come back."""
    at_once = AssembleSettings(batch_window_s=0.5)
    made = replace(_behind(kafka, proxy), settings=at_once)
    _buy(made)
    held = proxy.hold(Api.END_TXN, made.application.encode())
    with made.working():
        assert held.met.wait(20)
        with proxy.away():
            held.end()
            time.sleep(1)
        made.wait_until_read()

    check(made, GUESTS, 1)
