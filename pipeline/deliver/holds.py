"""A hold outlives the process: each partition's ledger shows it."""

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
                partition.hold_asked = True
                self._owns.work(partition, self._write(partition))

    async def _write(self, partition: Partition) -> None:
        hold = self._breaker.held
        value = None if hold is None else ledger_state.encode_hold(hold)
        try:
            await self._writes.keep(partition.number, ledger_state.HOLD_KEY, value)
            partition.hold_kept = hold
        finally:
            partition.hold_asked = False
