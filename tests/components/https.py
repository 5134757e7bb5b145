"""A small HTTPS server on loopback, on a thread of its own, and what stands behind it."""

import base64
import contextlib
import http.client
import json
import ssl
from collections.abc import Callable, Collection, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import urlsplit


@contextlib.contextmanager
def serving(
    handler: Callable[..., BaseHTTPRequestHandler], context: ssl.SSLContext
) -> Iterator[str]:
    """Serve until the block ends; gives the base address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Answering(BaseHTTPRequestHandler):
    """Reads a body and gives an answer, and logs nothing."""

    def body(self) -> bytes:
        """What came with the request."""
        return self.rfile.read(int(self.headers["Content-Length"] or 0))

    def answer(self, status: int, said: bytes | dict[str, Any]) -> None:
        """Say something, by default as JSON."""
        said = json.dumps(said).encode() if isinstance(said, dict) else said
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 — the base's name
        """Say nothing."""


class _Gate(Answering):
    """Passes on the requests of those who say who they are."""

    def __init__(self, target: str, accepts: Collection[str], *connection: Any) -> None:
        self._target = urlsplit(target)
        self._accepts = accepts
        super().__init__(*connection)

    def _pass_on(self) -> None:
        body = self.body()
        if self._accepts and self.headers["Authorization"] not in self._accepts:
            self.answer(401, {"error_code": 401, "message": "Unauthorized"})
            return
        connection = http.client.HTTPConnection(self._target.netloc, timeout=10)
        kind = {"Content-Type": self.headers["Content-Type"] or "application/json"}
        connection.request(self.command, self._target.path + self.path, body, kind)
        answer = connection.getresponse()
        self.answer(answer.status, answer.read())
        connection.close()

    do_GET = do_POST = do_PUT = _pass_on  # noqa: N815 — the base's names


def gate(
    target: str, context: ssl.SSLContext, accepts: Collection[str] = ()
) -> contextlib.AbstractContextManager[str]:
    """Stand before an HTTP server with TLS, and let in who is known.

    Args:
        target: Base address of the server.
        context: How TLS is spoken; may want a certificate of the client.
        accepts: What `Authorization` may say; empty: nothing is asked.
    """
    return serving(partial(_Gate, target, accepts), context)


def basic(user: str, password: str) -> str:
    """What `Authorization` says of a user."""
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"
