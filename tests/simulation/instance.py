"""One simulated process."""

from dataclasses import dataclass

from pipeline.assemble.partition import Partition
from pipeline.assemble.worker import AssembleWorker
from tests.simulation.consumer import SimConsumer


class Crashed(BaseException):
    """The process is gone, in the middle of whatever it did."""


@dataclass(slots=True, eq=False)
class Instance:
    """One process: a worker and its clients."""

    name: str
    worker: AssembleWorker
    consumers: list[SimConsumer]
    has_started: bool = False
    is_held: bool = False
    """In the middle of a call."""
    is_frozen: bool = False
    is_gone: bool = False

    def beat(self) -> None:
        """Let its clients be heard, unless the whole process is frozen."""
        if not self.is_frozen:
            for consumer in self.consumers:
                consumer.beat()

    @property
    def partitions(self) -> dict[int, Partition]:
        """What it works at."""
        return self.worker._members.active
