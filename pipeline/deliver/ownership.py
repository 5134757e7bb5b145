"""Which partitions are ours, from being assigned to being released, and their commits."""

import asyncio
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from pipeline.deliver.gate import Gate
from pipeline.deliver.lanes import Lanes
from pipeline.deliver.ledger import Ledger
from pipeline.deliver.letters import WORKER
from pipeline.deliver.offsets import InHand, Progress
from pipeline.deliver.partition import Partition, Restored, Suspicion
from pipeline.deliver.port import (
    READ_MAX,
    Assigned,
    Clock,
    Committed,
    Deleted,
    Ends,
    Expired,
    KafkaPort,
    Lost,
    Reached,
    Revoking,
)
from pipeline.deliver.port import Restored as LedgerRestored
from pipeline.errors import StateError, UnavailableError
from pipeline.metrics import deliver as metrics
from pipeline.metrics import expired, partitions_changed
from pipeline.record import Position
from pipeline.settings import DeliverSettings

IN_HAND_BYTES_MAX: Final = 16 * 1024 * 1024
"""Bytes of one partition's records read and not yet finished."""


@dataclass(slots=True)
class _Commit:
    number: int
    asked_at: float
    partitions: dict[int, Partition] = field(default_factory=dict)


class Ownership:
    """All partitions of ours. Nothing of one starts before a commit of ours for it was taken."""

    def __init__(
        self, kafka: KafkaPort, settings: DeliverSettings, *, lanes: Lanes, gate: Gate, clock: Clock
    ) -> None:
        self._kafka = kafka
        self._settings = settings
        self._lanes = lanes
        self._gate = gate
        self._clock = clock
        self._partitions: dict[int, Partition] = {}
        self._assignments = 0
        self._of = 1
        self._commit: _Commit | None = None
        self._commits = 0
        self.settled = True
        """Whether everything that is ours is at work; to be read on any thread."""

    def at(self, number: int) -> Partition | None:
        """A partition, while it is ours."""
        return self._partitions.get(number)

    def __iter__(self) -> Iterator[Partition]:
        return iter(tuple(self._partitions.values()))

    def __len__(self) -> int:
        return len(self._partitions)

    def assigned(self, event: Assigned) -> None:
        """Take partitions; what was read of them waits until their deliveries are here."""
        for number in event.partitions:
            self._assignments += 1
            in_hand = InHand(self._settings.in_hand_max, IN_HAND_BYTES_MAX)
            self._partitions[number] = Partition(number, self._assignments, in_hand)
        self._of = max(1, event.of)
        partitions_changed(WORKER, "assigned", event.partitions)
        self._changed()

    def restored(self, event: LedgerRestored) -> Partition | None:
        """Take a partition's deliveries; None when it is no longer ours.

        Raises:
            StateError: The deliveries count offsets of another topic, or cannot be read.
            UnavailableError: They count offsets, and nobody says of which topic ours is.
        """
        partition = self._partitions.get(event.partition)
        if partition is None or partition.restored is not None:
            return None
        ledger = Ledger(event.values)
        _check_topic(ledger.topic_id(), event.topic_id)
        left = 0 if event.released else self._settings.in_hand_max + READ_MAX
        end = event.start if event.released else max(event.start, event.end)
        suspicion = Suspicion(end, left)
        partition.restored = Restored(ledger, Progress(event.start), suspicion, event.topic_id)
        partition.hold_kept, partition.began = ledger.hold, ledger.began
        partition.first = max(partition.first, event.first)
        self.commit()
        return partition

    def work(self, partition: Partition, work: Coroutine[Any, Any, None]) -> None:
        """Let something run that a release of the partition waits for."""
        task = asyncio.get_running_loop().create_task(work)
        partition.tasks.add(task)
        task.add_done_callback(partial(self._worked, partition))

    def _worked(self, partition: Partition, task: asyncio.Task[None]) -> None:
        partition.tasks.discard(task)
        self.ended(partition)

    def commit(self) -> None:
        """Commit how far everything is done, moved or not, unless a commit is under way."""
        now = self._clock.elapsed_s()
        if self._commit is not None and now - self._commit.asked_at < self._settings.lease_s:
            return
        self._commits += 1
        asked = _Commit(self._commits, now)
        offsets = {}
        for partition in self._partitions.values():
            if partition.restored is not None and partition.began and not partition.releasing:
                asked.partitions[partition.number] = partition
                offsets[partition.number] = partition.restored.progress.done
        if offsets:
            self._commit = asked
            self._kafka.commit(offsets, asked.number)

    def committed(self, event: Committed) -> None:
        """Learn what became of a commit; taken, the last one renews the lease.

        The answer to an earlier one proves nothing about now: it may have lain unread for long.
        """
        for error in {*event.refused.values(), *([event.error] if event.error else ())}:
            metrics.commit_failed(error)
        asked = self._commit
        if asked is None or asked.number != event.asked:
            return
        self._commit = None
        if event.error is not None:
            return
        if not event.refused:
            self._gate.lease.renewed(asked.asked_at)
        late = False
        for number, partition in self._partitions.items():
            if asked.partitions.get(number) is partition and number not in event.refused:
                self._admit(partition)
            waits = partition.began and not partition.admitted
            late = late or (waits and not partition.releasing)
        self._changed()
        if late and not event.refused:
            self.commit()

    def revoking(self, event: Revoking) -> None:
        """Start nothing more of these partitions; release each once nothing is under way."""
        partitions_changed(WORKER, "revoked", event.partitions)
        for number in event.partitions:
            partition = self._partitions.get(number)
            if partition is None:
                self._kafka.release(number, None, clean=False)
            else:
                self._wind_up(partition)
        self._changed()

    def release_all(self) -> None:
        """Wind up everything that is ours."""
        for partition in self:
            self._wind_up(partition)
        self._changed()

    def lost(self, event: Lost) -> None:
        """Drop everything of partitions that are another's; their answers must not be kept."""
        partitions_changed(WORKER, "lost", event.partitions)
        self._gate.lease.lost()
        for number in event.partitions:
            partition = self._partitions.pop(number, None)
            if partition is not None:
                self._lanes.close(number)
                _cancel(partition)
        self._changed()

    def drop_all(self) -> None:
        """Drop everything; nothing is committed."""
        for partition in self:
            self._lanes.close(partition.number)
            _cancel(partition)
        self._partitions.clear()
        self._changed()

    def ended(self, partition: Partition) -> None:
        """Look whether a step that ended was the last one that a release waited for."""
        if not partition.releasing or partition.tasks:
            return
        if self._partitions.get(partition.number) is partition:
            del self._partitions[partition.number]
            restored = partition.restored if partition.began else None
            done = None if restored is None else restored.progress.done
            self._kafka.release(partition.number, done, clean=partition.clean)

    def reached(self, event: Reached) -> None:
        """Learn that nothing more lies in a partition below an offset."""
        partition = self._partitions.get(event.partition)
        if partition is None or partition.releasing:
            # What comes while it is released is not taken: it must be read again.
            return
        partition.reached = event.offset
        if partition.restored is not None:
            partition.restored.progress.reached(event.offset)

    def ends(self, event: Ends) -> None:
        """Learn how far each partition reaches."""
        for number, end in event.ends.items():
            if (partition := self._partitions.get(number)) is not None:
                partition.end = end

    def deleted(self, event: Deleted) -> None:
        """Learn how much of each partition is deleted, whether it was read or not."""
        for number, first in event.firsts.items():
            if (partition := self._partitions.get(number)) is not None:
                partition.first = max(partition.first, first)

    def expired(self, event: Expired) -> None:
        """Learn that records were deleted before they were read; go on with those left."""
        partition = self._partitions.get(event.partition)
        if partition is not None:
            partition.begins = event.first
            self.pass_over(partition, event.first)

    def pass_over(self, partition: Partition, offset: int) -> None:
        """Count what was deleted unread if it lies below *offset*, which is to be read next."""
        if partition.restored is None or offset < partition.begins:
            return
        progress = partition.restored.progress
        if (gone := partition.begins - progress.position) > 0:
            expired(Position(self._kafka.topic, partition.number, progress.position), gone)
            progress.reached(partition.begins)

    def flow(self, partition: Partition) -> None:
        """Pause or resume reading, by what is in hand."""
        match partition.in_hand.turn():
            case True:
                self._kafka.pause(partition.number)
            case False:
                self._kafka.resume(partition.number)
            case None:
                pass

    def _admit(self, partition: Partition) -> None:
        if not partition.releasing and not partition.admitted:
            partition.admitted = True
            self._lanes.admit(partition.number)

    def _wind_up(self, partition: Partition) -> None:
        if partition.releasing:
            return
        partition.releasing = True
        self._lanes.close(partition.number)
        loop = asyncio.get_running_loop()
        loop.call_later(self._settings.drain_s, self._cut, partition)
        self.ended(partition)

    def _cut(self, partition: Partition) -> None:
        if self._partitions.get(partition.number) is partition and partition.tasks:
            partition.cut = True
            _cancel(partition)

    def _changed(self) -> None:
        self._gate.pacing.shared(len(self._partitions) / self._of)
        self.settled = all(p.admitted and not p.releasing for p in self._partitions.values())


def _cancel(partition: Partition) -> None:
    for task in tuple(partition.tasks):
        task.cancel()


def _check_topic(kept: str, found: str) -> None:
    if kept and not found:
        raise UnavailableError(
            "the id of the topic of what is owed could not be asked for, and without it nobody "
            "knows whether the deliveries count its offsets"
        )
    if kept and found and kept != found:
        raise StateError(
            f"the deliveries count offsets of topic {kept}, but the topic read is {found}: "
            "it was made anew; `reset` decides where to begin"
        )
