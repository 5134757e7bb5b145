"""The destination of deliver's benchmarks: a compiled server that checks order and tells ages."""

import contextlib
import json
import ssl
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from benchmarks.harness import OTHERS_CORE, pinned
from tests.components.maven import require_java
from tests.components.process import free_port, listens
from tests.contract.certificates import authority, signed

_PASSWORD = "benchmark"  # noqa: S105 — of a key that lives for one run


@dataclass(frozen=True, slots=True)
class Limit:
    """A bucket of tokens: without one left the answer is 429."""

    per_s: float
    burst: float = 50


@dataclass(frozen=True, slots=True)
class Destination:
    """One that runs."""

    endpoint: str
    ca_file: Path | None
    """The authority to trust; None without TLS."""

    def stats(self) -> dict[str, int]:
        """What it has counted since it started."""
        return self._asked("stats")

    def ages_us(self) -> dict[str, int]:
        """From a message's sending to its arrival, of those since the last time it was asked."""
        return self._asked("ages")

    def _asked(self, what: str) -> dict[str, int]:
        context = None if self.ca_file is None else ssl.create_default_context(cafile=self.ca_file)
        address = f"{self.endpoint}/{what}"
        with urllib.request.urlopen(address, timeout=30, context=context) as answer:  # noqa: S310
            told: dict[str, int] = json.load(answer)
        return told


@contextlib.contextmanager
def running(
    folder: Path, *, answer_ms: int = 0, tls: bool = False, limit: Limit | None = None
) -> Iterator[Destination]:
    """Run one until the block ends."""
    port = free_port()
    program = Path(__file__).with_name("Destination.java")
    command = [require_java(), "-Xmx1g", str(program), str(port), str(answer_ms)]
    ca_file = None
    if tls:
        ca_file, store = _certificates(folder)
        command += ["--tls", str(store), _PASSWORD]
    if limit is not None:
        command += ["--limit", str(limit.per_s), str(limit.burst)]
    scheme = "https" if tls else "http"
    with pinned(command, core=OTHERS_CORE, log=folder / "destination.txt") as process:
        process.until(lambda: listens(port))
        yield Destination(f"{scheme}://127.0.0.1:{port}", ca_file)


def _certificates(folder: Path) -> tuple[Path, Path]:
    """Make an authority, and a store with a server's certificate and key."""
    by = authority(folder)
    pair = signed(by, "destination")
    store = folder / "destination.p12"
    encryption = BestAvailableEncryption(_PASSWORD.encode())
    store.write_bytes(
        pkcs12.serialize_key_and_certificates(
            b"destination", pair.key, pair.certificate, [by.certificate], encryption
        )
    )
    public = folder / "authority-alone.pem"
    public.write_bytes(by.certificate_pem)
    return public, store
