"""Runs a program with a root directory of its own, as a container would: no engine is needed.

A mount namespace gives it an empty root into which only what is named is put.
"""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.components.maven import MissingToolError

_OF_THE_MACHINE = ("/usr", "/bin", "/lib", "/lib64", "/sbin", "/dev")
_OF_ETC = ("ld.so.cache", "ssl", "resolv.conf", "hosts", "nsswitch.conf")


@dataclass(frozen=True, slots=True)
class Put:
    """A file or a folder that is seen at a place inside."""

    source: Path
    place: str
    writable: bool = False


def require() -> None:
    """Find out whether this machine lets us.

    Raises:
        MissingToolError: It does not.
    """
    possible = sys.platform == "linux" and os.geteuid() == 0 and shutil.which("unshare")
    if not possible or subprocess.run(["unshare", "--mount", "true"], check=False).returncode:
        raise MissingToolError("a root of its own is absent: that needs Linux and the user root")


def whole_machine(but: Sequence[str]) -> Iterator[Put]:
    """Everything that this machine has, except some folders of its root."""
    for entry in sorted(Path("/").iterdir()):
        if entry.name not in but:
            yield Put(entry, str(entry), writable=True)


def bare_system() -> Iterator[Put]:
    """What a small image has: the system's libraries and Python, none of it writable."""
    yield from (Put(Path(place), place) for place in _OF_THE_MACHINE if Path(place).exists())
    yield from (Put(Path("/etc", name), f"/etc/{name}") for name in _OF_ETC)
    yield Put(Path(sys.base_prefix), sys.base_prefix)


def command(
    program: Sequence[str],
    *,
    puts: Sequence[Put],
    env: Mapping[str, str],
    cwd: str,
    empty: Path,
    user: str = "0:0",
) -> list[str]:
    """Say how to run a program as process 1 of a root of its own.

    Args:
        program: With its arguments, by a place inside.
        puts: What is there; nothing else is, and nothing else can be written.
        env: All of its environment.
        cwd: A folder inside.
        empty: An empty folder, for the root to be made on; it stays empty.
        user: Numbers of user and group.
    """
    root = shlex.quote(str(empty))
    lines = ["set -e", f"mount -t tmpfs -o mode=755 root {root}"]
    for put in puts:
        lines += _put(put, root)
    lines += [f"mkdir -p {root}/proc", f"mount -t proc proc {root}/proc"]
    lines.append(f"mount -o remount,ro {root}")
    variables = [f"{name}={value}" for name, value in env.items()]
    uid, _, gid = user.partition(":")
    # Whoever kills the command, with signal 9 too, kills the program with it.
    as_user = ["setpriv", "--pdeathsig=KILL", f"--reuid={uid}", f"--regid={gid}", "--clear-groups"]
    inside = [*as_user, "env", "-i", f"--chdir={cwd}", *variables, *program]
    lines.append(f"exec chroot {root} {shlex.join(inside)}")
    return ["unshare", "--mount", "--pid", "--fork", "sh", "-c", "\n".join(lines)]


def _put(put: Put, root: str) -> list[str]:
    place, source = f"{root}{shlex.quote(put.place)}", shlex.quote(str(put.source))
    if put.source.is_symlink():
        return [f"cp -P {source} {place}"]
    above = shlex.quote(str(Path(put.place).parent))
    made = f"mkdir -p {place}" if put.source.is_dir() else f"touch {place}"
    lines = [f"mkdir -p {root}{above}", made, f"mount --rbind {source} {place}"]
    return lines if put.writable else [*lines, f"mount -o remount,bind,ro {place}"]
