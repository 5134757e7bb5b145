"""What the loop looks like from outside: taken now and then, and changing nothing."""

from collections import Counter
from typing import Final

from pipeline.assemble.clock import Clock
from pipeline.assemble.log import Input, Log
from pipeline.assemble.membership import Membership
from pipeline.assemble.outputs import WORKER
from pipeline.assemble.partition import Partition
from pipeline.assemble.unread import Since
from pipeline.assemble.waits import lacks
from pipeline.errors import UnavailableError
from pipeline.metrics import assemble as metrics
from pipeline.metrics import partitions_are
from pipeline.metrics.backlog import Backlog
from pipeline.record import Instant

EVERY_S: Final = 10.0
DUE_MAX: Final = 1_000
"""Due timers of a partition that are counted; more are as many."""


class Observer:
    """Reports sizes, and how much lies unread."""

    def __init__(self, log: Log, members: Membership, clock: Clock) -> None:
        self._log = log
        self._members = members
        self._clock = clock
        self._observed_at = clock.elapsed_s()
        self._since = Since()
        self._backlog = Backlog(WORKER)

    def turned(self) -> None:
        """Report what is due to be reported."""
        at = self._clock.elapsed_s()
        if at - self._observed_at < EVERY_S:
            return
        self._observed_at = at
        self._sizes()
        self._lag()

    def _sizes(self) -> None:
        members, partitions = self._members, self._members.active.values()
        waiting_for_work = len(members.fresh) + len(members.restoring)
        partitions_are(at_work=len(partitions), waiting=waiting_for_work)
        metrics.guests_known(
            sum(len(partition.store) for partition in partitions),
            state_bytes=sum(partition.state_bytes for partition in partitions),
        )
        waiting = Counter[str]()
        oldest: list[Instant] = []
        for partition in partitions:
            for guest in partition.waiting.values():
                waiting.update(lacks(guest))
                oldest.extend(order.since for order in guest.waiting)
        metrics.orders_wait(waiting, min(oldest, default=None))
        now = self._clock.now()
        due = {one.number: len(one.timers.due(now, DUE_MAX)) for one in partitions}
        metrics.timers_wait(
            sum(len(partition.timers) for partition in partitions),
            due=sum(due.values()),
            held_back=sum(due[one.number] for one in partitions if _is_held(one)),
        )

    def _lag(self) -> None:
        active = self._members.active
        inputs = [one for number in active for one in self._members.inputs_of(number)]
        try:
            ends = self._log.ends(inputs)
        except UnavailableError:
            return
        lag = {one: max(0, end - self._position(one)) for one, end in ends.items()}
        taken_at = {one: at for one in lag if (at := active[one.partition].taken_at) is not None}
        oldest_at = self._since.oldest(lag, taken_at=taken_at, now=self._clock.now())
        self._backlog.seen(lag, oldest_at=oldest_at)

    def _position(self, one: Input) -> int:
        return self._members.active[one.partition].positions.get(one.topic, 0)


def _is_held(partition: Partition) -> bool:
    """Whether input that lies unread may speak against what is due."""
    return partition.gate is None or not partition.gate.is_passed(partition.positions)
