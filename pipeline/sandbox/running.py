"""A sandbox in a thread of its own, for tests and for the demo."""

import asyncio
import threading
import time
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

from pipeline.record import Instant
from pipeline.sandbox.faults import NO_FAULTS, Faults
from pipeline.sandbox.sandbox import Sandbox
from pipeline.sandbox.server import serve
from pipeline.sandbox.settings import SandboxSettings

_T = TypeVar("_T")


def wall_clock() -> Instant:
    """The time of this machine."""
    return Instant(time.time_ns() // 1_000_000)


def new_event_loop() -> asyncio.AbstractEventLoop:
    """Make the fast event loop, or the standard one where there is no other."""
    try:
        import uvloop  # noqa: PLC0415 — not on every platform
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


class RunningSandbox:
    """Serves from its construction to `close`; also a context manager.

    Raises:
        OSError: The port is taken.
    """

    def __init__(
        self,
        settings: SandboxSettings | None = None,
        *,
        faults: Faults = NO_FAULTS,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self.sandbox = Sandbox(settings or SandboxSettings(), wall_clock, faults=faults)
        self._loop = new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="sandbox", daemon=True)
        self._thread.start()
        try:
            self._runner, self.port = self._call(serve(self.sandbox, host=host, port=port))
        except OSError:
            self._stop()
            raise
        self.url = f"http://{host}:{self.port}"

    def close(self) -> None:
        """Stop serving; requests that hang are cut."""
        self._call(self._runner.cleanup())
        self._stop()

    def _call(self, work: Coroutine[Any, Any, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.close()
