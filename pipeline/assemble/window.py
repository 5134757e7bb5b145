"""How long a batch may gather before it is decided."""

from pipeline.assemble.clock import Clock


class Window:
    """Counts from the fetch before: records have gathered while that batch was decided and kept."""

    def __init__(self, window_s: float, clock: Clock) -> None:
        self._window_s = window_s
        self._clock = clock
        self._fetched_at = clock.elapsed_s()

    def left_s(self) -> float:
        """What is left of the window."""
        busy_s = self._clock.elapsed_s() - self._fetched_at
        return max(0.0, self._window_s - busy_s)

    def fetched(self) -> None:
        """Begin the next window."""
        self._fetched_at = self._clock.elapsed_s()
