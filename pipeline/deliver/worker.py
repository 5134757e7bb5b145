"""The whole path of a record: read, into its lane, sent, judged, absorbed, kept, finished.

Everything here runs on one event loop. A record leaves in three ways: done, set aside, or the
process stops. Offsets are committed by `ownership`, up to the first record that has not left.
"""

import asyncio
import math
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Final, assert_never

from pipeline.deliver import ledger_state
from pipeline.deliver.breaker import State, Verdict
from pipeline.deliver.erasures import Erasures
from pipeline.deliver.lanes import Item, Lane
from pipeline.deliver.letters import ERASED, WORKER, letter_of
from pipeline.deliver.means import Means
from pipeline.deliver.observe import Exit
from pipeline.deliver.partition import Partition, Restored, marked
from pipeline.deliver.reading import Reader, guest_of, next_owed, owed_of
from pipeline.deliver.timer import Timer
from pipeline.metrics import deliver as metrics
from pipeline.metrics import set_aside
from pipeline.record import Instant, Record, seconds_between
from pipeline.refusal import Refusal
from pipeline.sitecore.absorb import absorb
from pipeline.sitecore.delivery import Delivery, arrive_at, finish
from pipeline.sitecore.judge import judge
from pipeline.sitecore.next_step import Finished, Send, SetAside, Wait, next_step
from pipeline.sitecore.outcome import Outcome, Retry, Throttle
from pipeline.sitecore.owed import Owed
from pipeline.sitecore.refuse import as_refusal
from pipeline.sitecore.request import CreateBrowser, Request

TURNS_MAX: Final = 256
"""Steps decided in one go, before others on the loop have a turn."""


