"""Every use renders by Helm 3 and 4 into manifests that Kubernetes takes."""

import copy
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes_validate.utils import latest_version

from pipeline.config import load
from tests.chart.rendering import (
    CHART,
    MAJORS,
    USES,
    Object,
    RefusedError,
    command,
    named,
    objects,
    of_kind,
    rendered,
    template,
    use,
)
from tests.components import kubernetes
from tests.components.operators import complaints, is_known

GOLDEN = Path(__file__).parent / "golden"

pytestmark = pytest.mark.usefixtures("helms")


def own(found: tuple[Object, ...]) -> list[Object]:
    """What the chart itself says: neither rules nor dashboards, which have tests of their own."""
    rest = [one for one in found if one["kind"] != "PrometheusRule"]
    return [one for one in rest if "grafana_dashboard" not in one["metadata"].get("labels", {})]


@pytest.mark.parametrize("name", USES)
def test_lint_has_nothing_to_say(major: int, name: str) -> None:
    """A warning today is an error of the next version."""
    said = command(major, "lint", str(CHART), "--strict", "--values", str(use(name)))

    assert "[WARNING]" not in said
    assert "[ERROR]" not in said


@pytest.mark.parametrize("name", USES)
def test_both_versions_of_helm_render_the_same(name: str) -> None:
    """Whoever moves from one to the other sees no rollout."""
    old, new = (rendered(name, major) for major in MAJORS)

    assert sorted(map(json.dumps, old)) == sorted(map(json.dumps, new))


@pytest.mark.parametrize("name", USES)
def test_the_manifests_are_as_they_were_looked_at(name: str) -> None:
    """`UPDATE_GOLDEN=1` writes them anew; the difference is then read."""
    found = yaml.safe_dump_all(own(rendered(name)), sort_keys=False)
    golden = GOLDEN / f"{name}.yaml"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(found)

    assert golden.read_text() == found


@pytest.mark.parametrize("version", kubernetes.VERSIONS)
def test_every_manifest_is_strictly_valid(version: str) -> None:
    """An API server refuses some of what is wrong, and drops the rest in silence."""
    every = [one for name in USES for one in rendered(name) if not is_known(one)]
    found = {json.dumps(one): one for one in every}
    misspelt = copy.deepcopy(next(one for one in every if one["kind"] == "StatefulSet"))
    misspelt["spec"]["template"]["spec"]["containers"][0]["argss"] = []

    assert [line for one in found.values() for line in kubernetes.refusals(one, version)] == []
    assert "'argss' was unexpected" in "".join(kubernetes.refusals(misspelt, version))


def test_the_oldest_version_is_the_one_that_the_chart_names() -> None:
    """All between it and the newest are looked at."""
    about = yaml.safe_load((CHART / "Chart.yaml").read_text())

    assert about["kubeVersion"] == f">={kubernetes.VERSIONS[0]}.0-0"
    assert kubernetes.VERSIONS[-1] in latest_version()


@pytest.mark.parametrize("name", USES)
def test_every_custom_resource_is_valid_by_its_schema(name: str) -> None:
    """What their operators do not know they drop in silence."""
    for one in rendered(name):
        if is_known(one):
            assert complaints(one) == []


def test_uses_cover_every_custom_resource() -> None:
    """The test above looks at each kind at least once, and would see a misspelt field."""
    found = {one["kind"]: one for name in USES for one in rendered(name) if is_known(one)}
    misspelt = copy.deepcopy(found["PodMonitor"])
    misspelt["spec"]["podMetricsEndpoints"][0]["intervall"] = "30s"

    assert {"PodMonitor", "ServiceMonitor", "ScaledObject"} <= found.keys()
    assert complaints(misspelt) == [".spec.podMetricsEndpoints[0].intervall is unknown"]


def test_an_older_kubernetes_is_refused(major: int) -> None:
    """1.26 would drop `unhealthyPodEvictionPolicy`, and a held pod would keep its node."""
    with pytest.raises(RefusedError, match=r"kubeVersion: >=1.27.0-0"):
        command(
            major,
            *("template", "orders", str(CHART), "--kube-version", "1.26.9"),
            *("--values", str(use("minimal"))),
        )


