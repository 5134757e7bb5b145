"""Brings partitions that have become ours to work, while others work on."""

from collections.abc import Iterable
from typing import Final

from pipeline.assemble import began
from pipeline.assemble.log import Committed, Input, Log
from pipeline.assemble.membership import Membership, Restoring
from pipeline.assemble.partition import Partition
from pipeline.assemble.start import Beginning, go_on
from pipeline.errors import StateError, UnavailableError
from pipeline.metrics import assemble as metrics
from pipeline.metrics import expired, transactions
from pipeline.record import Instant, Position

CHUNK: Final = 20_000
"""Most states that are read in one turn."""


class Restorer:
    """Reads back the guests of partitions that are ours but not at work yet.

    First what is committed, for good; *then* the end of the guest states; then
    everything up to it: so what was committed with those offsets is surely read.
    """

    def __init__(self, log: Log, membership: Membership, *, start_at: Instant | None) -> None:
        """Prepare.

        Args:
            log: Kafka.
            membership: What is ours.
            start_at: Where a group begins that has never committed; None: at the first record.
        """
        self._log = log
        self._membership = membership
        self._start_at = start_at
        self._following: dict[int, Restoring] = {}

    def turn(self, soon: Instant) -> None:
        """Do a part of what is to be done.

        Args:
            soon: No order waits for longer than until then.

        Raises:
            StateError: Offsets and guest states contradict each other.
        """
        try:
            self._begin()
            self._read()
            self._finish(soon)
        except UnavailableError as error:
            transactions.waited("restore", str(error))

    def _begin(self) -> None:
        members = self._membership
        if not members.fresh:
            return
        numbers = sorted(members.fresh)
        inputs = [one for number in numbers for one in members.inputs_of(number)]
        committed = self._log.committed(inputs)
        ends = self._log.state_ends(numbers)
        self._log.check_states(numbers)
        beginnings = self._beginnings(committed)
        for number in numbers:
            found: dict[Input, Committed | None] = {
                one: committed[one] for one in members.inputs_of(number)
            }
            partition = members.kept.pop(number, None) or Partition(number)
            go_on = {one: at for one, at in beginnings.items() if one.partition == number}
            members.restoring[number] = Restoring(partition, found, go_on, ends[number])
            members.fresh.discard(number)

    def _read(self) -> None:
        restoring = self._membership.restoring
        for number, one in list(self._following.items()):
            if restoring.get(number) is not one:
                self._unfollow(number)
        for number, one in restoring.items():
            if number not in self._following:
                self._log.follow(number, one.partition.states_read)
                self._following[number] = one
        if restoring:
            self._take(timeout_s=0.0 if self._membership.active else 0.05)

    def _take(self, timeout_s: float) -> None:
        changes = self._log.read_states(CHUNK, timeout_s)
        for entry in changes.entries:
            one = self._following.get(entry.partition)
            if one is not None:
                one.take(entry.key, entry.value)
        for number, offset in changes.reached.items():
            if number in self._following:
                self._following[number].partition.states_read = offset
        metrics.restored(len(changes.entries), self._remaining())

    def _finish(self, soon: Instant) -> None:
        for number, one in list(self._membership.restoring.items()):
            partition = one.partition
            if partition.states_read < one.end:
                continue
            try:
                partition.positions = self._positions(one)
            except StateError:
                if self._log.committed(one.committed) == one.committed:
                    raise
                # We were frozen, and another went on with it: what we asked for is old.
                self._begin_again(number)
                continue
            self._restored(one, soon)
            self._unfollow(number)
            self._log.start({Input(t, number): o for t, o in partition.positions.items()})
            del self._membership.restoring[number]
            self._membership.active[number] = partition
            metrics.partition_ready(number, len(partition.store))

    def _restored(self, one: Restoring, soon: Instant) -> None:
        place = f"{self._log.topics.guest_states}/{one.partition.number}"
        if one.strange:
            raise StateError(
                f"{place}: {len(one.strange)} keys are no guest's id: another program wrote them; "
                "name another topic, or `pipeline reset`"
            )
        try:
            one.partition.restored(soon)
        except StateError as error:
            raise StateError(f"{place}: {error}") from error

    def _begin_again(self, number: int) -> None:
        self._unfollow(number)
        self._membership.kept[number] = self._membership.restoring.pop(number).partition
        self._membership.fresh.add(number)

    def _positions(self, one: Restoring) -> dict[str, int]:
        began.check(one.partition.began, self._log.topics)
        check(one.partition, one.committed)
        known = {i.topic: at.offset for i, at in one.beginnings.items()}
        for i, at in one.beginnings.items():
            if at.expired:
                expired(Position(*i, at.offset - at.expired), at.expired)
        new = [i for i, found in one.committed.items() if found is None]
        if new:
            first = self._log.first_offsets(new, self._start_at)
            transactions.began(one.partition.number, {i.topic: first[i] for i in new})
            known |= {i.topic: first[i] for i in new}
        return known

    def _beginnings(self, committed: dict[Input, Committed | None]) -> dict[Input, Beginning]:
        """Find where to go on with inputs for which something is committed."""
        known = {one: found.offset for one, found in committed.items() if found is not None}
        if not known:
            return {}
        firsts, ends = self._log.first_offsets(known, None), self._log.ends(known)
        return {
            one: go_on(f"{one.topic}/{one.partition}", offset, first=firsts[one], end=ends[one])
            for one, offset in known.items()
        }

    def _unfollow(self, number: int) -> None:
        if self._following.pop(number, None) is not None:
            self._log.unfollow(number)

    def _remaining(self) -> int:
        pairs: Iterable[Restoring] = self._following.values()
        return sum(max(0, one.end - one.partition.states_read) for one in pairs)


def check(partition: Partition, committed: dict[Input, Committed | None]) -> None:
    """Refuse offsets without their guest states, and guest states without their offsets.

    Raises:
        StateError: It is so; only a person can say which is right.
    """
    has_offsets = any(committed.values())
    has_states = bool(partition.began or partition.store)
    if has_offsets == bool(partition.began) == has_states:
        return
    inputs = ", ".join(f"{one.topic}/{one.partition}" for one in committed)
    if has_offsets:
        raise StateError(
            f"{inputs}: offsets are committed, but the guest states of partition "
            f"{partition.number} are gone: `reset` reads the events again"
        )
    raise StateError(
        f"{inputs}: guest states of partition {partition.number} are there, but no offsets are "
        "committed (they expire with an idle group): `reset` says where to go on"
    )
