"""What may happen next, and how often."""

from collections.abc import Callable
from typing import Final

from tests.simulation.instance import Instance
from tests.simulation.world import World

INSTANCES_MAX: Final = 4
_TURN, _PUBLISH, _BEAT, _MARK, _WAIT = 0.45, 0.15, 0.15, 0.1, 0.05
"""What is left goes to faults."""


def step(world: World) -> None:
    """Let one thing happen."""
    world.broker.tick()
    _end_outages(world)
    draw = world.rng.random()
    for share, act in _ACTS:
        if draw < share:
            act(world)
            return
        draw -= share
    fault, strike = world.rng.choice(_FAULTS)
    if world.rng.random() < getattr(world.rates, fault) * _OFTEN:
        world.note("FAULT", fault)
        strike(world)


def turn(world: World) -> None:
    """Let a worker that is not in the middle of something do its turn."""
    free = _free(world)
    if free:
        world.turn(world.rng.choice(free))
        world.clock.moves(world.rng.choice((0.01, 0.05, 0.2)))


def beat(world: World) -> None:
    """Let every client be heard that is not frozen."""
    for one in world.instances:
        one.beat()


def _publish(world: World) -> None:
    if world.broker.is_down or world.clock.elapsed_s > world.publishes_until_s:
        return
    if world.rng.random() < 0.15:
        world.note("publishes together", world.customers.publish_together(3, hang=False))
    else:
        for _ in range(world.rng.randint(1, 3)):
            world.note("publishes", world.customers.publish())


def _arrive(world: World) -> None:
    world.broker.transactions.write_markers(world.rng, 2)
    world.broker.deliver()


def _wait(world: World) -> None:
    world.clock.moves(world.rng.choice((0.5, 1.0, 2.0, 4.0)))
    beat(world)
    if world.rng.random() < 0.2:
        world.customers.let_go()


def _outage(world: World) -> None:
    world.broker.is_down = True
    world.broker_back_s = world.clock.elapsed_s + world.rng.choice((0.5, 3.0, 12.0, 80.0))


def _registry_outage(world: World) -> None:
    world.customers.registry_is_down = True
    world.registry_back_s = world.clock.elapsed_s + world.rng.choice((0.5, 3.0, 12.0))


def _end_outages(world: World) -> None:
    now = world.clock.elapsed_s
    if world.broker.is_down and now >= world.broker_back_s:
        world.broker.is_down = False
        world.note("brokers are back")
    if now >= world.registry_back_s:
        world.customers.registry_is_down = False


def _kill(world: World) -> None:
    one = _any(world)
    world.kill(one)
    world.add(one.name)


def _stop(world: World) -> None:
    free = _free(world)
    if free and len(world.instances) > 1:
        world.stop(world.rng.choice(free))


def _add(world: World) -> None:
    if len(world.instances) < INSTANCES_MAX:
        world.add(f"w{world.rng.randint(0, 9)}")


def _twin(world: World) -> None:
    if len(world.instances) < INSTANCES_MAX:
        world.add(_any(world).name)


def _rebalance(world: World) -> None:
    world.broker.group.unsettle()


def _compact(world: World) -> None:
    world.note("compacted", world.broker.compact(world.rng))


def _retain(world: World) -> None:
    if not world.broker.is_down:
        world.note("retained", world.broker.retain(world.rng))


def _hang(world: World) -> None:
    world.note("hangs", world.customers.publish_together(2, hang=True))


def _long_pause(world: World) -> None:
    """Everything stands still for hours, or for so long that guests are forgotten."""
    world.clock.moves(world.rng.choice((3_600.0, 30 * 3_600.0, 50 * 86_400.0)))


def _any(world: World) -> Instance:
    if not world.instances:
        world.add("w0")
    return world.rng.choice(world.instances)


def _free(world: World) -> list[Instance]:
    return [one for one in world.instances if not one.is_held]


_ACTS: tuple[tuple[float, Callable[[World], None]], ...] = (
    (_TURN, turn),
    (_PUBLISH, _publish),
    (_BEAT, beat),
    (_MARK, _arrive),
    (_WAIT, _wait),
)
_FAULTS: tuple[tuple[str, Callable[[World], None]], ...] = (
    ("outage", _outage),
    ("registry_outage", _registry_outage),
    ("kill", _kill),
    ("stop", _stop),
    ("add", _add),
    ("twin", _twin),
    ("rebalance", _rebalance),
    ("compact", _compact),
    ("retain", _retain),
    ("hang", _hang),
    ("long_pause", _long_pause),
)
_OFTEN: Final = 20.0