class Worker:
    """Lets every guest's lane go on, one step at a time."""

    def __init__(self, means: Means, fail: Callable[[BaseException], None]) -> None:
        """Take *fail* for what must end the process."""
        self._by = means
        self._fail = fail
        self._loop = asyncio.get_running_loop()
        self._reader = Reader()
        self._timer = Timer(self._turns)
        self._erasures = Erasures(means.lanes, means.gate.lease)
        self._passed_over = 0

    def read(self, number: int, records: Sequence[Record]) -> None:
        """Take records of a partition in hand; those of one that is no longer ours are left."""
        partition = self._by.owns.at(number)
        if partition is None or partition.releasing:
            return
        now = self._by.clock.elapsed_s()
        for record in records:
            item = self._reader.item(record, now)
            partition.in_hand.taken(item.size)
            if partition.restored is None:
                partition.early.append(item)
            else:
                self._take(partition, partition.restored, item)
        self._by.owns.flow(partition)
        self.go_on()

    def restored(self, partition: Partition, restored: Restored) -> None:
        """Take what was read while the partition's deliveries were still on their way."""
        early, partition.early = partition.early, []
        for item in early:
            self._by.owns.pass_over(partition, item.record.position.offset)
            self._take(partition, restored, item)
        self._by.owns.pass_over(partition, partition.begins)
        restored.progress.reached(partition.reached)
        self._by.owns.flow(partition)
        self.go_on()

    def _take(self, partition: Partition, restored: Restored, item: Item) -> None:
        at, guest = item.record.position.offset, guest_of(item.record)
        if at < restored.progress.position:
            # Kafka's client may say something twice; it is in hand, or done.
            partition.in_hand.finished(item.size)
            return
        restored.progress.read(at, item.record.timestamp)
        if at < restored.ledger.finished(guest):
            self._leave(partition, item, Exit("skipped", "finished_before"))
            return
        lane = self._by.lanes.at(partition.number, guest)
        if lane is None:
            delivery = restored.ledger.delivery(guest)
            lane = self._by.lanes.open(partition.number, guest, delivery)
            lane.assignment = partition.assignment
        lane.suspect |= restored.suspicion.falls_on(guest, at)
        self._by.lanes.add(lane, item)
        if item.erases:
            self._erasures.add(lane)

    # Decide.

    def go_on(self) -> None:
        """Let lanes take steps in this turn of the loop."""
        self._timer.now()

    def _turns(self) -> None:
        by, now = self._by, self._by.clock.elapsed_s()
        by.observer.turns(now)
        by.lanes.wake(by.clock.now())
        for lane in self._erasures.begin(now):
            self._run(lane, self._erase(lane))
        for _ in range(TURNS_MAX):
            if by.gate.wait_s(by.clock.elapsed_s()) > 0 or (taken := by.lanes.take()) is None:
                break
            by.observer.taken(taken)
            self._step(taken)
        by.observer.waiting()
        if by.lanes.ready() and (wait_s := by.gate.wait_s(by.clock.elapsed_s())) < math.inf:
            self._timer.within(wait_s)
        if (wake_at := by.lanes.next_wake()) is not None:
            self._timer.within((wake_at - by.clock.now()) / 1000)

    def _step(self, lane: Lane) -> None:
        owed = next_owed(lane.items[0], lane.delivery)
        if isinstance(owed, Refusal):
            self._run(lane, self._set_aside(lane, owed, lane.delivery))
            return
        match step := next_step(lane.delivery, owed, self._by.clock.now(), self._by.policy):
            case Send(request=request):
                self._start(lane, owed, request)
            case Wait(until=until, cause=cause):
                self._sleep(lane, until, cause)
            case Finished(delivery=delivery, skipped=skipped):
                self._skip(lane, delivery, skipped or "nothing_owed")
            case SetAside() if self._by.gate.state is State.HELD and lane.was_refused:
                # Refused before the hold began, perhaps for the same fault of ours: it may probe.
                lane.forget_refusal()
                self._by.lanes.back(lane)
            case SetAside(refusal=refusal, delivery=delivery):
                self._run(lane, self._set_aside(lane, refusal, delivery))
            case _:
                assert_never(step)

    def _sleep(self, lane: Lane, until: Instant, cause: str) -> None:
        metrics.waited(cause, seconds_between(self._by.clock.now(), until))
        self._by.lanes.sleep(lane, until)

    def _skip(self, lane: Lane, delivery: Delivery, why: str) -> None:
        """Be done with a record that needs no request; written only if that says something new."""
        if delivery == lane.delivery and lane.items[0].sequence <= delivery.sequence:
            self._leave_lane(lane, Exit("skipped", why))
            self._by.lanes.back(lane)
        else:
            self._run(lane, self._finish(lane, delivery, Exit("skipped", why)))

    def _start(self, lane: Lane, owed: Owed, request: Request) -> None:
        """Start a request; a probe of a hold asks for no browser id while that can be helped."""
        by = self._by
        held = by.gate.state is State.HELD
        if held and isinstance(request, CreateBrowser) and self._passed_over < len(by.lanes):
            self._passed_over += 1
            by.lanes.back(lane)
            return
        self._passed_over = 0
        probe = by.gate.start(by.clock.elapsed_s())
        self._run(lane, self._send(lane, owed, marked(request, lane), probe=probe))

    def _run(self, lane: Lane, work: Coroutine[None, None, None]) -> None:
        """Let a step take its time; the lane is busy until it ends."""
        partition, _ = self._ours(lane)
        self._by.gate.in_flight += 1
        task = self._loop.create_task(work)
        partition.tasks.add(task)
        task.add_done_callback(partial(self._ended, lane, partition))

    def _ended(self, lane: Lane, partition: Partition, task: asyncio.Task[None]) -> None:
        partition.tasks.discard(task)
        self._by.gate.in_flight -= 1
        if not task.cancelled() and (error := task.exception()) is not None:
            self._fail(error)
            return
        self._by.lanes.back(lane)
        self._by.owns.ended(partition)
        self.go_on()

    # Send, judge, absorb, keep.

    async def _send(self, lane: Lane, owed: Owed, request: Request, *, probe: bool) -> None:
        outcome, verdict = await self._judged(lane, request, probe=probe)
        if verdict is Verdict.VOID:
            return
        now = self._by.clock.now()
        absorbed = absorb(
            lane.delivery,
            owed,
            request,
            outcome,
            now=now,
            jitter=self._by.clock.jitter(),
            policy=self._by.policy,
            excused=verdict is Verdict.EXCUSED,
        )
        if absorbed.abandoned:
            metrics.ABANDONED.inc(absorbed.abandoned)
        if absorbed.letter is not None:
            await self._letter(lane.items[0], absorbed.letter)
        after = next_step(absorbed.delivery, owed, now, self._by.policy)
        if isinstance(after, Finished):
            await self._finish(lane, after.delivery, Exit("delivered"))
        elif absorbed.delivery != lane.delivery:
            at, topic_id = lane.items[0].record.position.offset, self._ours(lane)[1].topic_id
            await self._keep(lane, arrive_at(absorbed.delivery, at, topic_id))

    async def _judged(
        self, lane: Lane, request: Request, *, probe: bool
    ) -> tuple[Outcome, Verdict]:
        by, began = self._by, self._by.clock.elapsed_s()
        if not by.gate.lease.holds(began):
            # The process was frozen since the step was decided.
            by.gate.breaker.dropped(probe=probe)
            return Retry("lease"), Verdict.VOID
        try:
            reply = await by.api.send(request)
            self._ours(lane)
        except asyncio.CancelledError:
            by.gate.breaker.dropped(probe=probe)
            metrics.request_dropped()
            raise
        ended = by.clock.elapsed_s()
        outcome = judge(request, reply, now=by.clock.now(), rules=by.policy.answers)
        by.observer.judged(lane, request, outcome, ended - began)
        heard = as_refusal(lane.delivery, request, outcome)
        verdict = by.gate.judged(lane.guest, heard, probe=probe, now=ended)
        by.holds.heed()
        if verdict is not Verdict.VOID and not isinstance(outcome, Retry | Throttle):
            self._ours(lane)[1].suspicion.clear(lane)
        return outcome, verdict

    async def _keep(self, lane: Lane, delivery: Delivery) -> None:
        """Write down what Sitecore has now; only then the lane may go on from it."""
        value = ledger_state.encode(delivery)
        await self._by.writes.keep(lane.partition, lane.guest.encode(), value)
        self._ours(lane)[1].ledger.put(lane.guest, value)
        lane.delivery = delivery

    # Leave.

    async def _finish(self, lane: Lane, delivery: Delivery, how: Exit) -> None:
        topic_id, item = self._ours(lane)[1].topic_id, lane.items[0]
        at = item.record.position.offset
        await self._keep(lane, finish(delivery, at, topic_id, item.sequence))
        self._leave_lane(lane, how)

    async def _set_aside(self, lane: Lane, refusal: Refusal, delivery: Delivery) -> None:
        """Write the dead letter, then finish; a letter that cannot be written pins the prefix."""
        await self._letter(lane.items[0], refusal)
        await self._finish(lane, delivery, Exit("set_aside", refusal.rule))

    async def _erase(self, lane: Lane) -> None:
        """Set aside all that was owed before an erasure, by position only; then erase."""
        while not lane.items[0].erases:
            await self._letter(lane.items[0], ERASED)
            self._leave_lane(lane, Exit("set_aside", ERASED.rule))
        owed = owed_of(lane.items[0], lane.guest)
        step = next_step(lane.delivery, owed, self._by.clock.now(), self._by.policy)
        if isinstance(step, Finished):
            await self._finish(lane, step.delivery, Exit("skipped", "erasure"))

    async def _letter(self, item: Item, refusal: Refusal) -> None:
        letter = letter_of(item, refusal, self._by.clock.now())
        await self._by.writes.letter(item.record.position.partition, letter)
        set_aside(WORKER, refusal.rule, item.record.position)

    def _leave_lane(self, lane: Lane, how: Exit) -> None:
        """Be done with the first record of a lane; the next one has waited for that."""
        self._leave(self._ours(lane)[0], lane.pop(), how)
        if lane.items:
            self._by.observer.first(lane.items[0])

    def _leave(self, partition: Partition, item: Item, how: Exit) -> None:
        """Count a record as finished: nothing of it is needed any more."""
        if (restored := partition.restored) is not None:
            restored.progress.finish(item.record.position.offset)
        partition.in_hand.finished(item.size)
        self._by.owns.flow(partition)
        self._by.observer.left(item, how)

    def _ours(self, lane: Lane) -> tuple[Partition, Restored]:
        """What a step works on.

        Raises:
            CancelledError: It is no longer ours. The step was cancelled for that; an answer that
                came in the same moment may have hidden it.
        """
        partition = self._by.owns.at(lane.partition)
        if partition is None or partition.assignment != lane.assignment:
            raise asyncio.CancelledError
        if partition.restored is None:
            raise RuntimeError(f"a step of partition {lane.partition} before it was restored")
        return partition, partition.restored
