"""Each mechanism of the deliverer that keeps a promise is missed when it is missing."""

from collections.abc import Iterator
from typing import Final

import pytest

from tests.simulation.playing import silent
from tests.simulation_deliver.mutants import MUTANTS
from tests.simulation_deliver.soak import simulation

FOUND_S: Final = 10.0


@pytest.fixture(autouse=True)
def _silent() -> Iterator[None]:
    with silent():
        yield


@pytest.mark.parametrize("missing", MUTANTS)
def test_a_missing_mechanism_is_found(missing: str) -> None:
    """What nothing notices, nothing keeps from breaking."""
    assert simulation(MUTANTS[missing]).hunt(within_s=FOUND_S) is not None
