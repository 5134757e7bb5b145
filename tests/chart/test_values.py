"""The schema and the README say what values.yaml says, and what cannot work is refused."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline import __version__
from tests.chart.rendering import CHART, MAJORS, ROOT, RefusedError, command, objects, template
from tests.chart.values_page import values, written

pytestmark = pytest.mark.usefixtures("helms")

SHOP = [{"name": "shop/dublin"}]
REKEY = {"sources": ["payments"], "target": "commerce-events"}

CONTRADICTORY: tuple[tuple[Mapping[str, Any], str], ...] = (
    ({"image": {"repository": ""}}, "image.repository is empty"),
    ({"settings": {"kafka": {"bootstrap_servers": ""}}}, "bootstrap_servers"),
    ({"settings": {"sitecore": {"points_of_sale": []}}}, "name every point of sale"),
    ({"clientKey": {"existingSecret": ""}}, "name the Secret that holds Sitecore's client key"),
    ({"clientKey": {"trialValue": "x"}}, "are both set: keep one"),
    ({"settings": {"sitecore": {"client_key": "x"}}}, "sitecore.client_key would be readable"),
    ({"settings": {"sitecore": {"client_key_file": "/x"}}}, "client_key_file is said by the chart"),
    (
        {"settings": {"kafka": {"secrets": {"sasl.password": "x"}}}},
        "kafka.secrets would be readable by all",
    ),
    (
        {"settings": {"registry": {"url": "http://r", "user": "u", "password": "x"}}},
        "registry.password would be readable by all",
    ),
    (
        {"settings": {"kafka": {"client": {"sasl.password": "x"}}}},
        "under the key kafka__secrets__sasl.password",
    ),
    (
        {"settings": {"registry": {"url": "http://r", "client": {"bearer.auth.token": "x"}}}},
        "under the key registry__secrets__bearer.auth.token",
    ),
    (
        {"settings": {"registry": {"url": "http://r", "secrets": {"bearer.auth.token": "x"}}}},
        "registry.secrets would be readable by all",
    ),
    (
        {"secretSettings": {"trialValues": {"sitecore__client_key": "x"}}},
        "the client key has a place of its own",
    ),
    (
        {
            "secretSettings": {
                "items": [
                    {"secret": "a", "key": "k", "setting": "registry__password"},
                    {"secret": "b", "key": "k", "setting": "registry__password"},
                ]
            }
        },
        "secretSettings names one setting twice",
    ),
    ({"settings": {"instance": "one"}}, "settings.instance is the same for every pod"),
    ({"settings": {"server": {"grace_s": 60}}}, "use workers.terminationGracePeriodSeconds"),
    ({"settings": {"server": {"port": 0}}}, "settings.server.port is 0"),
    ({"settings": {"server": {"host": "127.0.0.1"}}}, "probes come from outside the pod"),
    (
        {"workers": {"extraEnv": [{"name": "PIPELINE_CONFIG", "value": "x"}]}},
        "extraEnv of assemble names PIPELINE_CONFIG",
    ),
    (
        {"deliver": {"terminationGracePeriodSeconds": 30}},
        "terminationGracePeriodSeconds of deliver (30) must be more than",
    ),
    (
        {"deliver": {"settings": {"deliver": {"drain_s": 50}}}},
        "terminationGracePeriodSeconds of deliver (60) must be more than",
    ),
    (
        {"settings": {"deliver": {"request_timeout_s": 20}}},
        "request_timeout_s (20) must be less than settings.deliver.drain_s (20)",
    ),
    ({"settings": {"deliver": {"lease_s": 40}}}, "a worker that was frozen sends"),
    ({"settings": {"assemble": {"guest_idle_days": 10}}}, "doubles orders"),
    (
        {"settings": {"deliver": {"give_up_after_s": 2_000_000}}},
        "deletes what is still being tried",
    ),
    ({"assemble": {"replicas": 25}}, "replicas of assemble (25) are more than"),
    (
        {"deliver": {"autoscaling": {"enabled": True, "maxReplicaCount": 25}}},
        "maxReplicaCount of deliver (25) is more than",
    ),
    (
        {"deliver": {"autoscaling": {"minReplicaCount": 4, "maxReplicaCount": 3}}},
        "minReplicaCount of deliver (4) is more than its maxReplicaCount (3)",
    ),
    ({"rekey": {"enabled": True}}, "there is no settings.rekey"),
    ({"settings": {"rekey": REKEY}}, "nobody would key those topics"),
    (
        {"rekey": {"enabled": True}, "settings": {"rekey": {**REKEY, "target": "x"}}},
        "settings.rekey.target (x) must be one of settings.topics.commerce",
    ),
    (
        {"serviceAccount": {"create": False, "annotations": {"a": "b"}}},
        "annotate the account that you name",
    ),
    (
        {"settings": {"sitecore": {"ca_file": "/etc/pipeline/files/ours/ca.crt"}}},
        "files has no ours",
    ),
    ({"monitoring": {"scrapeTimeout": "1m"}}, "is longer than monitoring.interval (30s)"),
    ({"monitoring": {"rules": {"disabled": ["PipelineNone"]}}}, "which is no alert"),
)

MISSPELT: tuple[Mapping[str, Any], ...] = (
    {"replicaCount": 3},
    {"image": {"repo": "x"}},
    {"image": {"digest": "sha256:short"}},
    {"image": {"pullPolicy": "Sometimes"}},
    {"workers": {"replica": 3}},
    {"workers": {"replicas": "3"}},
    {"workers": {"resources": {"limit": {"memory": "1Gi"}}}},
    {"workers": {"resources": {"limits": {"memory": "1GB"}}}},
    {"workers": {"tolerations": [{"key": "a", "efect": "NoSchedule"}]}},
    {"workers": {"livenessProbe": {"failureTreshold": 3}}},
    {"workers": {"pdb": {"maxUnavailable": 0}}},
    {"workers": {"pdb": {"maxUnavailable": "0%"}}},
    {"workers": {"updateStrategy": {"type": "Recreate"}}},
    {"workers": {"extraEnv": [{"nme": "A"}]}},
    {"workers": {"autoscaling": {"minReplicaCount": 0}}},
    {"assemble": {"replicsa": 1}},
    {"assemble": {"settings": {"topics": {"commerce": ["x"]}}}},
    {"deliver": {"settings": {"assemble": {}}}},
    {"settings": {"sitecore": {"endpiont": "https://x"}}},
    {"settings": {"sitecore": {"points_of_sale": [{"name": "a", "protcol": "single"}]}}},
    {"settings": {"sitecore": {"points_of_sale": [{"name": "a", "data_model": "3.0"}]}}},
    {"settings": {"kafka": {"group_protocol": "newest"}}},
    {"settings": {"deliver": {"in_flight_max": 0}}},
    {"files": {"ca": {"secrets": "x"}}},
    {"files": {"ca": {"secret": "x", "configMap": "y"}}},
    {"secretSettings": {"items": [{"secret": "a", "key": "b"}]}},
    {"networkPolicy": {"kafkaPorts": ["9092"]}},
    {"monitoring": {"scrape": "podmonitor"}},
    {"monitoring": {"interval": "30 seconds"}},
    {"monitoring": {"relabelings": [{"source_labels": ["a"]}]}},
    {"setup": {"mode": "crate"}},
    {"clientKey": {"key": ""}},
)


@pytest.mark.parametrize(("given", "sentence"), CONTRADICTORY, ids=lambda one: str(one)[:60])
def test_what_cannot_work_is_refused_with_a_sentence(
    given: Mapping[str, Any], sentence: str
) -> None:
    """It would install, and then not work."""
    with pytest.raises(RefusedError) as refused:
        template(MAJORS[-1], "minimal", given)

    assert sentence in str(refused.value)


@pytest.mark.parametrize("given", MISSPELT, ids=lambda one: str(one)[:60])
def test_what_is_misspelt_is_refused_by_its_name(major: int, given: Mapping[str, Any]) -> None:
    """A value that nobody reads looks as if it held."""
    with pytest.raises(RefusedError, match="don't meet the specifications") as refused:
        template(major, "minimal", given)

    assert any(name in str(refused.value) for name in names(given))


def names(given: Any) -> set[str]:
    """Every key and every text of a tree."""
    if isinstance(given, dict):
        return set(given).union(*map(names, given.values()))
    if isinstance(given, list):
        return set().union(*map(names, given))
    return {str(given)}


def test_everything_that_cannot_work_is_said_at_once(major: int) -> None:
    """Nobody wants to learn of it one installation after the other."""
    with pytest.raises(RefusedError) as refused:
        command(major, "template", "orders", str(CHART))

    assert str(refused.value).count("is empty") == 4


def test_the_schema_and_the_readme_are_current() -> None:
    """`make docs` writes them anew."""
    for file, text in written(CHART).items():
        assert file.read_text() == text, f"{file.name} is not what values.yaml says: make docs"


def test_every_value_is_described() -> None:
    """The generator refuses one that is not."""
    with pytest.raises(ValueError, match=r"`image.tag` has no description"):
        values("# -- An image.\nimage:\n  tag: x\n")


def test_a_release_that_contains_the_chart_may_have_globals(major: int) -> None:
    """Helm itself adds them to a chart within a chart."""
    assert template(major, "minimal", {"global": {"region": "eu"}})


def test_the_versions_are_the_programs() -> None:
    """One number, wherever it is said."""
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())

    assert chart["appVersion"] == __version__
    assert f"ARG VERSION={__version__}\n" in (ROOT / "Dockerfile").read_text()


NOTES = 'notes: {{ include (print .Template.BasePath "/NOTES.txt") . | toJson }}'


@pytest.mark.parametrize("name", ["minimal", "trial"])
def test_the_notes_name_what_is_there(major: int, name: str, tmp_path: Path) -> None:
    """The first commands that people paste."""
    chart = tmp_path / "helm"
    shutil.copytree(CHART, chart)
    (chart / "templates" / "notes.yaml").write_text(NOTES)  # Helm shows them on a cluster alone
    found = tuple(objects(template(major, name, chart=chart)))
    (notes,) = (one["notes"] for one in found if "notes" in one)

    assert "kubectl rollout status statefulset orders-commerce-to-sitecore-deliver" in notes
    assert ("This is a trial" in notes) == (name == "trial")
    assert ("setup.enabled=true" in notes) == (name == "minimal")
