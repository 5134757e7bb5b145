"""The deliver worker as the program runs it: on a loop of its own, until it is stopped."""

import asyncio
import gc
import random
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from pipeline.deliver.deliverer import Deliverer
from pipeline.deliver.port import KafkaPort, Sender
from pipeline.record import Instant
from pipeline.settings import DeliverSettings
from pipeline.sitecore.policy import DeliveryPolicy

ALIVE_S: Final = 30.0
"""A loop that has not turned for so long hangs."""
CLOSE_S: Final = 10.0
"""Longest wait for the group to be left after a fault."""
GC_AFTER: Final = 50_000
"""Objects that may gather before cycles are looked for among the youngest."""
_ELAPSED: Final = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""Linux has a clock that counts the time of a machine that was suspended, too."""


class MachineClock:
    """The machine's own time and dice."""

    def __init__(self) -> None:
        self.elapsed_s: Callable[[], float] = partial(time.clock_gettime, _ELAPSED)
        """Seconds of a clock that never jumps."""

    def now(self) -> Instant:
        """The time of day."""
        return Instant(time.time_ns() // 1_000_000)

    def jitter(self) -> float:
        """A random number in [0, 1)."""
        return random.random()  # noqa: S311 — spreads tries, guards nothing


class DeliverWorker:
    """Delivers what is owed, until it is stopped or cannot go on."""

    def __init__(
        self,
        kafka: KafkaPort,
        settings: DeliverSettings,
        *,
        api: Sender,
        policy: DeliveryPolicy,
    ) -> None:
        """Take what is needed; *api* is closed at the end of `run`."""
        self._kafka = kafka
        self._settings = settings
        self._api = api
        self._policy = policy
        self._clock = MachineClock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._deliverer: Deliverer | None = None
        self._stopped = False

    def run(self) -> None:
        """Work until stopped.

        Raises:
            ConfigError: Topics are missing or do not fit each other.
            StateError: Offsets, state and topics contradict each other.
            FatalKafkaError: Kafka ended us.
        """
        # What is in hand lives long, and reference counts free nearly all of the rest: with the
        # defaults a fifth of all time goes into looking for cycles among thousands of records.
        gc.freeze()
        gc.set_threshold(GC_AFTER, 20, 20)
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(self._main())

    def stop(self) -> None:
        """Let `run` end in order; from any thread, or a signal handler."""
        self._stopped = True
        if (loop := self._loop) is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._stop)

    def alive(self) -> bool:
        """Whether both threads turned lately; on any thread."""
        if (deliverer := self._deliverer) is None:
            return not self._stopped
        turned = self._clock.elapsed_s() - deliverer.beaten_at < ALIVE_S
        return turned and self._kafka.alive()

    def ready(self) -> bool:
        """Whether everything that is ours is being delivered; on any thread."""
        deliverer = self._deliverer
        return deliverer is not None and self._kafka.joined() and deliverer.ready

    async def _main(self) -> None:
        loop = asyncio.get_running_loop()
        deliverer = Deliverer(
            self._kafka, self._settings, api=self._api, policy=self._policy, clock=self._clock
        )
        self._deliverer, self._loop = deliverer, loop
        deliverer.begin()
        if self._stopped:
            deliverer.stop()
        try:
            await deliverer.ended
        finally:
            await deliverer.close(CLOSE_S)
            await self._api.close()

    def _stop(self) -> None:
        if self._deliverer is not None:
            self._deliverer.stop()


def _loop_factory() -> Any:
    try:
        import uvloop  # noqa: PLC0415 — it does not exist for every system
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop
