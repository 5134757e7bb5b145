"""How much a worker has still to do."""

from collections.abc import Mapping
from typing import TypeVar

from pipeline.metrics import BACKLOG, OLDEST

_Place = TypeVar("_Place", bound=tuple[str, int])
"""Topic and partition."""


class Backlog:
    """Shows what is not done yet; partitions that have gone vanish."""

    def __init__(self, worker: str) -> None:
        self._worker = worker
        self._shown: frozenset[tuple[str, int]] = frozenset()

    def seen(self, backlog: Mapping[_Place, int], *, oldest_at: int | None) -> None:
        """Show how many records are not done in each partition of ours, and since when at most."""
        for (topic, partition), count in backlog.items():
            BACKLOG.labels(topic, partition).set(count)
        for topic, partition in self._shown - backlog.keys():
            BACKLOG.remove(topic, str(partition))
        self._shown = frozenset(backlog)
        OLDEST.labels(self._worker).set(0 if oldest_at is None else oldest_at / 1000)
