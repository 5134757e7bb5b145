"""A real Prometheus watches an outage and a crash: every board answers, the right alerts fire."""

import random
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread

import pytest
import yaml
from confluent_kafka import Producer

from pipeline.commerce.events import CommerceEvent, Payment, PaymentReceived
from pipeline.demo.guest import DemoGuest
from pipeline.record import Instant
from pipeline.sandbox.faults import NO_FAULTS, Faults
from pipeline.sandbox.running import RunningSandbox
from pipeline.sandbox.settings import EXAMPLE_SHOP, SandboxSettings
from tests.components.kafka import Kafka
from tests.components.prometheus import Prometheus
from tests.e2e.stack import CLIENT_KEY, Stack
from tests.observability.sources import RULES, filled, names, of_dashboards

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

WORKERS = ("assemble", "deliver", "deliver:2", "rekey")
EVENTS_PER_S = 100
ALWAYS = {"PipelineDeadLetters"}
"""The shop has an order now and then for a point of sale that nobody knows."""
BOARDS_OF_REKEY = ("pipeline-consumer", "pipeline-runtime")
OF_REKEY = {
    *("Backlog, by topic", "Largest backlogs, by partition", "Records, by topic and outcome"),
    *("Partitions, by pod", "Partitions that changed hands", "Set aside, by reason"),
    *("Transactions take", "Batches", "Records written", "Bytes written", "Turns of the loop"),
}
SOONER = 60
"""Minutes of the rules become seconds here: windows, `for`, offsets, and `10 * 60`; the objective's
60 seconds become the bucket of one."""


def sooner(rules: str) -> str:
    """Rules for a test that cannot take hours."""
    per = {"m": 60, "h": 3600, "d": 86_400}

    def shorter(found: re.Match[str]) -> str:
        return f"{found[1]}{int(found[2]) * per[found[3]] // SOONER}s"

    rules = re.sub(r"(\[|for: |offset )(\d+)([mhd])\b", shorter, rules)
    rules = re.sub(r"\* 60\b", "* 1", rules)
    return re.sub(r"> 60\b", "> 1", rules).replace('le="60.0"', 'le="1.0"')


