"""What is counted: names, labels and words that dashboards and people rely on."""

import re
import subprocess
import sys
from typing import Any

import pytest
from prometheus_client.metrics import MetricWrapperBase

from pipeline import metrics
from pipeline.metrics import assemble, deliver, label_of, transactions
from pipeline.metrics.durations import Durations
from pipeline.metrics.tally import Tally

LABELS = frozenset(
    {"topic", "partition", "outcome", "worker", "reason", "type", "kind", "code", "what", "change"}
) | {"cause", "state", "lacks", "kept"}


def defined() -> list[Any]:
    """Every metric of the program."""
    modules = (metrics, transactions, assemble, deliver)
    found = {
        id(value): value
        for module in modules
        for value in vars(module).values()
        if isinstance(value, MetricWrapperBase | Durations | Tally)
    }
    return list(found.values())


@pytest.mark.parametrize("metric", defined(), ids=lambda metric: metric._name)
def test_a_metric_is_named_and_described_as_all_are(metric: Any) -> None:
    """The prefix says whose it is, the sentence what it counts, and no label grows without end."""
    assert re.fullmatch("pipeline_[a-z]+(_[a-z]+)*", metric._name)
    assert re.fullmatch(r"[A-Z].*\.", metric._documentation)
    assert set(metric._labelnames) <= LABELS


def test_a_label_value_is_written_like_a_setting() -> None:
    """One word everywhere: `OrderPlaced` in code is `order_placed` to whoever looks."""
    assert label_of("OrderPlaced") == "order_placed"
    assert label_of("Delivered") == "delivered"


@pytest.mark.parametrize(
    ("worker", "others"),
    [
        ("assemble", "pipeline_in_flight"),
        ("deliver", "pipeline_guests"),
        ("rekey", "pipeline_guests"),
    ],
)
def test_a_worker_shows_nothing_of_the_other(worker: str, others: str) -> None:
    """A gauge of zero requests in flight, from a process that sends none, misleads."""
    code = (
        "from pipeline.app import worker; from pipeline.config import *;"
        "from prometheus_client import generate_latest;"
        "shop = PointOfSaleSettings(name='a');"
        "tenant = SitecoreSettings(client_key='k', points_of_sale=(shop,));"
        "rekey = RekeySettings(sources=('orders',), target='commerce-events');"
        f"worker({worker!r}, Settings(sitecore=tenant, rekey=rekey));"
        "print(generate_latest().decode())"
    )

    shown = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout

    assert "pipeline_build_info" in shown
    assert others not in shown
