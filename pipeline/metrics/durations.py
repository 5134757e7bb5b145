"""A histogram that costs little to add to, for what happens thousands of times a second."""

from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate

from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector

from pipeline.metrics import SECONDS

_BOUNDS = (*(str(float(bound)) for bound in SECONDS), "+Inf")


class Durations(Collector):
    """Seconds without labels, in the usual buckets; added to on one thread, shown on any."""

    def __init__(
        self, name: str, documentation: str, *, registry: CollectorRegistry = REGISTRY
    ) -> None:
        self._name = name
        self._documentation = documentation
        self._counts = [0] * len(_BOUNDS)
        self._sum = 0.0
        registry.register(self)

    def observe(self, seconds: float) -> None:
        """Add one."""
        self._counts[bisect_left(SECONDS, seconds)] += 1
        self._sum += seconds

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """Show what was added; each bucket counts those below it, too."""
        buckets = list(zip(_BOUNDS, accumulate(self._counts), strict=True))
        yield HistogramMetricFamily(
            self._name, self._documentation, buckets=buckets, sum_value=self._sum
        )
