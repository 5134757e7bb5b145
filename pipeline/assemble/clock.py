"""The two clocks of a worker, as arguments."""

import time
from collections.abc import Callable
from typing import NamedTuple

from pipeline.record import Instant


class Clock(NamedTuple):
    """What time it is for people, and how much has passed for us."""

    now: Callable[[], Instant]
    elapsed_s: Callable[[], float]
    """Never goes back; its zero means nothing."""


SYSTEM = Clock(lambda: Instant(time.time_ns() // 1_000_000), time.monotonic)
