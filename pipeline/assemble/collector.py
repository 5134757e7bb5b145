"""Python's cyclic garbage collector, out of the way."""

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def collector_off() -> Iterator[None]:
    """Leave guests alone: with many of them alive, looking for cycles costs 2 µs an event.

    What the loop makes has no cycles and is freed by its reference counts.
    """
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()
