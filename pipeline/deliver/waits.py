"""For what, and how long, lanes that could go have waited."""

from collections.abc import Iterator, Mapping
from typing import TypeAlias

Closed: TypeAlias = Mapping[str, float]
"""Seconds for which nothing could start, by cause. Never changed: a later one is another."""


class Waits:
    """Adds up for how long nothing could start, by cause.

    All lanes that are ready wait for the same thing at the same time: what one of them has waited
    for is the difference between the sums when it began to wait and now. All instants are seconds
    of one monotonic clock.
    """

    __slots__ = ("_cause", "_since", "closed")

    def __init__(self) -> None:
        self._cause: str | None = None
        self._since = 0.0
        self.closed: Closed = {}

    def turn(self, now: float, cause: str | None) -> None:
        """Count what has passed for the cause told before; from now on it is *cause*.

        Args:
            now: When.
            cause: A label value; None: nobody waits, or anything may start.
        """
        if self._cause is not None and now > self._since:
            before = self.closed.get(self._cause, 0.0)
            self.closed = {**self.closed, self._cause: before + now - self._since}
        self._cause, self._since = cause, now

    def since(self, mark: Closed) -> Iterator[tuple[str, float]]:
        """What was waited for since *mark* was what is `closed`, in seconds by cause."""
        if mark is not self.closed:
            for cause, seconds in self.closed.items():
                if (waited_s := seconds - mark.get(cause, 0.0)) > 0:
                    yield cause, waited_s
