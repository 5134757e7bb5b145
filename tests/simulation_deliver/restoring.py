"""What must be known before a partition is worked on, asked for on a thread of its own."""

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from pipeline.assemble.log import Input
from pipeline.deliver.ledger_state import BEGAN_KEY
from pipeline.deliver.port import Restored
from pipeline.deliver.restorer import RELEASED, Committed, released
from tests.simulation_deliver.shop import STREAM

if TYPE_CHECKING:
    from tests.simulation_deliver.process import Process
    from tests.simulation_deliver.world import World

DELIVERIES = "deliveries"
_AGAIN_S = 1.0


class Restoring:
    """Restores one partition after the other: first the offset, then what is written."""

    def __init__(
        self, world: "World", process: "Process", say: Callable[[int, Restored], None]
    ) -> None:
        self._world = world
        self._process = process
        self._say = say
        self._wanted: deque[tuple[int, int]] = deque()
        self._is_busy = False

    def want(self, partition: int, assignment: int) -> None:
        """Restore a partition."""
        self._wanted.append((partition, assignment))
        if not self._is_busy:
            self._is_busy = True
            self._later(self._look)

    def _later(self, act: Callable[[], None], *, seconds: float | None = None) -> None:
        wait_s = self._world.rng.uniform(0.005, 0.3) if seconds is None else seconds
        self._world.schedule.after(wait_s, act, self._process.client)

    def _look(self) -> None:
        if self._fails():
            self._later(self._look, seconds=_AGAIN_S)
            return
        partition, _ = self._wanted[0]
        broker, at = self._world.broker, Input(STREAM, partition)
        log, found = broker.logs[at], broker.committed(at)
        committed = Committed(
            offset=None if found is None else found.offset,
            released=found is not None and found.mark == RELEASED,
            first=log.start,
            end=log.stable_end,
        )
        self._later(lambda: self._read(committed))

    def _read(self, committed: Committed) -> None:
        if self._fails():
            self._later(self._look, seconds=_AGAIN_S)
            return
        partition, assignment = self._wanted.popleft()
        log = self._world.broker.logs[Input(DELIVERIES, partition)]
        values: dict[bytes, bytes] = {}
        for _, _, write in log.committed(log.start, log.stable_end):
            assert write.key is not None
            if write.value is None:
                values.pop(write.key, None)
            else:
                values[write.key] = write.value
        self._world.verifier.restored(self._process, partition)
        restored = Restored(
            partition,
            start=committed.first if committed.offset is None else committed.offset,
            released=released(committed, began=BEGAN_KEY in values, name=DELIVERIES),
            end=committed.end,
            first=committed.first,
            values=values,
            topic_id=self._world.broker.topic_ids[STREAM],
        )
        self._later(lambda: self._say(assignment, restored))
        self._is_busy = bool(self._wanted)
        if self._is_busy:
            self._later(self._look)

    def _fails(self) -> bool:
        return self._world.broker.is_down or self._world.strikes("unanswered")
