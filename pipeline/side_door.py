"""A worker's own HTTP port: is it alive, is it ready, and what does it count."""

import socket
import sys
import time
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from types import TracebackType
from typing import Any, Self

from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.exposition import choose_encoder

from pipeline import metrics
from pipeline.errors import ConfigError

LIFE_S = 5.0
"""A connection lives this long at most: a probe or a scrape needs far less."""
CONNECTIONS_MAX = 32
"""One more, and the oldest goes: slow clients never keep a probe out."""

Check = Callable[[], bool]


class _Handler(BaseHTTPRequestHandler):
    """Answers one request a connection."""

    server: "_Server"
    server_version = "pipeline"
    sys_version = ""
    timeout = LIFE_S

    def do_GET(self) -> None:
        """Answer a probe or a scrape."""
        match self.path.partition("?")[0]:
            case "/livez":
                self._say(self.server.alive(), "alive", "the loop has not turned lately")
            case "/readyz":
                self._say(self.server.ready(), "ready", "not ready")
            case "/metrics":
                encode, content_type = choose_encoder(self.headers.get("Accept", ""))
                self._answer(HTTPStatus.OK, encode(self.server.registry), content_type)
            case _:
                self._answer(HTTPStatus.NOT_FOUND, b"/livez, /readyz, /metrics\n")

    do_HEAD = do_GET  # noqa: N815 — the base class finds it by this name

    def _say(self, good: bool, yes: str, no: str) -> None:  # noqa: FBT001 — what is said
        status = HTTPStatus.OK if good else HTTPStatus.SERVICE_UNAVAILABLE
        self._answer(status, f"{yes if good else no}\n".encode())

    def _answer(
        self, status: HTTPStatus, body: bytes, content_type: str = "text/plain; charset=utf-8"
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        """Say nothing: probes come every few seconds."""


class _Server(ThreadingHTTPServer):
    """Serves with a bound on how many connections there are, and how long each lives."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(
        self, address: tuple[str, int], *, alive: Check, ready: Check, registry: CollectorRegistry
    ) -> None:
        self.alive = alive
        self.ready = ready
        self.registry = registry
        self._open: dict[socket.socket, float] = {}
        self._lock = Lock()
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Note a connection; the oldest goes when there are too many."""
        with self._lock:
            if len(self._open) >= CONNECTIONS_MAX:
                oldest = next(iter(self._open))
                del self._open[oldest]
                _cut(oldest)
            self._open[request] = time.monotonic() + LIFE_S
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget a connection that ends."""
        with self._lock:
            self._open.pop(request, None)
        super().shutdown_request(request)

    def service_actions(self) -> None:
        """Cut what has lived too long: a client may send a byte a second for ever."""
        now = time.monotonic()
        with self._lock:
            for connection, until in self._open.items():
                if until < now:
                    _cut(connection)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002
        """Count an answer that broke: its client is gone, or a check failed."""
        metrics.side_door_broken(type(sys.exception()).__name__)


def _cut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # its client has closed it already


class SideDoor:
    """Serves in a thread of its own from entering to leaving."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        alive: Check,
        ready: Check,
        registry: CollectorRegistry = REGISTRY,
    ) -> None:
        """Open the port.

        Args:
            host: Address to listen on.
            port: 0 takes any free one.
            alive: Whether the worker's loop has turned lately; asked from other threads.
            ready: Whether the worker does its work; asked from other threads.
            registry: What is counted.

        Raises:
            ConfigError: The port cannot be had.
        """
        try:
            self._server = _Server((host, port), alive=alive, ready=ready, registry=registry)
        except OSError as error:
            raise ConfigError(
                f"`server.port` {port} on {host} cannot be had: {error.strerror}; "
                "choose another one, or 0 for any"
            ) from error
        self.port: int = self._server.server_address[1]
        """The port that is listened on."""
        self._thread = Thread(target=self._server.serve_forever, name="side-door", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        metrics.side_door_opened(self.port)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
