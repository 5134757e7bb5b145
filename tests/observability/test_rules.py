"""The rules do what they say, by Prometheus's own tools."""

from typing import Any

import pytest
import yaml

from tests.components.prometheus import promtool
from tests.observability.sources import ALERT_TESTS, ROOT, RULES, RUNBOOKS, alerts

SEVERITIES = {"critical", "warning"}


def cases() -> list[dict[str, Any]]:
    """Every group of promtool's tests."""
    files = [yaml.safe_load(path.read_text()) for path in ALERT_TESTS]
    return [case for file in files for case in file["tests"]]


def test_the_rules_are_valid(prometheus_tools: None) -> None:
    """Names, durations, queries and the templates in annotations."""
    done = promtool("check", "rules", *map(str, RULES))

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", ALERT_TESTS, ids=lambda path: path.stem)
def test_alerts_fire_when_they_should_and_only_then(path: Any, prometheus_tools: None) -> None:
    """In the course of hours and days, minute by minute."""
    done = promtool("test", "rules", str(path))

    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_was_seen_firing_and_seen_quiet() -> None:
    """One that never fires and one that always does look alike until the night."""
    fired = {
        one["alertname"]
        for case in cases()
        for one in case.get("alert_rule_test", ())
        if one.get("exp_alerts")
    }
    quiet = {
        name
        for case in cases()
        for one in case.get("promql_expr_test", ())
        if not one.get("exp_samples")
        for name in {rule["alert"] for rule in alerts()}
        if f'"{name}"' in one["expr"]
    }

    assert fired == quiet == {rule["alert"] for rule in alerts()}


def test_every_rule_of_an_alert_was_seen_firing() -> None:
    """The four windows of the error budget are four rules."""
    windows = {
        one["exp_labels"]["window"]
        for case in cases()
        for test in case.get("alert_rule_test", ())
        for one in test.get("exp_alerts", ())
        if "window" in one["exp_labels"]
    }

    assert windows == {rule["labels"]["window"] for rule in alerts() if "window" in rule["labels"]}


@pytest.mark.parametrize("rule", alerts(), ids=lambda rule: rule["alert"])
def test_an_alert_says_what_a_person_needs(rule: dict[str, Any]) -> None:
    """At three in the morning."""
    said = rule["annotations"]

    assert rule["alert"].startswith("Pipeline")
    assert rule["labels"]["severity"] in SEVERITIES
    assert said["summary"].endswith(".")
    assert "{{" not in said["summary"]
    assert "$labels." in said["description"]
    assert said["runbook_url"] == f"docs/runbooks/{rule['alert']}.md"
    assert (ROOT / said["runbook_url"]).is_file()


def test_every_runbook_is_of_an_alert() -> None:
    """And the first page is of all."""
    pages = {path.stem for path in RUNBOOKS.glob("*.md")}

    assert pages == {rule["alert"] for rule in alerts()} | {"README"}
