"""A schema registry that can crash, and keeps its schemas nevertheless, as a real one does.

The process that we have forgets them. So workers ask at a port of ours, behind
which nobody answers until a registry that was started again has been told them.
"""

import contextlib
import socket
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor

from pipeline.commerce.build import BUILDERS
from pipeline.commerce.schemas import COMMERCE, current
from pipeline.config import RegistrySettings
from pipeline.kafka.registry import connect
from tests.components.process import free_port
from tests.components.registry import Registry

_PATH = "/apis/ccompat/v7"
_CHUNK = 65_536


class CrashingRegistry:
    """One registry, and the port at which it is known."""

    def __init__(self) -> None:
        """Start it, and register every commerce event."""
        self._registry = Registry()
        self._listener = socket.create_server(("127.0.0.1", free_port()))
        self._is_open = threading.Event()
        # The kernel ends a child with the thread that started it: this one stays.
        self._starter = ThreadPoolExecutor(1)
        self._restart: Future[None] | None = None
        self.ids: dict[str, int] = {}
        self._starter.submit(self._begin, 0.0).result()
        threading.Thread(target=self._serve, name="registry's port", daemon=True).start()

    @property
    def settings(self) -> RegistrySettings:
        """As workers know it."""
        port = self._listener.getsockname()[1]
        return RegistrySettings.model_validate({"url": f"http://127.0.0.1:{port}{_PATH}"})

    def crash(self, away_s: float) -> None:
        """End it with signal 9; it is started again after a while, behind our back."""
        self.wait()
        self._is_open.clear()
        self._registry.kill()
        self._restart = self._starter.submit(self._begin, away_s)

    def wait(self) -> None:
        """Wait until it is there."""
        if self._restart is not None:
            self._restart.result()
            self._restart = None

    def close(self) -> None:
        """End it for good."""
        with contextlib.suppress(Exception):
            self.wait()
        self._is_open.clear()
        self._listener.close()
        self._registry.close()
        self._starter.shutdown()

    def _begin(self, away_s: float) -> None:
        time.sleep(away_s)
        self._registry.start()
        settings = RegistrySettings.model_validate({"url": self._registry.url})
        with connect(settings) as client:
            found = {name: client.register(current()[f"{COMMERCE}.{name}"]) for name in BUILDERS}
        ids = {name: subject.schema_id for name, subject in found.items()}
        told = {name: one for name, one in ids.items() if one is not None}
        assert told == (self.ids or told), "the registry gave other ids than before"
        assert len(told) == len(BUILDERS), f"not registered: {BUILDERS.keys() - told}"
        self.ids = told
        self._is_open.set()

    def _serve(self) -> None:
        target = int(self._registry.url.split(":")[2].split("/")[0])
        while True:
            try:
                asking, _ = self._listener.accept()
            except OSError:
                return
            if not self._is_open.is_set():
                asking.close()
                continue
            try:
                answering = socket.create_connection(("127.0.0.1", target), timeout=5)
            except OSError:
                asking.close()
                continue
            for one, other in ((asking, answering), (answering, asking)):
                threading.Thread(target=_pass_on, args=(one, other), daemon=True).start()


def _pass_on(one: socket.socket, other: socket.socket) -> None:
    with contextlib.suppress(OSError), one, other:
        one.settimeout(None)
        while chunk := one.recv(_CHUNK):
            other.sendall(chunk)
