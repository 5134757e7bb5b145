"""Metrics, rules, dashboards, runbooks and documents are one catalogue, in both directions."""

import re
from collections.abc import Iterable

from pipeline.metrics_page import CLIENT, LABELS, catalogue, page
from tests.observability.sources import (
    ROOT,
    Asked,
    names,
    of_dashboards,
    of_rules,
    of_runbooks,
    recorded,
    selectors,
)

TARGET = {"namespace", "job", "pod", "instance"}
"""Labels that come from scraping."""
BUILD = {"worker", "version", "python", "confluent_kafka"}
EVERYWHERE: tuple[Asked, ...] = (*of_rules(), *of_dashboards(), *of_runbooks())


def used(asked: Iterable[Asked]) -> set[str]:
    """Every name that is asked for."""
    return {name for one in asked for name in names(one.query)}


def test_what_is_asked_for_exists() -> None:
    """A misspelt metric is no error to Prometheus: its panel stays empty, its alert quiet."""
    samples = {name for metric in catalogue() for name in metric.samples}
    known = samples | recorded() | CLIENT.keys()

    unknown = {f"{one.by}: {name}" for one in EVERYWHERE for name in names(one.query) - known}

    assert not unknown


def test_what_is_selected_by_is_a_label_of_the_metric() -> None:
    """A misspelt label selects nothing, or everything."""
    labels = {name: set(one.labels) for one in catalogue() for name in one.samples}
    labels["pipeline_build_info"] = BUILD
    labels |= {name: found | {"le"} for name, found in labels.items() if name.endswith("_bucket")}

    wrong = {
        f"{one.by}: {name} by {label}"
        for one in EVERYWHERE
        for name, selected in selectors(one.query)
        for label in selected - labels.get(name, set()) - TARGET
    }

    assert not wrong


def test_every_metric_is_on_a_dashboard() -> None:
    """What nobody can see need not be counted."""
    shown = used(of_dashboards())

    assert not [one.name for one in catalogue() if not one.samples & shown]
    assert not CLIENT.keys() - shown - used(of_rules())


def test_every_recorded_series_is_used() -> None:
    """Each costs the same at every evaluation, for ever."""
    assert not recorded() - used(EVERYWHERE)


def test_documents_name_metrics_that_exist() -> None:
    """People search for what they read."""
    known = {one.name for one in catalogue()}
    known |= {name for one in catalogue() for name in one.samples}
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]

    unknown = {
        f"{path.name}: {name}"
        for path in pages
        for name in re.findall(r"`(pipeline_[a-z_]+)", path.read_text())
        if name not in known
    }

    assert not unknown


def test_the_catalogue_is_that_of_the_program() -> None:
    """`make docs` writes it."""
    assert (ROOT / "docs/metrics.md").read_text() == page()


def test_every_label_is_explained() -> None:
    """And no other."""
    assert {label for one in catalogue() for label in one.labels} == LABELS.keys()
