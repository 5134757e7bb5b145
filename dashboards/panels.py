"""What a board is made of, and how its queries are written.

In a query `{*}` stands for the workers that are chosen above the board, and `{+}` for the same of
what recording rules sum over pods.
"""

from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["timeseries", "stat", "table", "state-timeline"]

NAMESPACES: Final = 'namespace=~"$namespace", job=~"$job"'
WORKERS: Final = f'{NAMESPACES}, pod=~"$pod"'
OBJECTIVE: Final = 0.995
"""The share of what is due that is to be at Sitecore in time; the rules say the same."""

_NOTHING: Final = "0 * group(pipeline_build_info{*})"


@dataclass(frozen=True)
class Query:
    """What a panel asks Prometheus."""

    expr: str
    legend: str = ""

    def written(self) -> str:
        """The query as it is sent, with the board's variables."""
        return self.expr.replace("{*", "{" + WORKERS).replace("{+", "{" + NAMESPACES)


@dataclass(frozen=True)
class Step:
    """From which value on which colour is shown."""

    value: float
    colour: str


@dataclass(frozen=True)
class Panel:
    """One panel."""

    title: str
    says: str
    """A sentence: what one sees, and what is good."""
    unit: str
    """Grafana's name of it."""
    queries: tuple[Query, ...]
    empty: str
    """What is shown while there is no data."""
    kind: Kind = "timeseries"
    steps: tuple[Step, ...] = ()
    """Below the first, all is well."""
    good: str = "green"
    """The colour below the first step."""
    width: int = 8
    height: int = 8
    most: float | None = None
    """The end of the scale; None: as the data."""
    stacked: bool = False
    leads_to: str | None = None
    """The board that explains more, by its uid."""


@dataclass(frozen=True)
class Row:
    """Panels under one title."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True)
class Board:
    """One dashboard."""

    uid: str
    title: str
    says: str
    rows: tuple[Row, ...]


def line(expr: str, legend: str) -> tuple[Query, ...]:
    """Ask one thing."""
    return (Query(expr, legend),)


def rates(metric: str, by: str, *, times: int = 1) -> tuple[Query, ...]:
    """Ask how fast a counter grows, by a label; where nothing was counted yet, 0 and `none`."""
    factor = "" if times == 1 else f"{times} * "
    return (
        Query(or_none(f"{factor}sum by ({by}) (rate({metric}[$__rate_interval]))", by), _of(by)),
    )


def counts(metric: str, by: str, *, says: str = "") -> tuple[Query, ...]:
    """Ask how much was counted from point to point, by a label, likewise."""
    expr = or_none(f"sum by ({by}) (increase({metric}[$__rate_interval]))", by)
    return (Query(expr, says + _of(by)),)


def quantiles(metric: str, selected: str = "{*}") -> tuple[Query, ...]:
    """Ask for the median and two tails of a histogram."""
    rate = f"rate({metric}_bucket{selected}[$__rate_interval])"
    return tuple(
        Query(f"histogram_quantile({part}, sum by (le) ({rate}))", name)
        for part, name in ((0.5, "p50"), (0.95, "p95"), (0.99, "p99"))
    )


def or_none(expr: str, by: str) -> str:
    """Answer 0 under the label `none` while a worker is there and the query finds nothing."""
    first, *_ = by.split(",")
    nothing = f'label_replace({_NOTHING}, "{first}", "none", "", "")'
    return f"{expr} or on () {nothing}"


def or_zero(expr: str) -> str:
    """Answer 0 while a worker is there and a query without labels finds nothing."""
    return f"{expr} or {_NOTHING}"


def age(metric: str) -> str:
    """How long ago an instant was, 0 where it says that there is none."""
    return f"(time() - {metric}{{*}}) * ({metric}{{*}} > bool 0)"


def _of(by: str) -> str:
    return " ".join(f"{{{{{label.strip()}}}}}" for label in by.split(","))
