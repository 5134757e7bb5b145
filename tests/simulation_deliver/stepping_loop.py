"""An event loop that runs one callback when it is told to, in a time that is moved from outside."""

import asyncio
import heapq
import math
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import Any


class _Task(asyncio.Task[Any]):
    """A task whose place in a set does not depend on where it lies in memory."""

    def __init__(self, coro: Coroutine[Any, Any, Any], *, loop: Any, number: int) -> None:
        self._number = number
        super().__init__(coro, loop=loop)
        # Its process may end at any moment.
        self._log_destroy_pending = False

    def __hash__(self) -> int:
        return self._number


class SteppingLoop:
    """The loop of one process: between any two of its callbacks it may end, or stand still.

    It is as much of a loop as the deliverer needs.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._self: Any = self
        self._ready: deque[asyncio.Handle] = deque()
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._tasks: dict[_Task, None] = {}
        self._count = 0
        self._on_error: Callable[[Any, dict[str, Any]], object] | None = None

    def next_at(self) -> float:
        """When the next callback is due; infinity: never."""
        if self._ready:
            return -math.inf
        while self._timers and self._timers[0][2].cancelled():
            heapq.heappop(self._timers)
        return self._timers[0][0] if self._timers else math.inf

    def turn(self) -> None:
        """Run one callback, in the order in which a real loop would."""
        while self._timers and self._timers[0][0] <= self._now():
            self._ready.append(heapq.heappop(self._timers)[2])
        if not self._ready:
            return
        handle = self._ready.popleft()
        if handle.cancelled():
            return
        asyncio._set_running_loop(self._self)
        try:
            handle._run()
        finally:
            asyncio._set_running_loop(None)

    def end(self) -> None:
        """Let nothing of it run any more."""
        self._ready.clear()
        self._timers.clear()
        for task in tuple(self._tasks):
            task.get_coro().close()
        self._tasks.clear()

    # What asyncio asks of a loop.

    def time(self) -> float:
        return self._now()

    def call_soon(
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self._self, context)
        self._ready.append(handle)
        return handle

    def call_soon_threadsafe(
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        return self.call_soon(callback, *args, context=context)

    def call_later(
        self,
        delay: float,
        callback: Callable[..., object],
        *args: Any,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        return self.call_at(self._now() + delay, callback, *args, context=context)

    def call_at(
        self,
        when: float,
        callback: Callable[..., object],
        *args: Any,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(when, callback, args, self._self, context)
        self._count += 1
        heapq.heappush(self._timers, (when, self._count, handle))
        return handle

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self._self)

    def create_task(self, coro: Any, **_named: Any) -> asyncio.Task[Any]:
        self._count += 1
        task = _Task(coro, loop=self, number=self._count)
        self._tasks[task] = None
        task.add_done_callback(lambda _: self._tasks.pop(task, None))
        return task

    def set_exception_handler(self, handler: Any) -> None:
        self._on_error = handler

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        assert self._on_error is not None, context
        self._on_error(self, context)

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return True

    def is_closed(self) -> bool:
        return False

    def _timer_handle_cancelled(self, _handle: asyncio.TimerHandle) -> None:
        pass
