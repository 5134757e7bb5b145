"""Each mechanism that keeps a promise is missed when it is missing."""

from collections.abc import Iterator
from typing import Any, Final

import pytest

from tests.simulation import mutants as of_assembler
from tests.simulation import soak as assembler
from tests.simulation.playing import Simulation, silent
from tests.simulation_deliver import mutants as of_deliverer
from tests.simulation_deliver import soak as deliverer

FOUND_S: Final = 10.0

_LACKING: Final[dict[str, Simulation[Any]]] = {
    f"assembler: {missing}": assembler.simulation(mechanisms)
    for missing, mechanisms in of_assembler.MUTANTS.items()
} | {
    f"deliverer: {missing}": deliverer.simulation(mechanisms)
    for missing, mechanisms in of_deliverer.MUTANTS.items()
}


@pytest.fixture(autouse=True)
def _silent() -> Iterator[None]:
    with silent():
        yield


@pytest.mark.parametrize("missing", _LACKING)
def test_a_missing_mechanism_is_found(missing: str) -> None:
    """What nothing notices, nothing keeps from breaking."""
    assert _LACKING[missing].hunt(within_s=FOUND_S) is not None
