"""Workers and Kafkas in which one mechanism is missing: the simulation must miss it too."""

from collections.abc import Collection, Mapping
from typing import Any

from pipeline.assemble.batch import Batch
from pipeline.assemble.keeping import Keeper
from pipeline.assemble.log import Fetched, Input
from pipeline.assemble.partition import Partition
from pipeline.assemble.worker import AssembleWorker
from pipeline.kafka.entries import Changes
from pipeline.record import Record
from tests.simulation.broker import Broker
from tests.simulation.group import Group
from tests.simulation.sim_log import SimLog
from tests.simulation.transactions import Producer, Transactions
from tests.simulation.world import Mechanisms


class _SharedIds(Transactions):
    """Whoever opens a transactional id goes on with what is open."""

    def open(self, name: str) -> int:
        self._producers.setdefault(name, Producer())
        return 0

    def _fenced(self, name: str, epoch: int) -> Producer:
        return self._producers[name]


class _NoEpochs(Broker):
    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.transactions = _SharedIds(self.logs, lambda: self.now)


class _OpenGroup(Group):
    """Anybody may commit offsets."""

    def validate(self, member_id: str, generation: int) -> None:
        pass


class _NoGenerations(Broker):
    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.group = _OpenGroup(self.numbers, lambda: self.now)


class _Nameless(SimLog):
    """Commits as nobody once the group has dropped us."""

    def _member(self) -> str:
        return self.consumer.member_id


class _UnstableOffsets(SimLog):
    """Takes committed offsets while a transaction is about to change them."""

    def _is_pending(self, inputs: Collection[Input]) -> bool:
        return False


class _StableStates(SimLog):
    """Takes the end of the guest states from what is committed already."""

    def _state_end(self, number: int) -> int:
        return self._broker.logs[Input(self.topics.guest_states, number)].stable_end


class _NoMarkers(SimLog):
    """Takes the last record's offset for how far the guest states were read."""

    def read_states(self, records_max: int, timeout_s: float) -> Changes:
        changes = super().read_states(records_max, timeout_s)
        reached = {}
        for number, offset in changes.reached.items():
            log = self._broker.logs[Input(self.topics.guest_states, number)]
            known = [at for at, _, _ in log.committed(0, offset)]
            reached[number] = known[-1] + 1 if known else 0
        return Changes(changes.entries, reached)


class _NoEnds(SimLog):
    """Lets timers fire whatever lies unread."""

    def ends(self, inputs: Collection[Input]) -> dict[Input, int]:
        return dict.fromkeys(super().ends(inputs), 0)


class _NoUndo(AssembleWorker):
    """Drops a batch that failed, and reads on."""

    def _undo(self, fetched: Fetched) -> None:
        super()._undo(fetched._replace(records=[]))


class _NoFilter(AssembleWorker):
    """Works on at what has just been taken away."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._mine: dict[int, Partition] = {}

    def _take(self, record: Record, batch: Batch) -> None:
        active, number = self._members.active, record.position.partition
        if number not in active and number in self._mine:
            active[number] = self._mine[number]
        self._mine.update(active)
        super()._take(record, batch)


class _Believer(Keeper):
    """Takes a commit without a verdict for kept."""

    def _ask(self, offsets: Mapping[Input, int], mark: str) -> bool:
        self._reopen()
        return True


class _Doubter(Keeper):
    """Takes a commit without a verdict for lost."""

    def _ask(self, offsets: Mapping[Input, int], mark: str) -> bool:
        self._reopen()
        return False


class _Hasty(Keeper):
    """Asks what became of a commit while it may still be under way."""

    def _reopen(self) -> None:
        pass


def _keeps_by(keeper: type[Keeper]) -> type[AssembleWorker]:
    class Worker(AssembleWorker):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self._keeper = keeper(self._log, self._clock)

    return Worker


MUTANTS: Mapping[str, Mechanisms] = {
    "producer epochs": Mechanisms(broker=_NoEpochs),
    "group generations": Mechanisms(broker=_NoGenerations),
    "a member without a name": Mechanisms(log=_Nameless),
    "waiting for stable offsets": Mechanisms(log=_UnstableOffsets),
    "the uncommitted end of the states": Mechanisms(log=_StableStates),
    "markers have offsets": Mechanisms(log=_NoMarkers),
    "unread input holds timers back": Mechanisms(log=_NoEnds),
    "undo": Mechanisms(worker=_NoUndo),
    "ownership filter": Mechanisms(worker=_NoFilter),
    "unclear commits are not kept": Mechanisms(worker=_keeps_by(_Believer)),
    "unclear commits are not lost": Mechanisms(worker=_keeps_by(_Doubter)),
    "unclear commits are ended first": Mechanisms(worker=_keeps_by(_Hasty)),
}
"""By what is missing."""