class Shop:
    """Publishes without end, until it is closed; late payments to a topic of their own."""

    def __init__(self, stack: Stack, payments: str) -> None:
        self._stack = stack
        self._payments = payments
        self._closed = Event()
        self._dice = random.Random(3)
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Publish no more."""
        self._closed.set()
        self._thread.join()

    def _run(self) -> None:
        number = 0
        while not self._closed.wait(0.5):
            events: list[CommerceEvent] = []
            while len(events) < EVENTS_PER_S / 2:
                number += 1
                events += self._visit(number)
            late = [event for event in events if isinstance(event, PaymentReceived)]
            self._stack.publish(late, to=self._payments)
            self._stack.publish([event for event in events if event not in late])

    def _visit(self, number: int) -> list[CommerceEvent]:
        """One guest buys; some never pay, some never say who they are, some shops nobody knows."""
        shop = EXAMPLE_SHOP if number % 200 else "nowhere"
        guest = DemoGuest(number, shop, self._dice, Instant(time.time_ns() // 1_000_000))
        events: list[CommerceEvent] = [guest.identify()] if number % 100 else []
        events += [guest.view(), guest.add(), guest.add()]
        card = Payment("Card", "Visa")
        order = guest.place(card if number % 3 else None)
        if shop != EXAMPLE_SHOP:
            return [order]
        return [*events, order] if number % 6 else [*events, order, guest.pay(card)]


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    """The destination."""
    with RunningSandbox(SandboxSettings(client_key=CLIENT_KEY)) as running:
        yield running


@pytest.fixture
def payments(kafka: Kafka) -> str:
    """A topic that goes through rekey; its first record cannot."""
    topic = kafka.topic("payments", partitions=2)
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "log_level": 2})
    producer.produce(topic, b"no event")
    assert producer.flush(30) == 0
    return topic


@pytest.fixture
def stack(kafka: Kafka, sandbox: RunningSandbox, payments: str, tmp_path: Path) -> Iterator[Stack]:
    """Times shortened: a killed member is missed after nine seconds, an order waits for two."""
    settings = {
        "kafka": {"session_timeout_s": 9},
        "assemble": {"payment_wait_s": 2, "identity_wait_s": 3},
        "deliver": {"request_timeout_s": 2, "lease_s": 1.5, "behaviour_age_max_s": 10},
        "sitecore": {"points_of_sale": [{"name": EXAMPLE_SHOP}]},
    }
    running = Stack(kafka, sandbox, tmp_path, settings)
    written = yaml.safe_load(running.config.read_text())
    written["rekey"] = {"sources": [payments], "target": running.commerce}
    running.config.write_text(yaml.safe_dump(written))
    yield running
    running.close()


@pytest.fixture
def prometheus(stack: Stack, tmp_path: Path, prometheus_tools: None) -> Iterator[Prometheus]:
    """It scrapes all workers, with the labels that Kubernetes would give them."""
    targets = {
        f"127.0.0.1:{stack.port(worker)}": {
            "namespace": "shop",
            "job": worker.partition(":")[0],
            "pod": worker.replace(":", "-"),
        }
        for worker in WORKERS
    }
    rules = []
    for path in RULES:
        rules.append(tmp_path / path.name)
        rules[-1].write_text(sooner(path.read_text()))
    with Prometheus(targets, rules) as running:
        yield running


def test_boards_answer_and_alerts_fire_through_an_outage_and_a_crash(
    stack: Stack, sandbox: RunningSandbox, prometheus: Prometheus, payments: str
) -> None:
    """The night for which all of this is made."""
    began = time.time()
    stack.start("assemble", "deliver", "rekey")
    shop = Shop(stack, payments)
    try:
        _until(lambda: len(sandbox.sandbox.tenant.orders) > 50, "orders arrive")
        time.sleep(6)
        assert prometheus.firing() <= ALWAYS | {"PipelineErrorBudgetBurn"}

        sandbox.sandbox.set_faults(Faults(fail_before=1))
        stack.start("deliver:2")
        late = {"PipelineDeliveryLate", "PipelineErrorBudgetBurn", "PipelineBacklogGrowing"}
        _until(lambda: late <= prometheus.firing(), f"{late} fire")

        stack.kill("deliver", "deliver:2")
        _until(lambda: "PipelineAbsent" in prometheus.firing(), "the absence is noticed")
    finally:
        shop.close()
    sandbox.sandbox.set_faults(NO_FAULTS)
    stack.start("deliver", "deliver:2")
    _until(lambda: _is_over(prometheus), "all is well")

    silent = [
        f"{one.by}: {one.query}"
        for one in of_dashboards()
        if not _answers(prometheus, one.query, began)
    ]
    assert not silent, "\n".join(silent)
    assert_rekey_is_shown(stack, prometheus, began)
    never = {"PipelineRecordsExpired", "PipelineStateGrowing", "PipelineOrdersStuckWaiting"}
    assert not never & _fired(prometheus)


def assert_rekey_is_shown(stack: Stack, prometheus: Prometheus, began: float) -> None:
    """Where it alone is chosen, every panel of its boards about what it counts answers."""
    counted = set(re.findall(r"^(\w+)[{ ]", stack.metrics("rekey").decode(), re.M))
    asked = [
        one
        for one in of_dashboards()
        if one.by.startswith(BOARDS_OF_REKEY) and names(one.query) <= counted
    ]
    silent = [one for one in asked if not _answers(prometheus, one.query, began, job="rekey")]

    assert not silent
    assert {f"pipeline-consumer: {title}" for title in OF_REKEY} <= {one.by for one in asked}


def _is_over(prometheus: Prometheus) -> bool:
    """Whether both workers are back, and nothing is left to be done."""
    workers, to_do = (
        prometheus.ask("pipeline_build_info"),
        prometheus.ask("pipeline_backlog_records > 0"),
    )
    late = {"PipelineAbsent", "PipelineDeliveryLate", "PipelineBacklogGrowing"}
    return len(workers) == len(WORKERS) and not to_do and not prometheus.firing() & late


def _answers(prometheus: Prometheus, query: str, began: float, **chosen: str) -> bool:
    """Whether a panel that shows the whole run shows a number somewhere."""
    asked = filled(query, __rate_interval="5s", __range="60s", **chosen)
    found = prometheus.ask_range(asked, start=began, end=time.time(), step_s=1)
    return any(value != "NaN" for series in found for _, value in series["values"])


def _fired(prometheus: Prometheus) -> set[str]:
    found = prometheus.ask(
        'group by (alertname) (last_over_time(ALERTS{alertstate="firing"}[10m]))'
    )
    return {one["metric"]["alertname"] for one in found}


def _until(done: Callable[[], bool], what: str) -> None:
    give_up_at = time.monotonic() + 90
    while not done():
        assert time.monotonic() < give_up_at, f"it did not come about that {what}"
        time.sleep(0.2)
