"""Leaving the group while a rebalance is under way, or with nothing to give up."""

from contextlib import ExitStack

import pytest

from pipeline.config import KafkaSettings
from tests.components.kafka import Kafka
from tests.kafka.assembling import shop
from tests.kafka.delivering import Delivering, until
from tests.kafka.destination import Destination
from tests.unit.deliver.views import view

pytestmark = pytest.mark.kafka


@pytest.mark.parametrize(
    ("protocol", "static", "left"),
    [("classic", False, 1), ("consumer", False, 1), ("classic", True, 2)],
)
def test_a_worker_without_partitions_is_heard_to_leave(
    kafka: Kafka, protocol: str, static: bool, left: int
) -> None:
    """Else the next rebalance waits until its session is over; a static one is to come back."""
    settings = KafkaSettings.model_validate(
        {
            "bootstrap_servers": kafka.bootstrap,
            "group_protocol": protocol,
            "static_membership": static,
        }
    )
    made = shop(kafka, partitions=1, kafka_settings=settings)
    with made.working("stays"):
        with made.working("goes"):
            assert made.members() == 2

        assert made.members() == left


@pytest.mark.parametrize("stops", ["gives", "takes"])
def test_a_worker_that_stops_in_a_rebalance_holds_up_nobody(kafka: Kafka, stops: str) -> None:
    """One gives up partitions for another; either is gone before they have changed hands."""
    views = [view(f"g{number % 40}", number) for number in range(400)]
    with Destination(answer_s=0.01) as destination, ExitStack() as end:
        delivering = Delivering(kafka, destination.address, member_session_s=60)
        running = {name: end.enter_context(ExitStack()) for name in ("gives", "takes")}
        for one in running.values():
            until(one.enter_context(delivering.worker()).ready)
        delivering.owe(views)
        until(lambda: len(destination.taken) > 40)
        running[stops].close()

        until(lambda: len(destination.taken) >= len(views), timeout_s=30)
        assert len(destination.taken) == len(views)
        assert not any(event.possible_repeat for event in destination.taken)
