"""Python's cyclic garbage collector, out of the way."""

import contextlib
import gc
from collections.abc import Iterator
from typing import Final

EVERY_S: Final = 60.0


class Collector:
    """Looks for cycles now and then, among what is new only."""

    def __init__(self) -> None:
        self._collected_at = 0.0

    def turned(self, elapsed_s: float) -> None:
        """Collect when it is time: the loop makes no cycles, but the side door's server does."""
        if elapsed_s - self._collected_at >= EVERY_S:
            self._collected_at = elapsed_s
            gc.collect(1)


@contextlib.contextmanager
def collector_off() -> Iterator[Collector]:
    """Leave guests alone: with many of them alive, looking for cycles costs 2 µs an event."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield Collector()
    finally:
        gc.enable()
        gc.unfreeze()
