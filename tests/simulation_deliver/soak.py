"""Runs many seeds: ``python -m tests.simulation_deliver.soak --seeds 10000 [--seed 1]``."""

import sys
from collections.abc import Iterator
from random import Random

from tests.simulation.playing import Simulation, run
from tests.simulation_deliver.faults import mixture
from tests.simulation_deliver.life import live, world_of
from tests.simulation_deliver.setting import draw
from tests.simulation_deliver.world import Mechanisms, World


def simulation(mechanisms: Mechanisms | None = None) -> Simulation[World]:
    """The deliverer, with everything that it has but for what *mechanisms* takes away."""
    used = mechanisms or Mechanisms()

    def matters(seed: int) -> bool:
        rng = Random(seed)
        return used.matters(draw(rng), mixture(rng))

    return Simulation(
        "tests.simulation_deliver.soak",
        begin=lambda seed: world_of(seed, used),
        live=live,
        told=_told,
        matters=matters,
    )


def _told(world: World) -> Iterator[str]:
    for at, *details in world.journal:
        yield f"{at:>12.4f} {' '.join(str(detail) for detail in details)}"


if __name__ == "__main__":
    sys.exit(run(simulation()))
