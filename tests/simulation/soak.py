"""Runs many seeds: ``python -m tests.simulation.soak --seeds 10000 [--seed 1]``."""

import argparse
import logging
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

import structlog

from pipeline.errors import PipelineError
from tests.simulation.faults import mixture
from tests.simulation.life import live, world_of
from tests.simulation.setting import draw
from tests.simulation.verifier import Violation
from tests.simulation.world import Mechanisms, World


class Failed(AssertionError):  # noqa: N818 — it is what it says
    """A seed broke a promise."""


@contextmanager
def silent() -> Iterator[None]:
    """Let workers log nothing."""
    before = structlog.get_config()
    quiet = structlog.make_filtering_bound_logger(logging.CRITICAL)
    structlog.configure(wrapper_class=quiet, cache_logger_on_first_use=False)
    try:
        yield
    finally:
        structlog.configure(**before)


def play(seed: int, mechanisms: Mechanisms | None = None) -> World:
    """Live one seed through.

    Raises:
        Failed: Something went wrong; the message says how to see it again.
    """
    world = world_of(seed, mechanisms)
    try:
        live(world)
    except Exception as error:
        raise Failed(
            f"seed {seed}: {type(error).__name__}: {error}\n"
            f"python -m tests.simulation.soak --seed {seed}"
        ) from error
    return world


def hunt(mechanisms: Mechanisms, *, within_s: float) -> int | None:
    """Play seeds until one breaks a promise, and name it; None: none has in so much CPU time."""
    give_up_at = time.process_time() + within_s
    seed = -1
    while time.process_time() < give_up_at:
        seed += 1
        rng = Random(seed)
        if not mechanisms.matters(draw(rng), mixture(rng)):
            continue
        try:
            play(seed, mechanisms)
        except Failed as failed:
            if isinstance(failed.__cause__, (Violation, PipelineError)):
                return seed
            raise
    return None


def told(world: World) -> Iterator[str]:
    """A world's journal, line by line."""
    for at, depth, *details in world.journal:
        assert isinstance(depth, int)
        yield f"{at:>12} {'    ' * depth}{' '.join(str(detail) for detail in details)}"


def _replay(seed: int) -> int:
    world = world_of(seed)
    try:
        live(world)
    except Exception:  # noqa: BLE001 — whatever it is, it is shown
        print("\n".join(told(world)))
        traceback.print_exc()
        return 1
    print("\n".join(told(world)))
    return 0


def _soak(seeds: int) -> int:
    began = time.perf_counter()
    failed = 0
    for seed in range(seeds):
        try:
            play(seed)
        except Failed as error:
            failed += 1
            print(error, flush=True)
        if (seed + 1) % 500 == 0:
            rate = (seed + 1) / (time.perf_counter() - began)
            print(f"{seed + 1} seeds, {failed} failed, {rate:.1f} a second", flush=True)
    return min(failed, 1)


def main() -> int:
    """Run what was asked for, and say how it went."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000, help="how many")
    parser.add_argument("--seed", type=int, help="only this one, with its journal")
    asked = parser.parse_args()
    with silent():
        return _soak(asked.seeds) if asked.seed is None else _replay(asked.seed)


if __name__ == "__main__":
    sys.exit(main())