@pytest.mark.parametrize("name", USES)
def test_the_program_takes_every_settings_file(name: str, tmp_path: Path) -> None:
    """What the ConfigMap says is read by the program's own rules."""
    for file, text in settings_files(rendered(name)):
        path = tmp_path / file
        path.write_text(text)
        secret = {"PIPELINE_REGISTRY__PASSWORD": "from a Secret"}
        environment = secret if "\n  user: pipeline" in text else {}
        assert load(path, environment).server.grace_s >= 60


def settings_files(found: tuple[Object, ...]) -> Iterator[tuple[str, str]]:
    """Every settings file of a use."""
    for one in of_kind(found, "ConfigMap"):
        for file, text in one.get("data", {}).items():
            if file.endswith(".yaml"):
                yield f"{one['metadata']['name']}-{file}", text


def test_each_worker_has_settings_of_its_own() -> None:
    """What is said for one worker holds for it alone."""
    found = rendered("extended")
    data = named(found, "ConfigMap", "orders-settings")["data"]
    said = {file: yaml.safe_load(text) for file, text in data.items()}

    assert said["assemble.yaml"]["assemble"] == {"batch_window_s": 0.02}
    assert said["assemble.yaml"]["log_level"] == "debug"
    assert said["deliver.yaml"]["log_level"] == "warning"
    assert said["deliver.yaml"]["deliver"] == {"drain_s": 60}
    assert said["deliver.yaml"]["server"] == {"grace_s": 90}
    assert "deliver" not in said["all.yaml"]


def test_a_worker_restarts_when_its_own_settings_change_and_no_other_does() -> None:
    """Settings are read at the start alone."""
    given = {"deliver": {"settings": {"deliver": {"in_flight_max": 8}}}}
    before, after = (
        {
            one["metadata"]["name"]: one["spec"]["template"]
            for one in of_kind(tuple(objects(template(4, "minimal", more))), "StatefulSet")
        }
        for more in ({}, given)
    )
    deliver = "orders-commerce-to-sitecore-deliver"

    assert {name for name in before if before[name] != after[name]} == {deliver}


def test_replicas_are_left_out_where_keda_scales() -> None:
    """An upgrade would set them back."""
    scaled = {
        one["metadata"]["name"]: one["spec"]
        for one in of_kind(rendered("autoscaled"), "StatefulSet")
    }

    assert "replicas" not in scaled["orders-commerce-to-sitecore-deliver"]
    assert scaled["orders-commerce-to-sitecore-assemble"]["replicas"] == 2


def test_keda_goes_by_the_backlog_up_to_the_partitions_and_back_slowly() -> None:
    """More pods than partitions are idle, none runs no timer, and each change is a rebalance."""
    (scaled,) = of_kind(rendered("autoscaled"), "ScaledObject")
    spec = scaled["spec"]
    (trigger,) = spec["triggers"]

    assert (spec["minReplicaCount"], spec["maxReplicaCount"]) == (2, 12)
    assert spec["fallback"] == {"failureThreshold": 4, "replicas": 3}
    behaviour = spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]["scaleDown"]
    assert behaviour["stabilizationWindowSeconds"] == 900
    assert trigger["metadata"]["excludePersistentLag"] == "true"
    assert trigger["metadata"]["consumerGroup"] == "commerce-to-sitecore-deliver"
    assert trigger["metadata"]["topic"] == "stream-events"


def test_sizes_of_a_million_stay_numbers_that_people_know() -> None:
    """Helm reads numbers as floats, and could write 1e+06."""
    given = {"settings": {"assemble": {"batch_max": 5_000_000}}}
    found = tuple(objects(template(3, "minimal", given)))
    settings = named(found, "ConfigMap", "orders-commerce-to-sitecore-settings")

    assert "batch_max: 5000000\n" in settings["data"]["assemble.yaml"]


