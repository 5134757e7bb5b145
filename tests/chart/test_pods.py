"""What a node and the admission of a cluster would make of the pods."""

from collections.abc import Iterator

import pytest

from tests.chart.references import is_hook, references, resolves
from tests.chart.rendering import USES, Object, containers, pods, rendered

pytestmark = pytest.mark.usefixtures("helms")

ALLOWED_VOLUMES = {"configMap", "downwardAPI", "emptyDir", "persistentVolumeClaim", "projected"}
ALLOWED_VOLUMES |= {"csi", "ephemeral", "secret"}


@pytest.mark.parametrize("name", USES)
def test_every_pod_meets_the_restricted_standard(name: str) -> None:
    """A namespace that enforces it would refuse the pod, while the StatefulSet looks installed."""
    for owner, pod in pods(rendered(name)).items():
        assert list(violations(pod["spec"])) == [], owner


def violations(spec: Object) -> Iterator[str]:
    """What Pod Security `restricted` of 1.27 and later would name."""
    context = spec.get("securityContext", {})
    for host in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(host):
            yield host
    if context.get("runAsNonRoot") is not True or context.get("runAsUser") == 0:
        yield "runAsNonRoot"
    if context.get("seccompProfile", {}).get("type") not in {"RuntimeDefault", "Localhost"}:
        yield "seccompProfile"
    for volume in spec.get("volumes", []):
        if not volume.keys() - {"name"} <= ALLOWED_VOLUMES:
            yield f"volume {volume['name']}"
    for container in containers({"spec": spec}):
        yield from (f"{container['name']}: {what}" for what in unsafe(container))


def unsafe(container: Object) -> Iterator[str]:
    """What a container alone may not have."""
    context = container.get("securityContext", {})
    if context.get("allowPrivilegeEscalation") is not False or context.get("privileged"):
        yield "privileges"
    capabilities = context.get("capabilities", {})
    if capabilities.get("drop") != ["ALL"] or capabilities.get("add"):
        yield "capabilities"
    if any("hostPort" in port for port in container.get("ports", [])):
        yield "hostPort"
    if not context.get("readOnlyRootFilesystem"):
        yield "a root that can be written to"


@pytest.mark.parametrize("name", USES)
def test_no_pod_holds_a_token_of_the_api(name: str) -> None:
    """Nothing here asks the API server anything."""
    for pod in pods(rendered(name)).values():
        assert pod["spec"]["automountServiceAccountToken"] is False
        assert pod["spec"]["enableServiceLinks"] is False


@pytest.mark.parametrize("name", USES)
def test_every_reference_resolves(name: str) -> None:
    """A pod whose Secret, key or account is absent never starts."""
    found = rendered(name)
    before = tuple(one for one in found if is_hook(one, "pre-install"))
    release = tuple(one for one in found if not is_hook(one, "pre-install"))

    for there in (before, release):
        for owner, pod in pods(there).items():
            missing = {ref for ref in references(pod["spec"]) if not resolves(ref, there, name)}
            assert missing == set(), owner


@pytest.mark.parametrize("name", USES)
def test_every_mount_has_its_volume_and_every_volume_its_mount(name: str) -> None:
    """The API server refuses a pod that mounts what it does not have."""
    for owner, pod in pods(rendered(name)).items():
        there = [volume["name"] for volume in pod["spec"]["volumes"]]
        ours = [one for one in containers(pod) if "volumeMounts" in one]
        for container in ours:
            mounted = [mount["name"] for mount in container["volumeMounts"]]
            assert sorted(mounted) == sorted(there), owner
            paths = [mount["mountPath"] for mount in container["volumeMounts"]]
            assert len(set(paths)) == len(paths)


def test_only_deliver_and_the_check_see_the_client_key() -> None:
    """Whoever does not talk to Sitecore has no use for it."""
    for name in ("minimal", "trial", "rekey"):
        seeing = {
            owner.rpartition("-")[2]
            for owner, pod in pods(rendered(name)).items()
            if "client-key" in {volume["name"] for volume in pod["spec"]["volumes"]}
        }
        assert seeing == {"deliver", "check"}


def test_an_instance_is_its_pods_name() -> None:
    """It stays over restarts, and no two have the same."""
    for pod in pods(rendered("minimal")).values():
        env = {one["name"]: one for one in pod["spec"]["containers"][0]["env"]}
        field = env["PIPELINE_INSTANCE"]["valueFrom"]["fieldRef"]["fieldPath"]
        assert field == "metadata.name"


def test_the_setup_does_what_it_was_asked_for() -> None:
    """Comparing changes nothing."""
    creating = pods(rendered("trial"))["orders-commerce-to-sitecore-setup"]
    comparing = pods(rendered("secured"))["orders-commerce-to-sitecore-setup"]

    assert [one["args"] for one in containers(creating)] == [
        ["topics", "create"],
        ["schemas", "register"],
    ]
    assert [one["args"] for one in containers(comparing)] == [
        ["topics", "compare"],
        ["schemas", "register", "--check"],
    ]
