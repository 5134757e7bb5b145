"""What ends a worker: a signal, or the end of the process that started it."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from types import FrameType

_STDIN = 0
SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Stop:
    """Stops a worker, and remembers it for one that is still being made."""

    def __init__(self) -> None:
        self.asked = False
        self._stop: Callable[[], None] | None = None

    def __call__(self) -> None:
        """Stop, now or as soon as there is something to stop."""
        self.asked = True
        if self._stop is not None:
            self._stop()

    def reaches(self, stop: Callable[[], None]) -> None:
        """Say how to stop what has been made."""
        self._stop = stop
        if self.asked:
            stop()


@contextmanager
def stopped_by_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Stop in order at the first signal; a second one ends the process where it stands.

    That is safe: what a crash interrupts is done again after the next start.
    """

    def handle(_number: int, _frame: FrameType | None) -> None:
        for one in SIGNALS:
            signal.signal(one, signal.SIG_DFL)
        stop()

    before = {one: signal.signal(one, handle) for one in SIGNALS}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def stop_with_parent(stop: Callable[[], None]) -> None:
    """Stop when standard input closes: whoever held its other end has ended, however it did."""

    def wait() -> None:
        # Not by `sys.stdin`: the interpreter cannot end while a thread holds its lock.
        while os.read(_STDIN, 1):
            pass
        stop()

    Thread(target=wait, name="parent", daemon=True).start()
