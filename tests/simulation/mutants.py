"""Workers and Kafkas in which one mechanism is missing: the simulation must miss it too."""

from collections.abc import Collection, Mapping
from typing import Any

from confluent_kafka import IsolationLevel
from confluent_kafka.admin import AdminClient, OffsetSpec

from pipeline.assemble.batch import Batch
from pipeline.assemble.firing import Firing
from pipeline.assemble.kafka_log import KafkaLog
from pipeline.assemble.keeping import Keeper
from pipeline.assemble.log import Committed, Fetched, Input, Topics
from pipeline.assemble.partition import Partition
from pipeline.assemble.restore import Restorer
from pipeline.assemble.start import Beginning, start_at
from pipeline.assemble.timers import Gate
from pipeline.assemble.worker import AssembleWorker
from pipeline.config import KafkaSettings
from pipeline.kafka import offsets
from pipeline.kafka.identity import Watch
from pipeline.record import Instant, Record
from tests.simulation.broker import Broker
from tests.simulation.consumer import SimConsumer
from tests.simulation.faults import Rates
from tests.simulation.group import Identity
from tests.simulation.server_group import ServerGroup, ServerMember
from tests.simulation.setting import Setting
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
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.transactions = _SharedIds(self.logs, lambda: self.now)


class _NoGenerations(Broker):
    """Anybody may commit offsets."""

    def validate(self, me: Identity, generation: int) -> None:
        pass


class _Hurried(ServerGroup):
    """Gives to one what another has not given up."""

    def _reconcile(self, one: ServerMember, owned: frozenset[int]) -> None:
        one.leaving, one.told_at, one.assigned = frozenset(), None, one.target
        one.epoch = self.generation


class _NobodyWaits(Broker):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if isinstance(self.group, ServerGroup):
            self.group = _Hurried(self.numbers, lambda: self.now)


class _Nameless(KafkaLog):
    """Commits as nobody once the group has dropped us."""

    def send_offsets(self, offsets: Mapping[Input, int], mark: str) -> None:
        group = self._consumer.consumer_group_metadata()
        self._transactions.send_offsets(offsets, mark=mark, group=group)


class _Unstable(SimConsumer):
    """Takes committed offsets while a transaction is about to change them."""

    waits_for_stable = False


class _StableStates(KafkaLog):
    """Takes the end of the guest states from what is committed already."""

    def state_ends(self, partitions: Collection[int]) -> dict[int, int]:
        inputs = [Input(self.topics.guest_states, number) for number in partitions]
        found = offsets.committed_ends(self._admin, inputs)
        return {number: end for (_, number), end in found.items()}


class _LateEnds(KafkaLog):
    """Asks where a time lies first, and for the ends afterwards."""

    def first_offsets(self, inputs: Collection[Input], since: Instant | None) -> dict[Input, int]:
        if since is None:
            return super().first_offsets(inputs, None)
        time, everything = OffsetSpec.for_timestamp(since), IsolationLevel.READ_UNCOMMITTED
        found = offsets.list_offsets(self._admin, inputs, time, everything)
        ends = offsets.published_ends(self._admin, inputs)
        return {Input(*one): ends[one] if at < 0 else at for one, at in found.items()}


class _NoMarkers(SimConsumer):
    """Takes the last record's offset for how far was read."""

    tells_ends = False


class _Jumper(SimConsumer):
    """Goes on at the end when the next record is not there."""

    resets_to = "latest"


class _Behind(Restorer):
    """Goes on where it was, whatever has been deleted since."""

    def _beginnings(self, committed: dict[Input, Committed | None]) -> dict[Input, Beginning]:
        return {
            one: Beginning(found.offset, 0) for one, found in committed.items() if found is not None
        }


class _FromTheFirst(AssembleWorker):
    """Begins with the first record, whatever was asked for."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._restorer = Restorer(self._log, self._members, start_at=None)


class _StaysBehind(AssembleWorker):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        since = start_at(self._settings.start_at)
        self._restorer = _Behind(self._log, self._members, start_at=since)


def _any_topic(_group: str, _admin: AdminClient, _kafka: KafkaSettings, topics: Topics) -> Topics:
    """Do not ask which topics bear the names."""
    return topics


class _Unwatched(Watch):
    """Looks at topics when it starts only."""

    def turned(self) -> None:
        pass


def _moves_by_server(setting: Setting, rates: Rates) -> bool:
    return setting.protocol == "consumer" and setting.partitions > 1 and rates.rebalance > 0


def _begins_later(setting: Setting, _: Rates) -> bool:
    return setting.start_at is not None and not setting.old_events


def _freezes(setting: Setting, rates: Rates) -> bool:
    return setting.protocol == "classic" and rates.freeze > 0


def _deletes(_: Setting, rates: Rates) -> bool:
    return rates.retain > 0


class _Blind(Firing):
    """Lets timers fire whatever lies unread."""

    def _sample(self, firsts: dict[int, Instant], now: Instant) -> None:
        for number in firsts:
            self._members.active[number].gate = Gate(now, {})


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


def _with_firing(firing: type[Firing]) -> type[AssembleWorker]:
    class Worker(AssembleWorker):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self._firing = firing(self._log, self._members, policy=self._policy, timers_max=100)

    return Worker


MUTANTS: Mapping[str, Mechanisms] = {
    "producer epochs": Mechanisms(broker=_NoEpochs),
    "group generations": Mechanisms(broker=_NoGenerations),
    "giving up comes before giving": Mechanisms(broker=_NobodyWaits, matters=_moves_by_server),
    "a member without a name": Mechanisms(log=_Nameless, matters=_freezes),
    "waiting for stable offsets": Mechanisms(consumer=_Unstable),
    "the uncommitted end of the states": Mechanisms(log=_StableStates),
    "markers have offsets": Mechanisms(consumer=_NoMarkers),
    "unread input holds timers back": Mechanisms(worker=_with_firing(_Blind)),
    "deleted records are not passed over": Mechanisms(consumer=_Jumper, matters=_deletes),
    "going on after deleted records": Mechanisms(worker=_StaysBehind, matters=_deletes),
    "where to begin": Mechanisms(worker=_FromTheFirst),
    "the end is asked for first": Mechanisms(log=_LateEnds, matters=_begins_later),
    "the identity of topics": Mechanisms(check=_any_topic),
    "looking at topics again": Mechanisms(watch=_Unwatched),
    "undo": Mechanisms(worker=_NoUndo),
    "ownership filter": Mechanisms(worker=_NoFilter),
    "unclear commits are not kept": Mechanisms(worker=_keeps_by(_Believer)),
    "unclear commits are not lost": Mechanisms(worker=_keeps_by(_Doubter)),
    "unclear commits are ended first": Mechanisms(worker=_keeps_by(_Hasty)),
}
"""By what is missing."""