@pytest.fixture
def with_files(tmp_path: Path) -> Path:
    """The chart with one dashboard and two rules of the test's own."""
    chart = tmp_path / "helm"
    shutil.copytree(CHART, chart, ignore=shutil.ignore_patterns("files"))
    (chart / "files" / "dashboards").mkdir(parents=True)
    (chart / "files" / "rules").mkdir()
    (chart / "files" / "dashboards" / "Overview.json").write_text(json.dumps(DASHBOARD, indent=1))
    (chart / "files" / "rules" / "alerts.yaml").write_text(yaml.safe_dump(RULES))
    return chart


DASHBOARD = {"title": "Overview", "panels": [{"expr": 'up{job="$job"}', "text": "{{ pod }}"}]}
RULES: dict[str, Any] = {
    "groups": [
        {
            "name": "delivery",
            "rules": [
                {"record": "job:up:sum", "expr": "sum(up)"},
                {"alert": "PipelineLate", "expr": "up == 0", "labels": {"severity": "page"}},
                {
                    "alert": "PipelineGone",
                    "expr": "absent(up)",
                    "annotations": {
                        "summary": "{{ $labels.job }} is gone.",
                        "runbook_url": "docs/runbooks/PipelineGone.md",
                    },
                },
            ],
        }
    ]
}


def test_a_dashboard_reaches_grafana_as_it_is(with_files: Path, major: int) -> None:
    """Its own templates are Grafana's, not Helm's."""
    found = tuple(objects(template(major, "monitored", chart=with_files)))
    board = named(found, "ConfigMap", "orders-commerce-to-sitecore-dashboard-overview")

    assert json.loads(board["data"]["Overview.json"]) == DASHBOARD
    assert board["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert board["metadata"]["annotations"]["grafana_folder"] == "Shop"


def test_rules_reach_prometheus_as_they_are_with_the_labels_that_were_asked_for(
    with_files: Path, major: int
) -> None:
    """Their own templates are Prometheus's, not Helm's."""
    found = tuple(objects(template(major, "monitored", chart=with_files)))
    (rule,) = of_kind(found, "PrometheusRule")
    recorded, late, gone = rule["spec"]["groups"][0]["rules"]

    assert rule["metadata"]["labels"]["release"] == "prometheus"
    assert recorded == RULES["groups"][0]["rules"][0]
    assert late["labels"] == {"severity": "page", "team": "shop"}
    assert gone["annotations"]["summary"] == "{{ $labels.job }} is gone."
    assert gone["annotations"]["runbook_url"] == (
        "https://git.example.com/shop/pipeline/blob/main/docs/runbooks/PipelineGone.md"
    )
    assert complaints(rule) == []


def test_an_alert_can_be_left_out_by_its_name(with_files: Path, major: int) -> None:
    """A name that no alert has is refused: it would silence nothing."""
    left_out = {"monitoring": {"rules": {"disabled": ["PipelineLate"]}}}
    misspelt = {"monitoring": {"rules": {"disabled": ["PipelineLaet"]}}}

    (rule,) = of_kind(
        tuple(objects(template(major, "monitored", left_out, chart=with_files))), "PrometheusRule"
    )
    names = [rule.get("alert") for rule in rule["spec"]["groups"][0]["rules"]]

    assert names == [None, "PipelineGone"]
    with pytest.raises(RefusedError, match="PipelineLaet, which is no alert of this chart"):
        template(major, "monitored", misspelt, chart=with_files)


def test_every_file_beside_the_templates_is_shipped() -> None:
    """What lies under another name than the templates look for is shown to nobody."""
    shipped = {
        key
        for one in of_kind(rendered("monitored"), "ConfigMap")
        if "grafana_dashboard" in one["metadata"].get("labels", {})
        for key in one["data"]
    }
    shipped_groups = {
        group["name"]
        for one in of_kind(rendered("monitored"), "PrometheusRule")
        for group in one["spec"]["groups"]
    }

    files = [file for file in (CHART / "files").rglob("*") if file.is_file()]
    boards = {file.name for file in files if file.parent.name == "dashboards"}
    rules = [yaml.safe_load(file.read_text()) for file in files if file.parent.name == "rules"]

    assert shipped == boards
    assert shipped_groups == {group["name"] for one in rules for group in one["groups"]}
