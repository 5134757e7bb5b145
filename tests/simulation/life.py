"""The life of one simulated world: faults, then calm, then the comparison."""

from collections.abc import Mapping
from typing import Final

from pipeline.assemble.log import Input
from tests.simulation.acts import beat, step
from tests.simulation.customers import WAITS_S
from tests.simulation.remake import refuse_another_topic
from tests.simulation.verifier import Violation
from tests.simulation.world import Mechanisms, World

STEPS: Final = 250
_ROUNDS_MAX: Final = 500
_QUIET: Final = 30
"""Rounds without a change after which nothing more is expected."""


def world_of(seed: int, mechanisms: Mechanisms | None = None) -> World:
    """Make the world of a seed."""
    return World(seed, step, mechanisms or Mechanisms())


def live(world: World) -> None:
    """Live through the faults, let everything drain, and compare.

    Raises:
        Violation: A promise was broken.
    """
    for _ in range(STEPS):
        step(world)
        world.verifier.check()
    _calm_down(world)
    _drain(world)
    world.clock.moves(WAITS_S)
    _drain(world)
    world.verifier.check_drained()
    _compare_states(world)
    _begin_anew(world)
    _compare_states(world)
    refuse_another_topic(world)


def _calm_down(world: World) -> None:
    """End every fault, and make sure that somebody works."""
    world.note("calm")
    world.is_calm = True
    world.broker.is_down = world.customers.registry_is_down = False
    world.customers.let_go()
    _settle(world)
    names: set[str] = set()
    for one in list(world.instances):
        if one.name in names:
            world.kill(one)
        names.add(one.name)
    if not world.instances:
        world.add("w0")


def _drain(world: World) -> None:
    """Turn everybody until nothing moves any more.

    Raises:
        Violation: It goes on for too long.
    """
    quiet = 0
    for _ in range(_ROUNDS_MAX):
        before = _progress(world)
        world.broker.tick()
        beat(world)
        for one in list(world.instances):
            world.turn(one)
        _settle(world)
        world.clock.moves(0.3)
        world.verifier.check()
        quiet = quiet + 1 if _rests(world) and _progress(world) == before else 0
        if quiet > _QUIET:
            return
    raise Violation("it does not come to rest")


def _settle(world: World) -> None:
    world.broker.deliver_all()
    world.broker.transactions.settle()


def _rests(world: World) -> bool:
    return world.broker.group.is_stable and all(one.worker.ready() for one in world.instances)


def _progress(world: World) -> tuple[int, int]:
    return len(world.broker.transactions.committed), world.broker.group.generation


def _compare_states(world: World) -> None:
    """Workers must remember exactly what the core owes.

    Raises:
        Violation: One does not.
    """
    seen: list[int] = []
    for one in world.instances:
        for number, partition in one.partitions.items():
            seen.append(number)
            _check_read(world, number, partition.positions)
            if dict(partition.store) != world.verifier.accounts[number].states():
                raise Violation(f"{one.name} remembers partition {number} wrongly")
    if sorted(seen) != list(world.broker.numbers):
        raise Violation(f"of {world.broker.numbers}, {seen} are at work")


def _check_read(world: World, number: int, positions: Mapping[str, int]) -> None:
    """A timer fires once everything is read: also what is no record must be behind us."""
    for topic in world.broker.topics.commerce:
        end = world.broker.logs[Input(topic, number)].stable_end
        if positions[topic] != end:
            raise Violation(f"{topic}/{number} ends at {end}, and was read to {positions[topic]}")


def _begin_anew(world: World) -> None:
    """Let one new worker read everything back from compacted states."""
    for one in list(world.instances):
        world.kill(one)
    for _ in world.broker.numbers:
        world.broker.compact(world.rng)
    world.clock.moves(30)
    world.add("anew")
    _drain(world)
