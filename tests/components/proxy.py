"""A loopback proxy before a Kafka broker that delays, holds, loses and cuts what passes through it.

The broker must advertise the proxy's port: see `Broker.behind_port`. Kafka's
frames begin with their length; a request goes on with its kind, its version and
a number that the answer bears too.
"""

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum


class Api(IntEnum):
    """Kinds of requests, by Kafka's numbers."""

    PRODUCE = 0
    FETCH = 1
    OFFSET_FETCH = 9
    DELETE_RECORDS = 21
    INIT_PRODUCER_ID = 22
    ADD_PARTITIONS_TO_TXN = 24
    ADD_OFFSETS_TO_TXN = 25
    END_TXN = 26
    TXN_OFFSET_COMMIT = 28
    DELETE_GROUPS = 42


@dataclass(eq=False)
class Fault:
    """What befalls requests of one kind, or their answers, until it is ended."""

    api: Api
    of: bytes
    """Only requests that hold these bytes, such as a transactional id."""
    answers: bool
    """It befalls the answer: the broker has done what was asked."""
    holds: bool
    """What it meets passes once it has ended; else it is lost."""
    loop: asyncio.AbstractEventLoop
    met: threading.Event = field(default_factory=threading.Event)
    """Set once it has met something."""
    _over: asyncio.Event = field(default_factory=asyncio.Event)

    def end(self) -> None:
        """Let everything pass from now on."""
        self.loop.call_soon_threadsafe(self._over.set)

    def concerns(self, api: int, frame: bytes) -> bool:
        """Whether it befalls a request."""
        return api == self.api and self.of in frame and not self._over.is_set()

    async def takes(self) -> bool:
        """Hold a frame as long as need be, and say whether it is lost."""
        if self._over.is_set():
            return False
        self.met.set()
        if self.holds:
            await self._over.wait()
        return not self.holds


class Proxy:
    """Stands before one broker."""

    def __init__(self, port: int, target_port: int) -> None:
        """Prepare to pass on what comes to *port*."""
        self.bootstrap = f"127.0.0.1:{port}"
        self.delay_s = 0.0
        """How long each answer is kept back."""
        self._port = port
        self._target_port = target_port
        self._faults: list[Fault] = []
        self._away = False
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)

    def hold(self, api: Api, of: bytes = b"") -> Fault:
        """Keep requests back until the fault is ended."""
        return self._befall(api, of, holds=True)

    def lose(self, api: Api, of: bytes = b"") -> Fault:
        """Lose requests: the broker never hears of them."""
        return self._befall(api, of)

    def lose_answers(self, api: Api, of: bytes = b"") -> Fault:
        """Lose answers: the broker does what is asked, and nobody hears of it."""
        return self._befall(api, of, answers=True)

    @contextlib.contextmanager
    def away(self) -> Iterator[None]:
        """Cut every connection, and every new one, until the block ends."""
        self._away = True
        self._loop.call_soon_threadsafe(self._cut)
        try:
            yield
        finally:
            self._away = False

    def start(self) -> None:
        """Accept connections."""
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)

    def close(self) -> None:
        """Cut everything, and accept nothing more."""
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _befall(self, api: Api, of: bytes, *, answers: bool = False, holds: bool = False) -> Fault:
        fault = Fault(api, of, answers, holds, self._loop)
        self._faults.append(fault)
        return fault

    def _cut(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._pass_on, "127.0.0.1", self._port)

    async def _end(self) -> None:
        self._away = True
        self._server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0.01)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        awaited: dict[bytes, Fault | None] = {}
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            broker_reader, broker = await asyncio.open_connection("127.0.0.1", self._target_port)
            writers = {writer, broker}
            self._writers |= writers
            try:
                async with asyncio.TaskGroup() as both:
                    both.create_task(self._ask(reader, broker, awaited))
                    both.create_task(self._answer(broker_reader, writer, awaited))
            except* (OSError, asyncio.IncompleteReadError):
                pass
            finally:
                self._writers -= writers
                for one in writers:
                    one.transport.abort()
        writer.transport.abort()

    async def _ask(
        self,
        reader: asyncio.StreamReader,
        broker: asyncio.StreamWriter,
        awaited: dict[bytes, Fault | None],
    ) -> None:
        while not self._away:
            frame = await _frame(reader)
            api = int.from_bytes(frame[4:6], "big")
            faults = [one for one in self._faults if one.concerns(api, frame)]
            answers = (one for one in faults if one.answers)
            awaited[frame[8:12]] = next(answers, None)
            if not any([await one.takes() for one in faults if not one.answers]):
                broker.write(frame)
        raise ConnectionAbortedError

    async def _answer(
        self,
        reader: asyncio.StreamReader,
        client: asyncio.StreamWriter,
        awaited: dict[bytes, Fault | None],
    ) -> None:
        while not self._away:
            frame = await _frame(reader)
            if self.delay_s:
                await asyncio.sleep(self.delay_s)
            fault = awaited.pop(frame[4:8], None)
            if fault is None or not await fault.takes():
                client.write(frame)
        raise ConnectionAbortedError


async def _frame(reader: asyncio.StreamReader) -> bytes:
    length = await reader.readexactly(4)
    return length + await reader.readexactly(int.from_bytes(length, "big"))


@contextlib.contextmanager
def proxied(port: int, target_port: int) -> Iterator[Proxy]:
    """Run a proxy until the block ends."""
    proxy = Proxy(port, target_port)
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.close()
