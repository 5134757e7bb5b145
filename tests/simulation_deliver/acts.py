"""What may happen next besides what processes do by themselves, and how often."""

from collections.abc import Callable
from typing import Final

from tests.simulation_deliver.answers import SPELLS
from tests.simulation_deliver.process import Process
from tests.simulation_deliver.world import World

PROCESSES_MAX: Final = 3
_EVERY_S: Final = 0.25
_PUBLISHES: Final = 0.5
_STILL_S: Final = (0.5, 2.0, 3.0, 5.0, 8.0, 14.0)


def begin(world: World) -> None:
    """Let things happen from now on, until it is calm."""
    if world.rng.random() < 0.5:
        world.publish(world.rng.randint(1, 12))
    _act(world)


def _act(world: World) -> None:
    if world.is_calm:
        return
    world.schedule.after(_EVERY_S, lambda: _act(world))
    publishes = world.schedule.now < world.setting.trouble_s * world.setting.publishing
    if publishes and world.rng.random() < _PUBLISHES:
        world.publish(world.rng.choice((1, 1, 2, 3, 6)))
    for fault, act in _FAULTS:
        if world.strikes(fault):
            world.note("FAULT", fault)
            act(world)


def _any(world: World) -> Process | None:
    return world.rng.choice(world.processes) if world.processes else None


def _freeze(world: World) -> None:
    if one := _any(world):
        seconds = world.rng.choice(_STILL_S)
        one.stands_still(seconds, one.loop_thread, one.kafka_thread, one.client)


def _loop_stall(world: World) -> None:
    if one := _any(world):
        one.stands_still(world.rng.choice(_STILL_S), one.loop_thread)


def _kafka_stall(world: World) -> None:
    if one := _any(world):
        one.stands_still(world.rng.choice(_STILL_S), one.kafka_thread)


def _kill(world: World) -> None:
    if one := _any(world):
        world.kill(one)
        world.schedule.after(world.rng.choice((0.1, 1.0, 8.0)), lambda: world.add(one.place))


def _stop(world: World) -> None:
    if one := _any(world):
        world.note("stops", one.name)
        one.stop()
        if world.rng.random() < 0.7:
            world.schedule.after(world.rng.choice((3.0, 8.0)), lambda: world.add(one.place))


def _add(world: World) -> None:
    if len(world.processes) < PROCESSES_MAX:
        world.add(f"w{world.rng.randint(0, 4)}")


def _rebalance(world: World) -> None:
    world.broker.group.unsettle()


def _outage(world: World) -> None:
    world.broker.is_down = True
    world.schedule.after(world.rng.choice((0.3, 1.0, 3.0, 10.0)), lambda: recover(world))


def recover(world: World) -> None:
    """Let brokers answer again."""
    world.broker.is_down = False
    for one in world.processes:
        one.kafka.wake()


def _spell(world: World) -> None:
    kind, seconds = world.rng.choice(SPELLS), world.rng.choice((2.0, 6.0, 15.0))
    world.note("spell", kind, seconds)
    world.destination.falls_under(kind, seconds)


def _compact(world: World) -> None:
    world.note("compacted", world.broker.compact(world.rng))


_FAULTS: Final[tuple[tuple[str, Callable[[World], None]], ...]] = (
    ("freeze", _freeze),
    ("loop_stall", _loop_stall),
    ("kafka_stall", _kafka_stall),
    ("kill", _kill),
    ("stop", _stop),
    ("add", _add),
    ("rebalance", _rebalance),
    ("outage", _outage),
    ("spell", _spell),
    ("compact", _compact),
)
