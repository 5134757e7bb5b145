"""A hold outlives the process: each partition's ledger shows it."""

from asyncio import Task, get_running_loop
from functools import partial

from pipeline.deliver import ledger_state
from pipeline.deliver.breaker import Breaker, Hold, State
from pipeline.deliver.ownership import Ownership
from pipeline.deliver.partition import Partition
from pipeline.deliver.writes import Writes
from pipeline.metrics import deliver as metrics


class Holds:
    """Keeps what the ledgers show in step with the breaker."""

    def __init__(self, breaker: Breaker, owns: Ownership, writes: Writes) -> None:
        self._breaker = breaker
        self._owns = owns
        self._writes = writes
        self._shown = State.CLOSED

    def found(self, hold: Hold | None, now: float) -> None:
        """Hold everything when a partition that became ours was held."""
        if hold is not None:
            self._breaker.hold(hold, now)
            self.follow()

    def heed(self) -> None:
        """Follow if requests leave otherwise than before; costs nothing while they do not."""
        if self._breaker.state is not self._shown:
            self.follow()

    def follow(self) -> None:
        """Write down a hold that began, and remove one that ended."""
        if self._breaker.state is not self._shown:
            self._shown = self._breaker.state
            metrics.breaker_moved(self._shown.value, self._breaker.held or "")
        for partition in self._owns:
            differs = partition.hold_kept is not self._breaker.held
            at_work = partition.admitted and not partition.releasing
            if differs and at_work and not partition.hold_asked:
                self._ask(partition)

    def _ask(self, partition: Partition) -> None:
        partition.hold_asked = True
        task = get_running_loop().create_task(self._write(partition))
        partition.tasks.add(task)
        task.add_done_callback(partial(self._ended, partition))

    def _ended(self, partition: Partition, task: Task[None]) -> None:
        partition.tasks.discard(task)
        self._owns.ended(partition)

    async def _write(self, partition: Partition) -> None:
        hold = self._breaker.held
        value = None if hold is None else ledger_state.encode_hold(hold)
        try:
            await self._writes.keep(partition.number, ledger_state.HOLD_KEY, value)
            partition.hold_kept = hold
        finally:
            partition.hold_asked = False
