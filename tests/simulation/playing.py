"""Plays seeds of any simulation: each is a world of its own, the same every time."""

import argparse
import logging
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

import structlog

from pipeline.errors import PipelineError
from tests.simulation.verifier import Violation

World = TypeVar("World")


class Failed(AssertionError):  # noqa: N818 — it is what it says
    """A seed broke a promise."""


@dataclass(frozen=True, slots=True)
class Simulation(Generic[World]):
    """Worlds, by seed."""

    module: str
    """What to run to see a seed again."""
    begin: Callable[[int], World]
    live: Callable[[World], None]
    told: Callable[[World], Iterator[str]]
    """A world's journal, line by line."""
    matters: Callable[[int], bool]
    """Whether a world can miss what was taken away from it."""

    def play(self, seed: int) -> World:
        """Live one seed through.

        Raises:
            Failed: Something went wrong; the message says how to see it again.
        """
        world = self.begin(seed)
        try:
            self.live(world)
        except Exception as error:
            raise Failed(
                f"seed {seed}: {type(error).__name__}: {error}\n"
                f"python -m {self.module} --seed {seed}"
            ) from error
        return world

    def hunt(self, *, within_s: float) -> int | None:
        """Play seeds until one breaks a promise; None: none has in so much CPU time."""
        give_up_at = time.process_time() + within_s
        seed = -1
        while time.process_time() < give_up_at:
            seed += 1
            if not self.matters(seed):
                continue
            try:
                self.play(seed)
            except Failed as failed:
                if isinstance(failed.__cause__, (Violation, PipelineError)):
                    return seed
                raise
        return None

    def replay(self, seed: int) -> int:
        """Play one seed, and show its journal."""
        world = self.begin(seed)
        try:
            self.live(world)
        except Exception:  # noqa: BLE001 — whatever it is, it is shown
            print("\n".join(self.told(world)))
            traceback.print_exc()
            return 1
        print("\n".join(self.told(world)))
        return 0

    def soak(self, seeds: int) -> int:
        """Play many seeds, and name those that fail."""
        began = time.perf_counter()
        failed = 0
        for seed in range(seeds):
            try:
                self.play(seed)
            except Failed as error:
                failed += 1
                print(error, flush=True)
            if (seed + 1) % 500 == 0:
                rate = (seed + 1) / (time.perf_counter() - began)
                print(f"{seed + 1} seeds, {failed} failed, {rate:.1f} a second", flush=True)
        return min(failed, 1)


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


def run(simulation: Simulation[World]) -> int:
    """Run what was asked for on the command line, and say how it went."""
    parser = argparse.ArgumentParser(prog=f"python -m {simulation.module}")
    parser.add_argument("--seeds", type=int, default=1000, help="how many")
    parser.add_argument("--seed", type=int, help="only this one, with its journal")
    asked = parser.parse_args()
    with silent():
        if asked.seed is None:
            return simulation.soak(asked.seeds)
        return simulation.replay(asked.seed)
