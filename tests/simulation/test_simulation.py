"""The promises of both workers hold whatever goes wrong, in whatever order."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest

from tests.simulation import soak as assembler
from tests.simulation.playing import Simulation, silent
from tests.simulation_deliver import soak as deliverer

SEEDS: Final = int(os.environ.get("SIMULATION_SEEDS", "1000"))
_SHARES: Final = 10

both = pytest.mark.parametrize(
    "simulation",
    [
        pytest.param(assembler.simulation, id="assembler"),
        pytest.param(deliverer.simulation, id="deliverer"),
    ],
)


@pytest.fixture(autouse=True)
def _silent() -> Iterator[None]:
    with silent():
        yield


@both
@pytest.mark.parametrize("share", range(_SHARES))
def test_promises_hold_under_any_fault(
    simulation: Callable[[], Simulation[Any]], share: int
) -> None:
    """A seed that fails is named; played again it does exactly the same."""
    played = simulation()
    for seed in range(share, SEEDS, _SHARES):
        played.play(seed)


@both
def test_a_seed_replays_exactly(simulation: Callable[[], Simulation[Any]]) -> None:
    """Otherwise a failure could not be looked at; Python's own hashing must not matter either."""
    replay = [sys.executable, "-m", simulation().module, "--seed", "7"]

    journals = [
        subprocess.run(
            replay, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    ]

    assert len(journals[0]) > 10_000
    assert journals[0] == journals[1]
