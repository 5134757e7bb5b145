"""One simulated process: the deliverer on its loop, the thread beside it, and its clients."""

from typing import TYPE_CHECKING

from pipeline.deliver.deliverer import Deliverer
from pipeline.record import Instant
from tests.simulation_deliver.destination import SimApi
from tests.simulation_deliver.kafka_port import SimKafka
from tests.simulation_deliver.schedule import Thread
from tests.simulation_deliver.stepping_loop import SteppingLoop

if TYPE_CHECKING:
    from tests.simulation_deliver.world import World

_CLOSE_S = 3.0


class _Clock:
    """The world's time and dice."""

    def __init__(self, world: "World") -> None:
        self._world = world

    def now(self) -> Instant:
        return self._world.schedule.clock.now

    def elapsed_s(self) -> float:
        return self._world.schedule.now

    def jitter(self) -> float:
        return self._world.rng.random()


class Process:
    """Runs until it is killed, or has ended by itself."""

    def __init__(self, world: "World", name: str, number: int) -> None:
        self._world = world
        self.name = f"{name}#{number}"
        self.place = name
        """What bears the name after it, too: a pod's."""
        self.loop_thread, self.kafka_thread, self.client = Thread(), Thread(), Thread()
        self.is_dead = self.is_stopping = False
        self.loop = SteppingLoop(lambda: world.schedule.now)
        self.kafka = SimKafka(world, self)
        self._deliverer: Deliverer | None = None
        self.loop.create_task(self._main())

    def next_at(self) -> float:
        """When its loop has something to do."""
        return max(self.loop.next_at(), self.loop_thread.until)

    def stands_still(self, seconds: float, *threads: Thread) -> None:
        """Let nothing of these threads go on for a while."""
        for thread in threads:
            thread.until = self._world.schedule.now + seconds

    def stop(self) -> None:
        """Be asked to leave in order."""
        self.is_stopping = True
        if self._deliverer is not None:
            self.loop.call_soon(self._deliverer.stop)

    def kill(self) -> None:
        """End where it stands; nobody is told."""
        self.is_dead = True
        for thread in (self.loop_thread, self.kafka_thread, self.client):
            thread.is_gone = True

    async def _main(self) -> None:
        """Do as `DeliverWorker` does."""
        world = self._world
        self._deliverer = deliverer = Deliverer(
            self.kafka,
            world.setting.deliver,
            api=SimApi(world, self),
            policy=world.setting.policy,
            clock=_Clock(world),
        )
        world.mechanisms.remove(deliverer)
        deliverer.begin()
        if self.is_stopping:
            deliverer.stop()
        error: Exception | None = None
        try:
            await deliverer.ended
        except Exception as raised:  # noqa: BLE001 — whatever it is, the world looks at it
            error = raised
        await deliverer.close(_CLOSE_S)
        world.has_ended(self, error)
