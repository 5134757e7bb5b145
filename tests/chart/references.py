"""What a pod needs to start, and whether it is there."""

from collections.abc import Iterator
from typing import Any

import yaml

from tests.chart.rendering import Object, containers, of_kind, use


def is_hook(one: Object, event: str) -> bool:
    """Whether Helm makes an object for that event, apart from the release."""
    hook: str = one["metadata"].get("annotations", {}).get("helm.sh/hook", "")
    return event in hook.split(",")


Reference = tuple[str, str, str]
"""Kind, name, and key; an empty key is any."""


def references(spec: Object) -> Iterator[Reference]:
    """Everything that a pod needs to start."""
    yield "ServiceAccount", spec["serviceAccountName"], ""
    for secret in spec.get("imagePullSecrets", []):
        yield "Secret", secret["name"], ""
    for volume in spec.get("volumes", []):
        for source in volume.get("projected", {}).get("sources", [volume]):
            yield from mounted(source)
    for container in containers({"spec": spec}):
        for source in container.get("envFrom", []):
            if "configMapRef" in source:
                yield "ConfigMap", source["configMapRef"]["name"], ""


def mounted(source: Object) -> Iterator[Reference]:
    """What one source of a volume needs."""
    if "secret" in source:
        secret = source["secret"]
        yield from keys("Secret", secret.get("secretName") or secret["name"], secret)
    if "configMap" in source:
        yield from keys("ConfigMap", source["configMap"]["name"], source["configMap"])


def keys(kind: str, name: str, source: Object) -> Iterator[Reference]:
    """The keys of an object that a volume needs."""
    items = source.get("items", [{"key": ""}])
    yield from ((kind, name, item["key"]) for item in items)


def resolves(reference: Reference, there: tuple[Object, ...], name: str) -> bool:
    """Whether it is there already, by the values' own word, or comes with the release."""
    kind, called, key = reference
    for one in of_kind(there, kind):
        if one["metadata"]["name"] == called:
            return not key or key in {**one.get("data", {}), **one.get("stringData", {})}
    given = set(leaves(yaml.safe_load(use(name).read_text())))
    return called in given and (key in given or key in {"", "client-key"})


def leaves(tree: Any) -> Iterator[str]:
    """Every text of a tree."""
    if isinstance(tree, dict):
        tree = list(tree.values())
    if isinstance(tree, list):
        for one in tree:
            yield from leaves(one)
    else:
        yield str(tree)
