"""Runs many seeds: ``python -m tests.simulation.soak --seeds 10000 [--seed 1]``."""

import sys
from collections.abc import Iterator
from random import Random

from tests.simulation.faults import mixture
from tests.simulation.life import live, world_of
from tests.simulation.playing import Simulation, run
from tests.simulation.setting import draw
from tests.simulation.world import Mechanisms, World


def simulation(mechanisms: Mechanisms | None = None) -> Simulation[World]:
    """The assembler, with these *mechanisms* in place of its own."""
    used = mechanisms or Mechanisms()

    def matters(seed: int) -> bool:
        rng = Random(seed)
        return used.matters(draw(rng), mixture(rng))

    return Simulation(
        "tests.simulation.soak",
        begin=lambda seed: world_of(seed, used),
        live=live,
        told=_told,
        matters=matters,
    )


def _told(world: World) -> Iterator[str]:
    for at, depth, *details in world.journal:
        assert isinstance(depth, int)
        yield f"{at:>12} {'    ' * depth}{' '.join(str(detail) for detail in details)}"


if __name__ == "__main__":
    sys.exit(run(simulation()))
