"""What each version of Kubernetes takes, by the strict schemas that `kubernetes-validate` carries.

Its own function reads more than a megabyte of definitions for each object; here that is done once.
"""

import json
import re
from functools import cache
from importlib.resources import files
from typing import Any, Final

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

VERSIONS: Final = tuple(f"1.{minor}" for minor in range(27, 38))
"""Every one from the oldest that the chart supports to the newest that there are schemas for."""


def refusals(one: dict[str, Any], version: str) -> list[str]:
    """Say what a version refuses of an object, or would drop in silence."""
    return [
        f"{one['kind']} {one['metadata']['name']}: {error.json_path}: {error.message}"
        for error in _schema(version, one["kind"], one["apiVersion"]).iter_errors(one)
    ]


@cache
def _schema(version: str, kind: str, api: str) -> Draft202012Validator:
    group = re.sub(r"^([^./]*)[^/]*/", r"\1-", api)  # rbac.authorization.k8s.io/v1: rbac-v1
    schema = _read(version, f"{kind.lower()}-{group}")
    registry: Registry[Any] = Resource.from_contents(schema) @ _definitions(version)
    return Draft202012Validator(schema, registry=registry)


@cache
def _definitions(version: str) -> Registry[Any]:
    return Resource.from_contents(_read(version, "_definitions")) @ Registry()


def _read(version: str, name: str) -> Any:
    folder = files("kubernetes_validate") / "kubernetes-json-schema" / f"v{version}.0-local-strict"
    return json.loads((folder / f"{name}.json").read_text())
