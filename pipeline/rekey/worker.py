"""Rekey's loop: the whole path of a record, from a source to where its guest's records lie.

It remembers nothing. What a batch writes and the offsets behind it are one Kafka
transaction; a record leaves in three ways: moved, set aside, or the process stops.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from pipeline.assemble.backoff import Backoff
from pipeline.assemble.clock import SYSTEM, Clock
from pipeline.assemble.keeping import Keeper
from pipeline.assemble.log import Fetched, Input, Log
from pipeline.assemble.start import start_at
from pipeline.assemble.unread import Since
from pipeline.assemble.window import Window
from pipeline.config import RekeySettings
from pipeline.errors import FencedError, RecordError, UnavailableError
from pipeline.kafka.entries import Write
from pipeline.kafka.placement import PartitionOf
from pipeline.metrics import partitions_are, set_aside, transactions
from pipeline.metrics.backlog import Backlog
from pipeline.record import GuestId, Instant, Position, Record
from pipeline.rekey.outputs import TOO_LARGE, WORKER, Outputs, reason_of
from pipeline.rekey.sources import Sources

ALIVE_S: Final = 180.0
"""A loop that has not turned for so long hangs: longer than asking for a verdict may take."""
LAG_EVERY_S: Final = 10.0
MOVED: Final = "rekeyed"


@dataclass(slots=True)
class _Batch:
    """What one transaction is about to write, and how far that was read."""

    writes: list[Write] = field(default_factory=list)
    positions: dict[Input, int] = field(default_factory=dict)
    taken_at: dict[Input, Instant] = field(default_factory=dict)
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    refused: list[tuple[str, Position]] = field(default_factory=list)


class RekeyWorker:
    """One member of rekey's group. One thread; what others may call says so."""

    def __init__(
        self,
        log: Log,
        settings: RekeySettings,
        *,
        guest_of: Callable[[Record], GuestId],
        partition_of: PartitionOf,
        clock: Clock = SYSTEM,
    ) -> None:
        """Prepare; nothing is asked of Kafka yet.

        Args:
            log: Kafka; its inputs are the sources. Closed by `run`.
            settings: Batches, and where a new group begins.
            guest_of: Reads whose a record is; raises `RecordError` where it does not say, and
                `UnavailableError` for what may be read later.
            partition_of: The rule by which keys are placed.
            clock: Says when to try again, and the time of records whose own is not taken.
        """
        self._log = log
        self._settings = settings
        self._guest_of = guest_of
        self._partition_of = partition_of
        self._clock = clock
        self._start_at = start_at(settings.start_at)
        self._sources = Sources()
        self._keeper = Keeper(log, clock)
        self._backoff = Backoff(log, clock)
        self._window = Window(settings.batch_window_s, clock)
        self._gaps = transactions.Gaps()
        self._backlog = Backlog(WORKER)
        self._since = Since()
        self._taken_at: dict[Input, Instant] = {}
        self._stopping = False
        self._turned_at = self._lag_at = clock.elapsed_s()

    def run(self) -> None:
        """Work until stopped.

        Raises:
            PipelineError: What must end the process, with its exit code.
        """
        try:
            self.start()
            while not self._stopping:
                self.turn()
        except FencedError as error:
            transactions.fenced(str(error))
            raise
        finally:
            self._log.leave()

    def stop(self) -> None:
        """Let `run` finish the batch and leave the group. From any thread, or a signal handler."""
        self._stopping = True

    def alive(self) -> bool:
        """Whether the loop has turned lately. From any thread."""
        return self._clock.elapsed_s() - self._turned_at < ALIVE_S

    def ready(self) -> bool:
        """Whether we are a member, read all that is ours, and stay. From any thread."""
        return self._sources.settled() and not self._stopping

    def start(self) -> None:
        """Check the topics, take over the transactional id, join the group."""
        self._log.open()
        self._outputs = Outputs(self._log.topics, self._log.limits(), self._partition_of)
        self._log.join(self._sources)

    def turn(self) -> None:
        """Read, decide, keep: one batch, which is one transaction."""
        self._gaps.turned(self._clock.elapsed_s() - self._turned_at)
        self._turned_at = self._clock.elapsed_s()
        self._backoff.turned()
        try:
            self._sources.begin(self._log, self._start_at)
        except UnavailableError as error:
            transactions.waited("offsets", str(error))
        fetched = self._log.fetch(self._settings.batch_max, self._window.left_s())
        self._window.fetched()
        self._sources.joined |= fetched.joined
        try:
            batch = self._decide(fetched)
        except UnavailableError as error:
            transactions.waited("batch", str(error))
            self._undo(fetched)
        else:
            self._keep(batch, fetched)
        self._show_lag()

    def _decide(self, fetched: Fetched) -> _Batch:
        batch = _Batch()
        for record in fetched.records:
            one = Input(*record.position[:2])
            reached = batch.positions.get(one, self._sources.positions.get(one))
            # What has just been taken away is another's; what was given back is read again.
            if reached is None or record.position.offset < reached:
                continue
            outcome = self._take(record, batch)
            batch.outcomes[one.topic, outcome] += 1
            if outcome != MOVED:
                batch.refused.append((outcome, record.position))
            batch.positions[one] = record.position.offset + 1
            batch.taken_at[one] = record.timestamp
        return batch

    def _take(self, record: Record, batch: _Batch) -> str:
        """Add what a record becomes, and say what that is."""
        try:
            guest_id = self._guest_of(record)
        except RecordError as error:
            batch.writes.append(self._outputs.letter(record, error))
            return reason_of(error)
        if not self._outputs.takes(record):
            batch.writes.append(self._outputs.too_large(record))
            return TOO_LARGE
        batch.writes.append(self._outputs.moved(record, guest_id, self._clock.now()))
        return MOVED

    def _keep(self, batch: _Batch, fetched: Fetched) -> None:
        if not batch.positions:
            return
        began = self._clock.elapsed_s()
        if not self._keeper.keep(batch.writes, batch.positions):
            self._undo(fetched)
            return
        self._sources.positions |= batch.positions
        self._taken_at |= batch.taken_at
        self._backoff.kept()
        took_s = self._clock.elapsed_s() - began
        transactions.kept(batch.outcomes, writes=batch.writes, seconds=took_s)
        for reason, position in batch.refused:
            set_aside(WORKER, reason, position)

    def _undo(self, fetched: Fetched) -> None:
        """Drop the batch: read it again after a while, and stay a member until then."""
        read = {Input(*record.position[:2]) for record in fetched.records}
        positions = self._sources.positions
        self._backoff.failed({one: positions[one] for one in read if one in positions})
        self._outputs.limits = self._log.limits()

    def _show_lag(self) -> None:
        if self._clock.elapsed_s() - self._lag_at < LAG_EVERY_S:
            return
        self._lag_at = self._clock.elapsed_s()
        positions = self._sources.positions
        partitions_are(at_work=len(positions), waiting=len(self._sources.fresh))
        try:
            ends = self._log.ends(positions)
        except UnavailableError:
            return
        lag = {one: max(0, end - positions[one]) for one, end in ends.items()}
        self._taken_at = {one: at for one, at in self._taken_at.items() if one in lag}
        oldest_at = self._since.oldest(lag, taken_at=self._taken_at, now=self._clock.now())
        self._backlog.seen(lag, oldest_at=oldest_at)
