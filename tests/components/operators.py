"""Custom resources of the Prometheus operator and of KEDA, as models made from their schemas."""

import importlib
import shutil
import sys
import warnings
from functools import cache as remembered
from typing import Any, Final

from pydantic import ValidationError

from tests.components.maven import cache, once
from tests.components.pypi import unpack

PACKAGES: Final = (
    "cloudcoil==0.6.0",
    "cloudcoil-models-keda==2.16.1.0",
    "cloudcoil-models-prometheus-operator==0.80.1.0",
)
_MODULES: Final = {
    "keda.sh/v1alpha1": "cloudcoil.models.keda.v1alpha1",
    "monitoring.coreos.com/v1": "cloudcoil.models.prometheus_operator.v1",
}


def fetch() -> None:
    """Fetch the models, once a machine.

    Raises:
        MissingToolError: They cannot be had.
    """
    folder = cache() / "operators-1"
    with once(folder) as absent:
        if absent:
            scratch = folder.with_name(f"{folder.name}.partial")
            shutil.rmtree(scratch, ignore_errors=True)
            unpack(PACKAGES, scratch / "models", scratch=scratch)
            (scratch / "models").rename(folder)
            shutil.rmtree(scratch)
    if str(folder) not in sys.path:
        sys.path.append(str(folder))


def is_known(one: dict[str, Any]) -> bool:
    """Whether an object is of such a kind."""
    return one["apiVersion"] in _MODULES


def complaints(one: dict[str, Any]) -> list[str]:
    """Say what is wrong with an object, fields that no schema has included."""
    model = getattr(_module(one["apiVersion"]), one["kind"])
    try:
        known = model.model_validate(one).model_dump(mode="json", by_alias=True, exclude_unset=True)
    except ValidationError as error:
        return [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()]
    return list(_unknown(one, known, ""))


@remembered
def _module(version: str) -> Any:
    fetch()
    with warnings.catch_warnings(action="ignore"):
        return importlib.import_module(_MODULES[version])


def _unknown(said: Any, known: Any, path: str) -> list[str]:
    """Find what a model has dropped."""
    if isinstance(said, dict) and isinstance(known, dict):
        dropped = [f"{path}.{key} is unknown" for key in said if key not in known]
        inner = [_unknown(said[key], known[key], f"{path}.{key}") for key in said if key in known]
        return [*dropped, *(line for lines in inner for line in lines)]
    if isinstance(said, list) and isinstance(known, list):
        pairs = enumerate(zip(said, known, strict=True))
        return [line for at, pair in pairs for line in _unknown(*pair, f"{path}[{at}]")]
    return []
