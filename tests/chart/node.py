"""Does with a rendered pod what a node would: volumes, environment, user, process 1, probes."""

import os
import signal
import time
import urllib.request
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.chart.dockerfile import Stage
from tests.chart.rendering import Object
from tests.components import own_root
from tests.components.own_root import Put
from tests.components.process import Child

Contents = Mapping[tuple[str, str], Mapping[str, str]]
"""What ConfigMaps and Secrets hold, by kind and name."""


def contents(found: tuple[Object, ...], given: Contents) -> Contents:
    """Gather what pods can mount: of the release, and what was there before."""
    own = {
        (one["kind"], one["metadata"]["name"]): {**one.get("data", {}), **one.get("stringData", {})}
        for one in found
        if one["kind"] in {"ConfigMap", "Secret"}
    }
    return {**own, **given}


@dataclass(slots=True)
class Node:
    """A machine that runs pods from one image."""

    image: Stage
    folder: Path
    contents: Contents

    def start(self, name: str, pod: Object, port: int) -> "Running":
        """Start the first container of a pod.

        Args:
            name: The pod's.
            pod: Its labels are not needed.
            port: Where it shall listen, since all pods share this machine's address.
        """
        log = self.folder / f"{name}.log"
        return Running(pod, port, Child(self.command(name, pod, port), log=log))

    def command(self, name: str, pod: Object, port: int) -> list[str]:
        """Say how to run the first container of a pod."""
        spec = pod["spec"]
        (container, *_) = spec["containers"]
        place = self.folder / f"{name}-{uuid.uuid4().hex[:8]}"
        volumes = {one["name"]: self._volume(place, one) for one in spec["volumes"]}
        mounts = [Put(volumes[one["name"]], one["mountPath"]) for one in container["volumeMounts"]]
        empty = place / "root"
        empty.mkdir()
        context = spec["securityContext"]
        assert container["securityContext"]["readOnlyRootFilesystem"]
        return own_root.command(
            [*self.image.entrypoint, *container["args"]],
            puts=[*own_root.bare_system(), *self.image.puts(writable=False), *mounts],
            env={
                **self.image.env,
                **_environment(name, container),
                "PIPELINE_SERVER__PORT": str(port),
            },
            cwd=self.image.cwd,
            empty=empty,
            user=f"{context['runAsUser']}:{context['runAsGroup']}",
        )

    def _volume(self, place: Path, volume: Object) -> Path:
        """Write a volume as a node does: a hidden folder, a link to it, and links into that."""
        folder: Path = place / volume["name"]
        hidden = folder / "..2026_11_25"
        hidden.mkdir(parents=True)
        (folder / "..data").symlink_to(hidden.name)
        for source in volume.get("projected", {}).get("sources", [volume]):
            for file, text in self._files(source):
                (hidden / file).write_text(text)
                (hidden / file).chmod(0o444)
                (folder / file).symlink_to(f"..data/{file}")
        return folder

    def _files(self, source: Object) -> Iterator[tuple[str, str]]:
        kind = "ConfigMap" if "configMap" in source else "Secret"
        of = source.get("configMap") or source["secret"]
        there = self.contents[kind, of.get("secretName") or of["name"]]
        items = of.get("items") or [{"key": key, "path": key} for key in there]
        yield from ((item["path"], there[item["key"]]) for item in items)


def _environment(pod: str, container: Object) -> dict[str, str]:
    fields = {"metadata.name": pod}
    return {
        one["name"]: one["value"]
        if "value" in one
        else fields[one["valueFrom"]["fieldRef"]["fieldPath"]]
        for one in container["env"]
    }


@dataclass(slots=True)
class Running:
    """A container that was started."""

    pod: Object
    port: int
    child: Child

    def asked(self, probe: str) -> bool:
        """Ask what a probe of the pod asks, and say whether it answered well."""
        path = self.pod["spec"]["containers"][0][probe]["httpGet"]["path"]
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5):
                return True
        except OSError:
            return False

    def stop(self) -> tuple[int, float]:
        """Send SIGTERM to process 1, and return its exit code and how long it took.

        Raises:
            subprocess.TimeoutExpired: A node would have killed it by now.
        """
        begun = time.monotonic()
        self.terminate()
        code = self.child.wait(self.pod["spec"]["terminationGracePeriodSeconds"])
        return code, time.monotonic() - begun

    def terminate(self) -> None:
        """Send SIGTERM to process 1."""
        os.kill(self.process_one(), signal.SIGTERM)

    def handles(self, number: signal.Signals) -> bool:
        """Whether process 1 would hear a signal; false as long as it is not there."""
        try:
            status = Path(f"/proc/{self.process_one()}/status").read_text()
        except (OSError, IndexError):
            return False
        caught = next(line for line in status.splitlines() if line.startswith("SigCgt:"))
        return bool(int(caught.split()[1], 16) & 1 << number - 1)

    def process_one(self) -> int:
        """The number that process 1 inside has outside."""
        children = Path(f"/proc/{self.child.pid}/task/{self.child.pid}/children").read_text()
        return int(children.split()[0])
