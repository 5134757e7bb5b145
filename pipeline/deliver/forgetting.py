"""Removes guests from the deliveries of whom nothing can be owed any more."""

import asyncio
from collections.abc import Callable
from itertools import islice
from typing import Final

from pipeline.deliver import ledger_state
from pipeline.deliver.means import Means
from pipeline.deliver.partition import Partition, Restored
from pipeline.metrics import deliver as metrics
from pipeline.record import GuestId
from pipeline.sitecore.delivery import Delivery
from pipeline.sitecore.tidy import remembered

CHUNK: Final = 500
"""Guests looked at in one go, before others on the loop have a turn."""
PAUSE_S: Final = 0.01


class Forgetting:
    """Looks through a partition's guests whenever more of what is owed was deleted.

    All of a guest's records were finished below an offset; once everything below it is deleted, a
    restart finds none of them again.
    """

    def __init__(self, means: Means, go_on: Callable[[], None]) -> None:
        """Take *go_on*, to be called when a guest's lane is free again."""
        self._by = means
        self._go_on = go_on

    def look(self) -> None:
        """Begin to look through those partitions where it may be worth it."""
        for partition in self._by.owns:
            at_work = partition.admitted and not partition.releasing
            if at_work and partition.restored is not None and partition.first > partition.looked:
                partition.looked = partition.first
                self._by.owns.work(partition, self._look(partition, partition.restored))

    async def _look(self, partition: Partition, restored: Restored) -> None:
        guests = iter(restored.ledger.guests())
        while chunk := tuple(islice(guests, CHUNK)):
            for guest in chunk:
                if partition.releasing:
                    return
                if restored.ledger.finished(guest) <= partition.looked:
                    await self._forget(partition, restored, guest)
            await asyncio.sleep(PAUSE_S)

    async def _forget(self, partition: Partition, restored: Restored, guest: GuestId) -> None:
        """Forget a guest, unless something of theirs is in hand; it waits until that is written."""
        by = self._by
        if by.lanes.at(partition.number, guest) is not None:
            return
        known = restored.ledger.delivery(guest)
        left = remembered(known, by.clock.now(), by.policy)
        if left == known:
            return
        lane = by.lanes.occupy(partition.number, guest, left or Delivery.new(guest))
        lane.assignment = partition.assignment
        value = None if left is None else ledger_state.encode(left)
        await by.writes.keep(partition.number, guest.encode(), value)
        if value is None:
            restored.ledger.forget(guest)
            metrics.FORGOTTEN.inc()
        else:
            restored.ledger.put(guest, value)
        by.lanes.back(lane)
        self._go_on()
