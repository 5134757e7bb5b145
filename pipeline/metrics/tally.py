"""A counter that costs little to add to, for what happens thousands of times a second."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector


class Tally(Collector):
    """How often, by labels; added to on one thread, shown on any."""

    def __init__(
        self,
        name: str,
        documentation: str,
        labels: Sequence[str],
        *,
        registry: CollectorRegistry = REGISTRY,
    ) -> None:
        self._name = name
        self._documentation = documentation
        self._labelnames = tuple(labels)
        self._counts: defaultdict[tuple[str, ...], int] = defaultdict(int)
        registry.register(self)

    def add(self, *labels: str, times: int = 1) -> None:
        """Count one, or more, under these label values."""
        self._counts[labels] += times

    def collect(self) -> Iterator[CounterMetricFamily]:
        """Show what was counted."""
        family = CounterMetricFamily(self._name, self._documentation, labels=self._labelnames)
        for labels, count in tuple(self._counts.items()):
            family.add_metric(labels, count)
        yield family
