"""The assembler on a broker whose disk is full."""

from pathlib import Path

import pytest

from pipeline.config import AssembleSettings
from pipeline.errors import FatalKafkaError
from tests.components.kafka import running
from tests.kafka.assembling import Shop, shop, until
from tests.kafka.buying import buys, check

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

GUESTS = [f"guest-{number}" for number in range(20)]


@pytest.mark.usefixtures("kafka")
def test_a_full_disk_costs_nothing(tmp_path: Path) -> None:
    """Kafka refuses in the middle of a transaction, and ends; with room it is made again."""
    with running() as kafka:
        made = shop(kafka, partitions=1, settings=AssembleSettings(batch_max=20))
        _buy(made, 1)
        with made.working():
            made.wait_until_read()
        _buy(made, 8, first=1)
        kafka.fill_disk(room_bytes=20_000)
        child = made.child("one", tmp_path)
        until(lambda: not kafka.is_running())
        assert child.running() or child.wait(1) == FatalKafkaError.exit_code, child.tail()
        child.kill()
        kafka.start()
        assert made.unread() > 0
        with made.working():
            made.wait_until_read()

        check(made, GUESTS, 9)


def _buy(made: Shop, count: int, first: int = 0) -> None:
    for guest in GUESTS:
        made.publish(*buys(guest, count, first=first))
