"""How long this worker may still believe that its partitions are its own."""

import math


class Lease:
    """Runs out unless the group's coordinator keeps acknowledging our commits.

    A process that was frozen does not know it: another member may have its partitions when it
    wakes. So no request starts later than *lease_s* after a commit that was acknowledged, and the
    commit is repeated even when nothing moved. All instants are seconds of a clock that runs on
    while the process is frozen.
    """

    __slots__ = ("_lease_s", "_since")

    def __init__(self, lease_s: float) -> None:
        self._lease_s = lease_s
        self._since = -math.inf

    def renewed(self, asked_at: float) -> None:
        """Count from when the acknowledged commit was asked for: it proves nothing later."""
        self._since = max(self._since, asked_at)

    def lost(self) -> None:
        """Believe nothing until a commit is acknowledged again."""
        self._since = -math.inf

    def holds(self, now: float) -> bool:
        """Whether a request may start."""
        return now - self._since <= self._lease_s
