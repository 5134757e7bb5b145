"""A short torture; ``make torture`` runs longer ones."""

import pytest

from tests.components.kafka import Kafka
from tests.torture.torture import torture

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(900)]


def test_three_rounds_of_faults_lose_double_and_reorder_nothing(kafka: Kafka) -> None:
    """Whatever dies or freezes: each order arrives, in order, and repeats are marked."""
    assert torture(rounds=3, seed=7)["requests"]
