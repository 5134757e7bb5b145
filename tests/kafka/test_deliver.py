"""Deliver on a real broker: order, restarts, kills, rebalances, outages."""

import random
import signal
from collections import defaultdict
from pathlib import Path

import pytest

from tests.components.kafka import Kafka
from tests.kafka.delivering import Delivering, until
from tests.kafka.destination import Destination, Taken
from tests.unit.deliver.views import browser_of, view

pytestmark = pytest.mark.kafka

GUESTS = 40
VIEWS = [view(f"g{i % GUESTS}", i) for i in range(400)]


def firsts(taken: list[Taken]) -> dict[str, list[int]]:
    """First acceptances by browser id, in order."""
    found: dict[str, list[int]] = defaultdict(list)
    for event in taken:
        if int(event.page) not in found[event.browser_id]:
            found[event.browser_id].append(int(event.page))
    return found


def assert_all_in_order(destination: Destination) -> None:
    """Every view was taken, and each guest's in the order in which they were owed."""
    found = firsts(destination.taken)
    for guest in range(GUESTS):
        assert found[browser_of(f"g{guest}")] == list(range(guest, len(VIEWS), GUESTS))


def test_each_guest_is_served_in_order_and_everything_is_committed(kafka: Kafka) -> None:
    """The plain case, and the measure of all others."""
    with Destination() as destination:
        delivering = Delivering(kafka, destination.address)
        delivering.owe(VIEWS)

        with delivering.worker() as worker:
            until(lambda: len(destination.taken) >= len(VIEWS))
            until(worker.ready)
            assert worker.alive()

        assert_all_in_order(destination)
        assert len(destination.taken) == len(VIEWS)
        committed = delivering.committed()
        assert sum(at.offset for at in committed) == len(VIEWS)
        assert {at.metadata for at in committed} == {"released"}


def test_a_clean_restart_repeats_and_marks_nothing(kafka: Kafka) -> None:
    """What was acknowledged is known, and nothing was under way."""
    with Destination(answer_s=0.02) as destination:
        delivering = Delivering(kafka, destination.address, in_flight_max=8)
        delivering.owe(VIEWS)
        for share in (100, 200, 300):
            with delivering.worker():
                until(lambda share=share: len(destination.taken) >= share)  # type: ignore[misc]
        with delivering.worker():
            until(lambda: len(destination.taken) >= len(VIEWS))

        assert_all_in_order(destination)
        assert len(destination.taken) == len(VIEWS)
        assert not any(event.possible_repeat for event in destination.taken)


@pytest.mark.slow
def test_kills_repeat_no_more_than_was_in_flight_and_mark_it(kafka: Kafka, tmp_path: Path) -> None:
    """Signal 9 at random moments: nothing is lost, nothing overtakes."""
    kills, in_flight_max = 3, 8
    dice = random.Random(7)
    with Destination(answer_s=0.02) as destination:
        delivering = Delivering(kafka, destination.address, in_flight_max=in_flight_max)
        delivering.owe(VIEWS)
        for _ in range(kills):
            before = len(destination.taken)
            child = delivering.process(tmp_path / "member.log")
            moment = before + dice.randrange(20, 100)
            until(lambda moment=moment: len(destination.taken) >= moment)  # type: ignore[misc]
            child.kill()
        with delivering.worker():
            until(lambda: len({event.page for event in destination.taken}) == len(VIEWS))

        assert_all_in_order(destination)
        assert len(destination.taken) - len(VIEWS) <= kills * in_flight_max
        seen: set[str] = set()
        for event in destination.taken:
            assert event.possible_repeat or event.page not in seen
            seen.add(event.page)


@pytest.mark.slow
def test_a_rebalance_moves_partitions_without_loss_or_repeat(kafka: Kafka, tmp_path: Path) -> None:
    """A second worker comes and goes while the first is busy."""
    log = tmp_path / "second.log"
    with Destination(answer_s=0.2) as destination:
        delivering = Delivering(kafka, destination.address, in_flight_max=4)
        delivering.owe(VIEWS)
        with delivering.worker():
            until(lambda: len(destination.taken) >= 10)
            second = delivering.process(log)
            until(lambda: log.exists() and "partition.restored" in log.read_text())
            moment = len(destination.taken) + 50
            until(lambda: len(destination.taken) >= moment)
            second.signal(signal.SIGTERM)
            assert second.wait(30) == 0
            assert len(destination.taken) < len(VIEWS)
            until(lambda: len(destination.taken) >= len(VIEWS))

        assert_all_in_order(destination)
        assert len(destination.taken) == len(VIEWS)
        assert not any(event.possible_repeat for event in destination.taken)


@pytest.mark.slow
def test_a_worker_that_was_frozen_sends_nothing_of_what_another_has(
    kafka: Kafka, tmp_path: Path
) -> None:
    """It wakes long after its partitions have gone, and does not know."""
    with Destination(answer_s=0.05) as destination:
        delivering = Delivering(kafka, destination.address, in_flight_max=2)
        delivering.owe(VIEWS)
        frozen = delivering.process(tmp_path / "frozen.log")
        until(lambda: len(destination.taken) >= 20)
        frozen.signal(signal.SIGSTOP)
        with delivering.worker():
            until(lambda: len({event.page for event in destination.taken}) == len(VIEWS))
            before = destination.requests
            frozen.signal(signal.SIGCONT)
            frozen.signal(signal.SIGTERM)
            assert frozen.wait(30) == 0

        assert destination.requests == before
        assert_all_in_order(destination)
        assert len(destination.taken) - len(VIEWS) <= 2


def test_an_outage_sets_nothing_aside_and_ends_by_itself(kafka: Kafka) -> None:
    """Everything arrives in order afterwards."""
    with Destination() as destination:
        delivering = Delivering(kafka, destination.address, backoff_first_s=0.05)
        delivering.owe(VIEWS)
        destination.say = lambda _: 502 if destination.requests > 100 else 201
        with delivering.worker():
            until(lambda: destination.requests > 103)
            destination.say = lambda _: 201
            until(lambda: len(destination.taken) >= len(VIEWS))

        assert_all_in_order(destination)
        assert len(destination.taken) == len(VIEWS)


def test_a_throttling_destination_is_not_run_over(kafka: Kafka) -> None:
    """After a 429 everything pauses; nothing is lost or overtakes."""
    with Destination() as destination:
        delivering = Delivering(kafka, destination.address, in_flight_max=8)
        delivering.owe(VIEWS)
        destination.say = lambda _: 429 if 100 < destination.requests <= 104 else 201
        with delivering.worker():
            until(lambda: len(destination.taken) >= len(VIEWS))

        assert_all_in_order(destination)
        assert destination.requests < len(VIEWS) + 16
