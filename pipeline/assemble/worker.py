"""The assembler's loop: the whole path of a record, from a commerce topic to what is owed.

A record is decoded and folded into its guest; what the guest then owes, the
guest's new state, and the offset behind the record are one Kafka transaction.
It leaves in three ways: done, set aside, or the process stops.
"""

from collections.abc import Callable, Iterator
from typing import Final

from pipeline.assemble.backoff import Backoff
from pipeline.assemble.batch import Batch, undone
from pipeline.assemble.clock import SYSTEM, Clock
from pipeline.assemble.collector import collector_off
from pipeline.assemble.firing import Firing
from pipeline.assemble.keeping import Keeper
from pipeline.assemble.log import Fetched, Input, Log
from pipeline.assemble.membership import Membership
from pipeline.assemble.observe import Observer
from pipeline.assemble.outputs import WORKER, Outputs
from pipeline.assemble.restore import Restorer
from pipeline.assemble.start import start_at
from pipeline.assemble.window import Window
from pipeline.commerce.events import CommerceEvent
from pipeline.config import AssembleSettings
from pipeline.errors import FencedError, RecordError, UnavailableError
from pipeline.metrics import assemble as metrics
from pipeline.metrics import set_aside, transactions
from pipeline.orders.advance import advance
from pipeline.orders.guest import Became
from pipeline.orders.policy import OrderPolicy
from pipeline.record import Instant, Record, later
from pipeline.sitecore.flags import flags_of

ALIVE_S: Final = 180.0
"""A loop that has not turned for so long hangs: longer than asking for a verdict may take."""


class AssembleWorker:
    """One member of the assembler's group. One thread; what others may call says so."""

    def __init__(
        self,
        log: Log,
        settings: AssembleSettings,
        *,
        decode: Callable[[Record], CommerceEvent],
        policy: OrderPolicy,
        clock: Clock = SYSTEM,
    ) -> None:
        """Prepare; nothing is asked of Kafka yet.

        Args:
            log: Kafka; closed by `run`.
            settings: Batches, and where a new group begins.
            decode: Raises `RecordError` for what can never be read, and
                `UnavailableError` for what may be read later.
            policy: What the core decides by.
            clock: Says when timers are due, never what a step decides.

        Raises:
            ConfigError: `start_at` is no instant.
        """
        self._log = log
        self._settings = settings
        self._decode = decode
        self._policy = policy
        self._clock = clock
        self._members = Membership(log, clock.now)
        self._restorer = Restorer(log, self._members, start_at=start_at(settings.start_at))
        self._firing = Firing(log, self._members, policy=policy, timers_max=settings.batch_max)
        self._keeper = Keeper(log, clock)
        self._observer = Observer(log, self._members, clock)
        self._stopping = False
        self._backoff = Backoff(log, clock)
        self._gaps = transactions.Gaps()
        self._window = Window(settings.batch_window_s, clock)
        self._turned_at = clock.elapsed_s()

    def run(self) -> None:
        """Work until stopped.

        Raises:
            PipelineError: What must end the process, with its exit code.
        """
        try:
            self.start()
            with collector_off() as collector:
                while not self._stopping:
                    self.turn()
                    collector.turned(self._turned_at)
        except FencedError as error:
            transactions.fenced(str(error))
            raise
        finally:
            self.leave()

    def stop(self) -> None:
        """Let `run` finish the batch and leave the group. From any thread, or a signal handler."""
        self._stopping = True

    def alive(self) -> bool:
        """Whether the loop has turned lately. From any thread."""
        return self._clock.elapsed_s() - self._turned_at < ALIVE_S

    def ready(self) -> bool:
        """Whether we are a member, at work with all that is ours, and stay. From any thread."""
        return self._members.settled() and not self._stopping

    def start(self) -> None:
        """Check the topics, take over the transactional id, join the group."""
        self._log.open()
        self._outputs = Outputs(self._log.topics, self._log.limits())
        self._log.join(self._members)

    def turn(self) -> None:
        """Read, decide, keep: one batch, which is one transaction."""
        self._gaps.turned(self._clock.elapsed_s() - self._turned_at)
        self._turned_at = self._clock.elapsed_s()
        self._backoff.turned()
        self._restorer.turn(soon=self._longest_wait_ends_at())
        fetched = self._log.fetch(self._settings.batch_max, self._window_s())
        self._window.fetched()
        self._members.joined |= fetched.joined
        batch = Batch(self._members.active, self._outputs)
        try:
            for record in fetched.records:
                self._take(record, batch)
            batch.reach(fetched.reached)
            self._firing.fire(batch, self._clock.now())
        except UnavailableError as error:
            transactions.waited("batch", str(error))
            self._undo(fetched)
        else:
            self._keep(batch, fetched)
        self._observer.turned()

    def leave(self) -> None:
        """Give up what is ours, and close everything."""
        self._members.leaving = True
        self._log.leave()

    def _take(self, record: Record, batch: Batch) -> None:
        draft = batch.draft_for(record.position)
        if draft is None:
            return
        try:
            event = self._decode(record)
        except RecordError as error:
            batch.refuse(draft, record, error)
            return
        guest_id = event.guest_id
        guest = draft.guest(guest_id)
        step = advance(guest, event, record, self._policy)
        batch.take(draft, record, guest_id, guest, step)
        if step.became is Became.REPEAT:
            batch.repeats[type(event).__name__] += 1

    def _keep(self, batch: Batch, fetched: Fetched) -> None:
        if batch.is_empty:
            batch.keep_positions()
            return
        began = self._clock.elapsed_s()
        writes = batch.writes()
        if not self._keeper.keep(writes, batch.offsets()):
            self._undo(fetched)
            return
        batch.keep(self._keeper.mark)
        self._backoff.kept()
        took_s = self._clock.elapsed_s() - began
        transactions.kept(batch.outcomes, writes=writes, seconds=took_s)
        metrics.owes(batch.owed)
        metrics.flagged(self._flags(batch))
        metrics.repeated(batch.repeats)
        metrics.waits_ended(batch.waits)
        for reason, position in batch.refused:
            set_aside(WORKER, reason, position)

    def _flags(self, batch: Batch) -> Iterator[str]:
        """Say what is odd about the orders of a batch, if its point of sale is still there."""
        for order in batch.orders:
            pos = self._policy.points_of_sale.get(order.context.point_of_sale)
            if pos is not None:
                yield from (flag.name for flag in flags_of(order, pos))

    def _undo(self, fetched: Fetched) -> None:
        """Drop the batch: read it again after a while, and stay a member until then."""
        # An end is told once: what was reached past the last record must be told again.
        inputs = {Input(*record.position[:2]) for record in fetched.records} | set(fetched.reached)
        self._backoff.failed(undone(self._members.active, inputs))
        self._outputs.limits = self._log.limits()

    def _window_s(self) -> float:
        """Wait for records only where some may come."""
        members = self._members
        if not (members.active or members.settled() or not members.joined):
            return 0.0
        return self._window.left_s()

    def _longest_wait_ends_at(self) -> Instant:
        policy = self._policy
        waits_s = (policy.identity_wait_s, policy.payment_wait_s, policy.lines_wait_s)
        return later(self._clock.now(), max(*waits_s, policy.order_wait_s))
