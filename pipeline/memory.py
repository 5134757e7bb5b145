"""How much memory this process may use."""

import os
from pathlib import Path
from typing import Final

CGROUPS: Final = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)
"""Where a container's limit stands: in version 2 of Linux's control groups, and in version 1."""


def limit_bytes(cgroups: tuple[Path, ...] = CGROUPS) -> int:
    """Give the container's limit, or what the machine has, whichever is less."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min([machine, *(limit for file in cgroups if (limit := _limit(file)) is not None)])


def _limit(file: Path) -> int | None:
    """Read a limit; None: the file is not there, or sets none."""
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return None
