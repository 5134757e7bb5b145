"""Writes the catalogue of metrics: `python -m pipeline.metrics_page docs`."""

import pkgutil
import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Final, NamedTuple

from prometheus_client import Counter, Gauge, Histogram, Info
from prometheus_client.metrics import MetricWrapperBase

from pipeline import metrics
from pipeline.metrics.durations import Durations
from pipeline.metrics.tally import Tally

WORKERS: Final[Mapping[str, str]] = {
    "pipeline.metrics": "every worker",
    "pipeline.metrics.transactions": "assemble and rekey",
    "pipeline.metrics.assemble": "assemble",
    "pipeline.metrics.deliver": "deliver",
}
"""Who shows what a module defines."""

LABELS: Final[Mapping[str, str]] = {
    "cause": "what was waited for, which rule of waiting it was, or why it may repeat another",
    "change": "`assigned`, `revoked` or `lost`",
    "code": "the name of Kafka's error code",
    "kept": "`true` or `false`: whether Kafka had kept it after all",
    "kind": "the kind of what is owed, or of the event, as in `owed_order` or `order_placed`",
    "lacks": "`identity`, `payment` or `lines`",
    "outcome": "what became of it; see below",
    "partition": "the number of the partition",
    "reason": "the rule that was broken, as in the dead letters",
    "state": "of the breaker `closed`, `outage` or `held`; of partitions `at_work` or `waiting`",
    "topic": "the topic; of records also `timer`, for what timers did",
    "type": "the type of the message to Sitecore, such as `CHECKOUT`",
    "what": "what was written, who was waited for, or what is odd",
    "worker": "`assemble`, `deliver` or `rekey`",
}

CLIENT: Final[Mapping[str, tuple[str, str]]] = {
    "process_cpu_seconds_total": ("counter", "Processor time that was used."),
    "process_max_fds": ("gauge", "Files that may be open."),
    "process_open_fds": ("gauge", "Files and connections that are open."),
    "process_resident_memory_bytes": ("gauge", "Memory that is used."),
    "process_start_time_seconds": ("gauge", "When the process started."),
    "python_gc_collections_total": ("counter", "Times that Python looked for cycles."),
}
"""What the Prometheus client adds, as far as the dashboards and alerts use it."""

_HEAD = """# Metrics

What each worker shows at `/metrics`. Labels never name a guest, an order or a message. Instants
are seconds since 1970, to be compared with `time()`. Dashboards, rules, runbooks and this page name
the same metrics: a test compares them. This page is written from the program by `make docs`.
"""

_OUTCOMES = """## Outcomes

- of records, assemble: `owed`, `noted`, `waiting`, `repeat`, `late`, `set_aside`, or the reason why
  a record could not be read;
- of records, deliver: `delivered`, `skipped`, `set_aside`;
- of records, rekey: `rekeyed`, or the reason why one was set aside;
- of attempts: `delivered`, `issued` (a browser id), `refused`, `unknown_browser`, `throttle`,
  `set_up` (the destination does not know us), `unknown_` with the reason why nobody knows whether
  it was taken (`answer_timeout`, `connection_lost`), and `retry_` with the reason why the request
  did not arrive;
- of possible repeats, by cause: `unanswered` (an attempt was `unknown_`, or a gateway's 5xx),
  `earlier_owner` (a worker ended without a word, or lost the partition, with it under way),
  `replayed` (a dead letter that may have arrived);
- of changed files: `changed`, or why the old one is still used.
"""


class Metric(NamedTuple):
    """One metric as the catalogue shows it."""

    name: str
    """As it is queried; of a histogram without `_bucket`, `_sum` and `_count`."""
    kind: str
    labels: tuple[str, ...]
    meaning: str
    module: str
    """Which module defines it."""

    @property
    def samples(self) -> frozenset[str]:
        """The names under which it is queried."""
        if self.kind != "histogram":
            return frozenset({self.name})
        return frozenset(f"{self.name}_{part}" for part in ("bucket", "sum", "count"))


def catalogue() -> list[Metric]:
    """Find every metric that the program defines, by module and in the order of their names."""
    found: dict[int, Metric] = {}
    for module in ("pipeline.metrics", *_modules()):
        for value in vars(import_module(module)).values():
            if isinstance(value, MetricWrapperBase | Durations | Tally):
                found.setdefault(id(value), _described(value, module))
    order = list(WORKERS)
    return sorted(found.values(), key=lambda one: (order.index(one.module), one.name))


def page() -> str:
    """Describe every metric."""
    parts = [_HEAD]
    known = catalogue()
    for module, worker in WORKERS.items():
        parts.append(f"## Of {worker}\n\n| metric | kind | labels | meaning |")
        parts.append("| --- | --- | --- | --- |")
        parts.extend(_row(one) for one in known if one.module == module)
        parts.append("")
    parts.append("## Of the Prometheus client\n\n| metric | kind | meaning |\n| --- | --- | --- |")
    parts += [f"| `{name}` | {kind} | {text} |" for name, (kind, text) in CLIENT.items()]
    parts.append("\n## Labels\n\n| label | values |\n| --- | --- |")
    parts += [f"| `{name}` | {text} |" for name, text in LABELS.items()]
    return "\n".join([*parts, "", _OUTCOMES])


def _modules() -> Iterator[str]:
    for module in pkgutil.iter_modules(metrics.__path__):
        yield f"{metrics.__name__}.{module.name}"


def _described(metric: MetricWrapperBase | Durations | Tally, module: str) -> Metric:
    suffixes: Mapping[type, str] = {Counter: "_total", Info: "_info", Tally: "_total"}
    kinds: Mapping[type, str] = {
        Counter: "counter",
        Durations: "histogram",
        Gauge: "gauge",
        Histogram: "histogram",
        Info: "info",
        Tally: "counter",
    }
    return Metric(
        name=f"{metric._name}{suffixes.get(type(metric), '')}",
        kind=kinds[type(metric)],
        labels=tuple(metric._labelnames),
        meaning=metric._documentation,
        module=module,
    )


def _row(one: Metric) -> str:
    labels = ", ".join(f"`{label}`" for label in one.labels)
    return f"| `{one.name}` | {one.kind} | {labels} | {one.meaning} |"


if __name__ == "__main__":
    (Path(sys.argv[1]) / "metrics.md").write_text(page())
