"""A commerce topic is made again: nobody may take its records for those of the first."""

from typing import Final

from pipeline.assemble.log import Input
from pipeline.errors import StateError
from tests.simulation.acts import beat
from tests.simulation.verifier import Violation
from tests.simulation.world import World

_NOTICED_S: Final = 30.0
"""Longer than it takes until a worker looks at its topics again, and asks."""
_STEP_S: Final = 0.5


def refuse_another_topic(world: World) -> None:
    """Make one topic again, under workers or before they start, and see them refuse it.

    Raises:
        Violation: Somebody goes on.
    """
    if not any(account.has_begun for account in world.verifier.accounts.values()):
        return
    is_at_work = world.rng.random() < 0.5
    if not is_at_work:
        for one in list(world.instances):
            world.kill(one)
    topic = world.rng.choice(world.broker.topics.commerce)
    world.note("made again", topic)
    world.broker.make_again(topic)
    for _ in range(world.rng.randint(0, 3)):
        world.customers.publish()
    if not is_at_work:
        world.add("later")
    _expect_refusal(world)


def _expect_refusal(world: World) -> None:
    give_up_at = world.clock.elapsed_s + _NOTICED_S
    while world.clock.elapsed_s < give_up_at:
        world.broker.tick()
        beat(world)
        for one in list(world.instances):
            try:
                world.turn(one)
            except StateError:
                world.note("refuses", one.name)
                return
        world.clock.moves(_STEP_S)
    offsets = {one: world.broker.committed(one) for one in _inputs(world)}
    raise Violation(f"nobody has noticed that a topic is another; committed is {offsets}")


def _inputs(world: World) -> list[Input]:
    topics, numbers = world.broker.topics.commerce, world.broker.numbers
    return [Input(topic, number) for topic in topics for number in numbers]
