"""What no schema sees: what a real cluster would make of the manifests."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.chart.rendering import (
    CHART,
    USES,
    objects,
    of_kind,
    pods,
    rendered,
    template,
)

pytestmark = pytest.mark.usefixtures("helms")


def labels_match(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    """Whether a selector, with expressions or without, takes an object of these labels."""
    wanted = selector.get("matchLabels", {}).items() <= labels.items()
    expressions = selector.get("matchExpressions", [])
    return wanted and all(labels.get(one["key"]) in one["values"] for one in expressions)


@pytest.mark.parametrize("name", USES)
def test_every_stateful_set_has_its_headless_service(name: str) -> None:
    """Without it pods have no names."""
    found = rendered(name)
    services = {one["metadata"]["name"]: one["spec"] for one in of_kind(found, "Service")}
    for one in of_kind(found, "StatefulSet"):
        pod = one["spec"]["template"]
        service = services.pop(one["spec"]["serviceName"])
        ports = {port["name"] for port in pod["spec"]["containers"][0]["ports"]}

        assert service["clusterIP"] == "None"
        assert service["publishNotReadyAddresses"] is True
        assert service["selector"].items() <= pod["metadata"]["labels"].items()
        assert {port["targetPort"] for port in service["ports"]} <= ports
    assert services == {}


@pytest.mark.parametrize("name", USES)
def test_selectors_take_a_worker_and_nothing_else(name: str) -> None:
    """Two owners of one pod fight for it."""
    found = rendered(name)
    labels = {owner: pod["metadata"]["labels"] for owner, pod in pods(found).items()}
    chosen = of_kind(found, "StatefulSet", "PodDisruptionBudget")
    for one in chosen:
        taken = {name for name, of in labels.items() if labels_match(one["spec"]["selector"], of)}
        assert taken == {one["metadata"]["name"]}


@pytest.mark.parametrize("name", USES)
def test_every_budget_lets_a_pod_go(name: str) -> None:
    """A node that cannot be drained is drained by force."""
    for one in of_kind(rendered(name), "PodDisruptionBudget"):
        assert one["spec"]["maxUnavailable"] not in (0, "0%")
        assert one["spec"]["unhealthyPodEvictionPolicy"] == "AlwaysAllow"


def test_monitors_find_every_worker_and_only_those() -> None:
    """A monitor that selects nothing is silent."""
    monitored, by_service = rendered("monitored"), rendered("service-monitor")
    (pod_monitor,) = of_kind(monitored, "PodMonitor")
    (service_monitor,) = of_kind(by_service, "ServiceMonitor")
    workers = {one["metadata"]["name"] for one in of_kind(monitored, "StatefulSet")}

    selected_pods = {
        owner
        for owner, pod in pods(monitored).items()
        if labels_match(pod_monitor["spec"]["selector"], pod["metadata"]["labels"])
    }
    selected_services = {
        one["metadata"]["name"]
        for one in of_kind(by_service, "Service")
        if labels_match(service_monitor["spec"]["selector"], one["metadata"]["labels"])
    }

    assert selected_pods == selected_services == workers
    assert pod_monitor["spec"]["podMetricsEndpoints"][0]["port"] == "metrics"
    assert service_monitor["spec"]["endpoints"][0]["port"] == "metrics"


def test_the_scaled_object_names_a_stateful_set() -> None:
    """KEDA reports an absent target on the object alone."""
    found = rendered("autoscaled")
    sets = {one["metadata"]["name"] for one in of_kind(found, "StatefulSet")}

    assert {one["spec"]["scaleTargetRef"]["name"] for one in of_kind(found, "ScaledObject")} <= sets


def test_the_network_policy_opens_what_the_settings_name_and_nothing_else() -> None:
    """A port too few stops the worker, one too many is no policy."""
    policies = of_kind(rendered("secured"), "NetworkPolicy")
    ports = [[port["port"] for port in rule["ports"]] for rule in policies[0]["spec"]["egress"]]

    assert ports == [[53, 53], [9093], [443], [3128]]
    assert policies[0]["spec"]["ingress"][0]["ports"] == [{"port": "metrics", "protocol": "TCP"}]
    assert all(policy["spec"] == policies[0]["spec"] for policy in policies)
    for owner, pod in pods(rendered("secured")).items():
        selector = policies[0]["spec"]["podSelector"]
        assert labels_match(selector, pod["metadata"]["labels"]), owner


IMMUTABLE = ("selector", "serviceName", "podManagementPolicy", "volumeClaimTemplates")


def test_no_value_changes_what_cannot_be_changed() -> None:
    """An API server refuses such an upgrade, and leaves the release half done."""
    fixed = [
        {
            one["metadata"]["name"]: {key: one["spec"].get(key) for key in IMMUTABLE}
            for one in of_kind(
                tuple(objects(template(4, name, {"nameOverride": ""}))), "StatefulSet"
            )
            if not one["metadata"]["name"].endswith("rekey")
        }
        for name in USES
    ]

    assert all(one == fixed[0] for one in fixed)


def test_an_upgrade_of_the_chart_alone_restarts_nothing(tmp_path: Path) -> None:
    """Its version is on objects, and neither on pods nor in selectors."""
    newer = tmp_path / "helm"
    shutil.copytree(CHART, newer)
    about = (CHART / "Chart.yaml").read_text()
    (newer / "Chart.yaml").write_text(re.sub(r"(?m)^version: .*", "version: 9.9.9", about))

    before = of_kind(rendered("minimal"), "StatefulSet")
    after = of_kind(tuple(objects(template(4, "minimal", chart=newer))), "StatefulSet")

    assert [one["spec"] for one in after] == [one["spec"] for one in before]
    assert "9.9.9" in after[0]["metadata"]["labels"]["helm.sh/chart"]


@pytest.mark.parametrize("name", USES)
def test_no_object_is_there_twice(name: str) -> None:
    """The second would overwrite the first."""
    found = rendered(name)
    called = [(one["kind"], one["metadata"]["name"]) for one in found]

    assert len(set(called)) == len(called)
    assert {one["metadata"].get("namespace", "shop") for one in found} == {"shop"}


def test_the_longest_names_still_fit() -> None:
    """A pod's labels hold its name and its revision, and end at 63 characters."""
    long = "a" * 53
    found = tuple(objects(template(4, "rekey", {"setup": {"enabled": True}}, release=long)))

    for one in of_kind(found, "StatefulSet"):
        assert len(f"{one['metadata']['name']}-0123456789") <= 63
    for one in found:
        assert len(one["metadata"]["name"]) <= 63
        assert all(len(value) <= 63 for value in one["metadata"]["labels"].values())


@pytest.mark.parametrize("name", USES)
def test_no_secret_stands_in_a_config_map(name: str) -> None:
    """Those of a trial are in its Secret alone."""
    for one in of_kind(rendered(name), "ConfigMap"):
        text = yaml.safe_dump(one)
        assert "a-client-key" not in text
        assert "a-password" not in text
