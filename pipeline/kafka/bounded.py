"""Calls of a client that may never return, given up after a time."""

import threading
import weakref
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import TypeAlias

_Call: TypeAlias = Callable[[], None]
_Result: TypeAlias = BaseException | None


class Bounded:
    """Makes one call at a time, on a thread that is left behind when a call does not return.

    The thread ends with this object.

    librdkafka does not keep the time limit of some calls when a coordinator goes
    away (issue 5456): without this, a broker's crash would hang a worker.
    """

    def __init__(self) -> None:
        self._calls: SimpleQueue[_Call | None] | None = None
        self._results: SimpleQueue[_Result] = SimpleQueue()

    def call(self, function: _Call, timeout_s: float) -> None:
        """Call, and raise what the call raises.

        Raises:
            TimeoutError: It did not return in time; it may still go on.
        """
        if self._calls is None:
            self._calls, self._results = SimpleQueue(), SimpleQueue()
            threading.Thread(
                target=_serve, args=(self._calls, self._results), name="bounded", daemon=True
            ).start()
            weakref.finalize(self, self._calls.put, None)
        self._calls.put(function)
        try:
            raised = self._results.get(timeout=timeout_s)
        except Empty:
            self._calls.put(None)
            self._calls = None
            raise TimeoutError(f"no return within {timeout_s} s") from None
        if raised is not None:
            raise raised


def _serve(calls: SimpleQueue[_Call | None], results: SimpleQueue[_Result]) -> None:
    """Answer calls; nobody waits for the answer of one that was given up, nor asks again."""
    while (function := calls.get()) is not None:
        results.put(_outcome(function))
        del function  # it holds whoever asked, who must not live as long as this thread


def _outcome(function: _Call) -> _Result:
    try:
        function()
    except BaseException as raised:  # noqa: BLE001 — it is raised again where it was called
        return raised
    return None
