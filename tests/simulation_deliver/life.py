"""The life of one simulated world: trouble, then calm, then a beginning anew."""

import math
from typing import Final

from pipeline.assemble.log import Input
from pipeline.record import DAY_S
from tests.simulation.verifier import Violation
from tests.simulation_deliver.acts import begin, recover
from tests.simulation_deliver.shop import STREAM
from tests.simulation_deliver.world import Mechanisms, World

_STEPS_MAX: Final = 300_000
_CALM_S: Final = 3_000.0
"""Longest time until everything has drained: pauses, backoffs and slow paces included."""
_REST_S: Final = 3.0
_FORGOTTEN_S: Final = 8 * DAY_S


def world_of(seed: int, mechanisms: Mechanisms | None = None) -> World:
    """Make the world of a seed."""
    return World(seed, mechanisms or Mechanisms())


def live(world: World) -> None:
    """Live through the trouble, let everything drain, and begin anew.

    Raises:
        Violation: A promise was broken.
    """
    try:
        begin(world)
        _pass(world, world.setting.trouble_s)
        _calm_down(world)
        _drain(world)
        _pass(world, _REST_S)
        _begin_anew(world)
    finally:
        world.end()


def _drain(world: World) -> None:
    give_up_at = world.schedule.now + _CALM_S
    while not world.verifier.is_drained():
        if world.schedule.now > give_up_at:
            raise Violation("it does not drain")
        _step(world)


def _pass(world: World, seconds: float) -> None:
    until = world.schedule.now + seconds
    while world.schedule.now < until:
        _step(world)


def _step(world: World) -> None:
    world.steps += 1
    if world.steps > _STEPS_MAX:
        raise Violation("it does not come to rest")
    world.step()


def _calm_down(world: World) -> None:
    """End every fault, and make sure that somebody works."""
    world.note("CALM")
    world.is_calm = True
    world.destination.recovers()
    recover(world)
    for one in world.processes:
        one.stands_still(-math.inf, one.loop_thread, one.kafka_thread, one.client)
    world.add("w9")


def _begin_anew(world: World) -> None:
    """Everybody rests until Kafka has forgotten the group's offsets; nothing is said twice.

    Raises:
        Violation: Somebody does, or it takes too long.
    """
    for one in world.processes:
        world.kill(one)
    for number in world.broker.numbers:
        world.broker.compact(world.rng)
        world.broker.transactions.offsets.pop(Input(STREAM, number), None)
    world.schedule.moves_to(world.schedule.now + _FORGOTTEN_S)
    world.add("anew")
    give_up_at = world.schedule.now + _CALM_S
    while not _is_all_committed(world):
        if world.schedule.now > give_up_at:
            raise Violation("it does not begin anew")
        _step(world)


def _is_all_committed(world: World) -> bool:
    broker = world.broker
    for number in broker.numbers:
        at = Input(STREAM, number)
        committed = broker.committed(at)
        if committed is None or committed.offset < broker.logs[at].end:
            return False
    return True
