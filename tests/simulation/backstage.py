"""What happens to one process, and around it, while it waits for Kafka."""

from typing import TYPE_CHECKING, Final

from pipeline.record import Record
from tests.simulation.instance import Crashed, Instance

if TYPE_CHECKING:
    from tests.simulation.world import World

DEPTH_MAX: Final = 2
"""How many workers may be held in the middle of a call at once."""


class Backstage:
    """What happens while one worker waits for Kafka."""

    def __init__(self, world: "World", name: str) -> None:
        self._world = world
        self._name = name
        self.taken: list[Record] = []
        self.instance: Instance | None = None

    def at(self, call: str, *details: object) -> None:
        """Note a call; the process may crash or be frozen in it, and others go on."""
        world, one = self._world, self.instance
        assert one is not None
        world.note(self._name, call, *details)
        if world.is_calm:
            return
        if self.strikes("crash"):
            raise Crashed
        if self.strikes("slow"):
            self._dawdle(one)
        if world.depth < DEPTH_MAX:
            self._pause(one)
        if one.is_gone:
            raise Crashed

    def strikes(self, fault: str) -> bool:
        """Whether a fault happens now."""
        world = self._world
        rate: float = getattr(world.rates, fault)
        if world.is_calm or not rate or world.rng.random() >= rate:
            return False
        world.note(self._name, "FAULT", fault)
        return True

    def between(self, least: int, most: int) -> int:
        """Draw a number."""
        return self._world.rng.randint(least, most)

    def passes(self, seconds: float) -> None:
        """Let time pass."""
        self._world.clock.moves(seconds)

    def _pause(self, one: Instance) -> None:
        if self.strikes("interleave"):
            self._others(self._world.rng.randint(1, 6))
        if self.strikes("freeze"):
            self._freeze(one)

    def _dawdle(self, one: Instance) -> None:
        """Take seconds for one call, and be heard meanwhile."""
        for _ in range(self._world.rng.randint(1, 4)):
            self._world.clock.moves(3.0)
            one.beat()
            self._world.broker.tick()

    def _freeze(self, one: Instance) -> None:
        """Stop the whole process, so that nobody hears of it either."""
        one.is_frozen = True
        for _ in range(self._world.rng.randint(1, 4)):
            self._world.clock.moves(self._world.rng.choice((1.0, 4.0, 7.0, 11.0)))
            self._others(self._world.rng.randint(2, 10))
            self._take_over(self._world.rng.choice((0, 3, 12)))
        one.is_frozen = False
        if self._world.rng.random() < 0.5:
            # Its threads wake up in any order.
            one.beat()

    def _take_over(self, rounds: int) -> None:
        """Let all others work on busily, as if for long."""
        world = self._world
        world.depth += 1
        try:
            for _ in range(rounds):
                world.broker.tick()
                for one in [each for each in world.instances if not each.is_held]:
                    one.beat()
                    world.turn(one)
                world.clock.moves(0.1)
        finally:
            world.depth -= 1

    def _others(self, steps: int) -> None:
        world = self._world
        world.depth += 1
        try:
            for _ in range(steps):
                world.go_on(world)
        finally:
            world.depth -= 1
