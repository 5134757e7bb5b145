"""A histogram that costs little to add to, for what happens thousands of times a second."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate

from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector

from pipeline.metrics import SECONDS

_BOUNDS = (*(str(float(bound)) for bound in SECONDS), "+Inf")


class _Series:
    """What was added under one set of label values."""

    __slots__ = ("counts", "sum")

    def __init__(self) -> None:
        self.counts = [0] * len(_BOUNDS)
        self.sum = 0.0


class Durations(Collector):
    """Seconds in the usual buckets; added to on one thread, shown on any."""

    def __init__(
        self,
        name: str,
        documentation: str,
        labels: Sequence[str] = (),
        *,
        registry: CollectorRegistry = REGISTRY,
    ) -> None:
        self._name = name
        self._documentation = documentation
        self._labelnames = tuple(labels)
        self._series: dict[tuple[str, ...], _Series] = {}
        if not labels:
            self._series[()] = _Series()
        registry.register(self)

    def observe(self, seconds: float, *labels: str) -> None:
        """Add one under these label values."""
        series = self._series.get(labels)
        if series is None:
            series = self._series[labels] = _Series()
        series.counts[bisect_left(SECONDS, seconds)] += 1
        series.sum += seconds

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """Show what was added; each bucket counts those below it, too."""
        family = HistogramMetricFamily(self._name, self._documentation, labels=self._labelnames)
        for labels, series in tuple(self._series.items()):
            buckets = list(zip(_BOUNDS, accumulate(series.counts), strict=True))
            family.add_metric(labels, buckets, series.sum)
        yield family
