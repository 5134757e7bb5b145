"""The deliverer on its event loop: what Kafka says, once a second a commit, and the end."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final, assert_never

from pipeline.deliver import port
from pipeline.deliver.breaker import Breaker, State
from pipeline.deliver.forgetting import Forgetting
from pipeline.deliver.gate import Gate
from pipeline.deliver.holds import Holds
from pipeline.deliver.lanes import Lanes
from pipeline.deliver.lease import Lease
from pipeline.deliver.means import Means
from pipeline.deliver.observe import Observer
from pipeline.deliver.ownership import Ownership
from pipeline.deliver.pacing import Pacing
from pipeline.deliver.partition import Partition
from pipeline.deliver.worker import Worker
from pipeline.deliver.writes import Writes
from pipeline.settings import DeliverSettings
from pipeline.sitecore.policy import DeliveryPolicy

FAILURES_MAX: Final = 3
"""Consecutive failures that open the breaker; fewer where fewer unknown outcomes give up."""
BEAT_S: Final = 1.0
"""Time between two commits."""


class Deliverer:
    """Runs from `begin` to `ended`, on the loop in which it was made."""

    def __init__(
        self,
        kafka: port.KafkaPort,
        settings: DeliverSettings,
        *,
        api: port.Sender,
        policy: DeliveryPolicy,
        clock: port.Clock,
    ) -> None:
        self._kafka = kafka
        self._clock = clock
        self._gate = gate = _gate(settings)
        lanes = Lanes()
        self._owns = owns = Ownership(kafka, settings, lanes=lanes, gate=gate, clock=clock)
        timeout_s = settings.request_timeout_s
        self._writes = writes = Writes(kafka, gate.lease, request_timeout_s=timeout_s, clock=clock)
        self._observer = Observer(gate, lanes, owns=owns, topic=kafka.topic, clock=clock)
        self._holds = Holds(gate.breaker, owns, writes)
        means = Means(
            api=api,
            policy=policy,
            clock=clock,
            gate=gate,
            lanes=lanes,
            owns=owns,
            writes=writes,
            holds=self._holds,
            observer=self._observer,
        )
        self._worker = Worker(means, self.fail)
        self._forgetting = Forgetting(means, self._worker.go_on)
        self._loop = asyncio.get_running_loop()
        self._draining = False
        self._left = False
        self.ended: asyncio.Future[None] = self._loop.create_future()
        """Done when there is nothing more to do; holds what went wrong."""
        self._gone: asyncio.Future[None] = self._loop.create_future()
        self.beaten_at = clock.elapsed_s()
        """When the loop turned last; to be read on any thread."""

    def begin(self) -> None:
        """Join the group."""
        self._loop.set_exception_handler(self._heed)
        self._kafka.start(self._inbox)
        self._beat()

    def _inbox(self, events: Sequence[port.Event]) -> None:
        self._loop.call_soon_threadsafe(self.take, events)

    def take(self, events: Sequence[port.Event]) -> None:
        """Take what Kafka says, in order."""
        for event in events:
            self._take(event)
        self._worker.go_on()

    def stop(self) -> None:
        """Start nothing more; leave once what is under way has ended."""
        if not self._draining:
            self._draining = True
            self._owns.release_all()
            self._leave_if_idle()

    def fail(self, error: BaseException) -> None:
        """End with an error: nothing more is committed."""
        if not self.ended.done():
            self.ended.set_exception(error)

    async def close(self, wait_s: float) -> None:
        """Drop what is under way after a fault, and wait until the group was left."""
        self._draining = True
        self._owns.drop_all()
        if not self._left:
            self._left = True
            self._kafka.leave()
        await asyncio.wait([self._gone], timeout=wait_s)

    @property
    def ready(self) -> bool:
        """Whether everything that is ours is being delivered; on any thread."""
        held = self._gate.state is State.HELD
        return self._owns.settled and not self._draining and not held

    def _take(self, event: port.Event) -> None:
        match event:
            case port.Read(partition=number, records=records):
                self._worker.read(number, records)
                self._kafka.taken()
            case port.Failed(error=error):
                self.fail(error)
            case port.Left():
                self._go()
                if not self.ended.done():
                    self.ended.set_result(None)
            case _:
                self._change(event)

    def _change(
        self,
        event: port.Assigned
        | port.Restored
        | port.Reached
        | port.Committed
        | port.Revoking
        | port.Lost
        | port.Ends
        | port.Deleted
        | port.Expired,
    ) -> None:
        match event:
            case port.Assigned():
                self._assigned(event)
            case port.Restored():
                self._restored(event)
            case port.Reached():
                self._owns.reached(event)
            case port.Committed():
                self._owns.committed(event)
                self._holds.follow()
            case port.Revoking():
                self._owns.revoking(event)
            case port.Lost():
                self._owns.lost(event)
            case _:
                self._heard(event)

    def _heard(self, event: port.Ends | port.Deleted | port.Expired) -> None:
        match event:
            case port.Ends():
                self._owns.ends(event)
            case port.Deleted():
                self._owns.deleted(event)
            case port.Expired():
                self._owns.expired(event)
            case _:
                assert_never(event)

    def _assigned(self, event: port.Assigned) -> None:
        self._owns.assigned(event)
        if self._draining:
            # A rebalance may give while we only wait to leave.
            self._owns.release_all()

    def _restored(self, event: port.Restored) -> None:
        partition = self._owns.restored(event)
        if partition is None or partition.restored is None:
            return
        if not partition.began:
            self._owns.work(partition, self._begin(partition))
        self._holds.found(partition.restored.ledger.hold, self._clock.elapsed_s())
        self._worker.restored(partition, partition.restored)

    async def _begin(self, partition: Partition) -> None:
        """Say that the partition was begun; only then its first offset is committed."""
        await self._writes.begin(partition.number)
        partition.began = True
        self._owns.commit()

    def _beat(self) -> None:
        self.beaten_at = self._clock.elapsed_s()
        self._owns.commit()
        self._holds.follow()
        self._forgetting.look()
        self._observer.show()
        self._worker.go_on()
        if self._draining:
            self._leave_if_idle()
        if not self.ended.done():
            self._loop.call_later(BEAT_S, self._beat)

    def _heed(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """End on a fault in a callback of the loop: going on would be half-blind."""
        error = context.get("exception")
        self.fail(error if error is not None else RuntimeError(str(context.get("message"))))

    def _go(self) -> None:
        if not self._gone.done():
            self._gone.set_result(None)

    def _leave_if_idle(self) -> None:
        if not self._left and not len(self._owns):
            self._left = True
            self._kafka.leave()


def _gate(settings: DeliverSettings) -> Gate:
    failures_max = min(FAILURES_MAX, settings.unknown_tries_max)
    return Gate(
        in_flight_max=settings.in_flight_max,
        lease=Lease(settings.lease_s),
        breaker=Breaker(failures_max, settings.retry_after_max_s),
        pacing=Pacing(settings.requests_per_s),
    )
