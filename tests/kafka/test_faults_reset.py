"""A reset that is killed half-way: what it leaves starts nothing, and it can be done again."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.config import DeliverSettings, Settings, show
from pipeline.errors import StateError
from tests.components.kafka import Kafka
from tests.components.process import Child
from tests.components.proxy import Api
from tests.kafka.assembling import Shop, shop
from tests.kafka.buying import buys, check

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

GUESTS = ["ann", "ben", "cleo"]


def test_a_reset_that_is_killed_can_be_done_again(kafka: Kafka, tmp_path: Path) -> None:
    """At each step something is missing, and nobody takes it for the whole."""
    made = shop(kafka)
    deliveries = kafka.topic("deliveries", made.partitions, {"cleanup.policy": "compact"})
    made = replace(made, topics=made.topics.model_copy(update={"deliveries": deliveries}))
    for guest in GUESTS:
        made.publish(*buys(guest, 2))
    with made.working():
        made.wait_until_read()

    with kafka.proxied() as proxy:
        for step in (Api.DELETE_RECORDS, Api.END_TXN, Api.TXN_OFFSET_COMMIT):
            lost = proxy.lose(step)
            child = _reset(made, proxy.bootstrap, tmp_path)
            assert lost.met.wait(30), child.tail()
            child.kill()
            lost.end()
            if step is not Api.TXN_OFFSET_COMMIT:
                with pytest.raises(StateError, match="no offsets"), made.working():
                    pass
        child = _reset(made, proxy.bootstrap, tmp_path)
        assert child.wait(60) == 0, child.tail()

    assert made.owed() == []
    with made.working():
        made.wait_until_read()
    check(made, GUESTS, 2)


def _reset(made: Shop, bootstrap: str, folder: Path) -> Child:
    """Run the command in a process of its own."""
    settings = Settings(
        application=made.application,
        kafka=made.kafka_settings.model_copy(update={"bootstrap_servers": bootstrap}),
        topics=made.topics,
        deliver=DeliverSettings(lease_s=0.1, request_timeout_s=0.1),
    )
    file = folder / "settings.yaml"
    file.write_text(show(settings))
    command = [sys.executable, "-m", "pipeline", "--config", str(file)]
    return Child([*command, "reset", "--to", "earliest", "--yes"], log=folder / "reset.txt")
