"""A client's producer on the model: writes arrive or not, and are heard of or not."""

from typing import TYPE_CHECKING

from pipeline.assemble.log import Input
from pipeline.deliver.port import Done
from pipeline.kafka.entries import Write
from tests.simulation_deliver.setting import LEDGER_S

if TYPE_CHECKING:
    from tests.simulation_deliver.process import Process
    from tests.simulation_deliver.world import World

_AGAIN_S = 0.2


class Producing:
    """Writes to one topic and partition arrive in their order."""

    def __init__(self, world: "World", process: "Process") -> None:
        self._world = world
        self._process = process
        self._busy_until: dict[Input, float] = {}

    def produce(self, write: Write, done: Done) -> None:
        """Write, and answer within `LEDGER_S`, unless the process stands still."""
        world, where = self._world, Input(write.topic, write.partition)
        now = world.schedule.now
        give_up_at = now + LEDGER_S
        if world.strikes("unwritten"):
            self._answers(give_up_at - now, done, "timed out")
            return
        arrives_at = max(now + world.rng.uniform(0.001, 0.05), self._busy_until.get(where, 0.0))
        self._busy_until[where] = arrives_at
        # What is on the wire already arrives whatever happens to its sender.
        thread = {} if world.rng.random() < 0.5 else {"thread": self._process.client}
        world.schedule.after(
            arrives_at - now, lambda: self._arrives(write, done, give_up_at), **thread
        )

    def _arrives(self, write: Write, done: Done, give_up_at: float) -> None:
        world = self._world
        now = world.schedule.now
        if now >= give_up_at:
            self._answers(0.0, done, "timed out")
            return
        if world.broker.is_down:
            again = lambda: self._arrives(write, done, give_up_at)  # noqa: E731
            world.schedule.after(_AGAIN_S, again, self._process.client)
            return
        world.note(self._process.name, "WRITTEN", write.topic, write.partition, write.key)
        world.broker.publish(write)
        world.verifier.written(self._process, write)
        if world.strikes("unheard"):
            self._answers(give_up_at - now, done, "timed out")
        else:
            self._answers(world.rng.uniform(0.001, 0.02), done, None)

    def _answers(self, after_s: float, done: Done, error: str | None) -> None:
        loop, thread = self._process.loop, self._process.loop_thread
        self._world.schedule.after(after_s, lambda: loop.call_soon(done, error), thread)
