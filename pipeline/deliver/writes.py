"""Writes that must be in Kafka before anything goes on: each is repeated until it is."""

import asyncio
from functools import partial
from typing import Final

from pipeline.deliver import ledger_state
from pipeline.deliver.lease import Lease
from pipeline.deliver.port import Clock, KafkaPort
from pipeline.kafka.dead_letters import DeadLetter
from pipeline.metrics import deliver as metrics

RETRY_S: Final = 1.0


class Writes:
    """Waits for Kafka's acknowledgement; what it does not acknowledge is written again."""

    def __init__(
        self, kafka: KafkaPort, lease: Lease, *, request_timeout_s: float, clock: Clock
    ) -> None:
        self._kafka = kafka
        self._lease = lease
        self._request_timeout_s = request_timeout_s
        self._clock = clock
        self._loop = asyncio.get_running_loop()

    async def keep(self, partition: int, key: bytes, value: bytes | None) -> None:
        """Write one value of the deliveries.

        It is written only while the partition is surely ours: another owner may have written
        something newer. The first time the lease may have run out by as much as a request takes,
        which is allowed for; if by more, the process was frozen over the answer.
        """
        began = self._clock.elapsed_s()
        error: str | None = "too late to be sure that the partition is ours"
        if self._lease.holds(began - self._request_timeout_s):
            error = await self._kept(partition, key, value)
        while error is not None:
            metrics.write_failed("delivery", error)
            await asyncio.sleep(RETRY_S)
            if self._lease.holds(self._clock.elapsed_s()):
                error = await self._kept(partition, key, value)
        metrics.LEDGER_SECONDS.observe(self._clock.elapsed_s() - began)

    async def begin(self, partition: int) -> None:
        """Write among its deliveries that a partition was begun.

        There is nothing that this could overwrite, so nobody asks whether the partition is ours.
        """
        key, value = ledger_state.BEGAN_KEY, ledger_state.BEGAN
        while (error := await self._kept(partition, key, value)) is not None:
            metrics.write_failed("beginning", error)
            await asyncio.sleep(RETRY_S)

    async def letter(self, partition: int, letter: DeadLetter) -> None:
        """Write one dead letter."""
        while (error := await self._written(partition, letter)) is not None:
            metrics.write_failed("letter", error)
            await asyncio.sleep(RETRY_S)

    def _kept(self, partition: int, key: bytes, value: bytes | None) -> asyncio.Future[str | None]:
        answer = self._answer()
        self._kafka.keep(partition, key, value=value, done=partial(_take, answer))
        return answer

    def _written(self, partition: int, letter: DeadLetter) -> asyncio.Future[str | None]:
        answer = self._answer()
        self._kafka.letter(partition, letter, done=partial(_take, answer))
        return answer

    def _answer(self) -> asyncio.Future[str | None]:
        return self._loop.create_future()


def _take(answer: asyncio.Future[str | None], error: str | None) -> None:
    # The waiting step may have been cut.
    if not answer.done():
        answer.set_result(error)
