"""Erasures that have come and not begun: each passes everything of its guest."""

from pipeline.deliver.lanes import Lane, Lanes, Place
from pipeline.deliver.lease import Lease


class Erasures:
    """Lanes that hold one; nothing else of such a lane may start."""

    def __init__(self, lanes: Lanes, lease: Lease) -> None:
        self._lanes = lanes
        self._lease = lease
        self._waiting: list[Lane] = []

    def add(self, lane: Lane) -> None:
        """Note that one came."""
        self._waiting.append(lane)

    def begin(self, now: float) -> list[Lane]:
        """Make lanes busy, whatever they waited for, whose erasure can begin."""
        if not self._waiting or not self._lease.holds(now):
            return []
        begun, waiting = [], self._waiting
        self._waiting = []
        for lane in waiting:
            if self._lanes.claim(lane):
                begun.append(lane)
            elif lane.place is not Place.GONE:
                self._waiting.append(lane)
        return begun
