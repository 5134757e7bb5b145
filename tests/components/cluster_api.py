"""As much of an API server of Kubernetes as kubectl needs to look at pods and run commands there.

It shows objects that it is given, notes what it is asked for, and runs nothing.
"""

import base64
import contextlib
import hashlib
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

Object = dict[str, Any]
Query = Mapping[str, Sequence[str]]

_VERBS: Final = ["create", "delete", "get", "list", "watch"]
_DISCOVERY: Final[Mapping[str, Object]] = {
    "/api": {"kind": "APIVersions", "versions": ["v1"]},
    "/apis": {
        "kind": "APIGroupList",
        "apiVersion": "v1",
        "groups": [{"name": "apps", "versions": [{"groupVersion": "apps/v1", "version": "v1"}]}],
    },
    "/api/v1": {
        "kind": "APIResourceList",
        "groupVersion": "v1",
        "resources": [
            {"name": "pods", "kind": "Pod", "namespaced": True, "verbs": _VERBS},
            {"name": "events", "kind": "Event", "namespaced": True, "verbs": _VERBS},
        ],
    },
    "/apis/apps/v1": {
        "kind": "APIResourceList",
        "groupVersion": "apps/v1",
        "resources": [
            {"name": "statefulsets", "kind": "StatefulSet", "namespaced": True, "verbs": _VERBS}
        ],
    },
}
_KINDS: Final = {"pods": "Pod", "events": "Event", "statefulsets": "StatefulSet"}
_ABSENT: Final = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 404}
_WEBSOCKET: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class ClusterApi:
    """What is there, and what was asked for."""

    def __init__(self, objects: Sequence[Object], log: str) -> None:
        """Prepare.

        Args:
            objects: Each with its namespace.
            log: What every container has said.
        """
        self.asked: list[str] = []
        """Method and address of every request but those that ask what there is to ask for."""
        self.log = log
        self._objects = list(objects)
        self._gone: set[str] = set()

    def found(self, kind: str, namespace: str, query: Query) -> list[Object]:
        """Choose objects by their labels, and by their name where a field is asked for."""
        labels = dict(pair.split("=") for pair in _pairs(query, "labelSelector"))
        names = [one.removeprefix("metadata.name=") for one in _pairs(query, "fieldSelector")]
        return [
            one
            for one in self._objects
            if (one["kind"], one["metadata"]["namespace"]) == (kind, namespace)
            and labels.items() <= one["metadata"].get("labels", {}).items()
            and all(name == one["metadata"]["name"] for name in names)
            and one["metadata"]["name"] not in self._gone
        ]

    def named(self, kind: str, namespace: str, name: str) -> Object | None:
        """The one of that name."""
        found = self.found(kind, namespace, {})
        return next((one for one in found if one["metadata"]["name"] == name), None)

    def delete(self, name: str) -> None:
        """Show a pod no more."""
        self._gone.add(name)

    def bring_back(self) -> None:
        """Show everything again."""
        self._gone.clear()

    @contextlib.contextmanager
    def serving(self) -> Iterator[str]:
        """Answer until the block ends; gives the address."""

        class Answers(_Answers):
            api = self

        server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    api: ClusterApi

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        if address.path in _DISCOVERY:
            self._say(_DISCOVERY[address.path])
            return
        self._note()
        match address.path.strip("/").split("/"):
            case ["api", "v1", "namespaces", namespace, "pods", name, "proxy", *_]:
                self._proxied(namespace, *name.split(":"))
            case ["api", "v1", "namespaces", _, "pods", _, "log"]:
                self._send(200, "text/plain", self.api.log)
            case ["api", "v1", "namespaces", _, "pods", _, "exec"]:
                self._executed()
            case [*_, "namespaces", namespace, resource]:
                self._list(_KINDS[resource], namespace, parse_qs(address.query))
            case [*_, "namespaces", namespace, resource, name]:
                self._say(self.api.named(_KINDS[resource], namespace, name))
            case _:
                self._say(None)

    def do_DELETE(self) -> None:
        self._note()
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        *_, namespace, resource, name = urlsplit(self.path).path.split("/")
        there = self.api.named(_KINDS[resource], namespace, name)
        self.api.delete(name)
        self._say(there)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 — the base's name
        """Keep quiet."""

    def _note(self) -> None:
        self.api.asked.append(f"{self.command} {self.path}")

    def _list(self, kind: str, namespace: str, query: Query) -> None:
        if "watch" in query:
            self._send(200, "application/json", "")
            return
        items = self.api.found(kind, namespace, query)
        version = "apps/v1" if kind == "StatefulSet" else "v1"
        self._say({"kind": f"{kind}List", "apiVersion": version, "metadata": {}, "items": items})

    def _proxied(self, namespace: str, name: str, port: str) -> None:
        """Answer for a pod at a port that it has."""
        pod = self.api.named("Pod", namespace, name)
        open_ports = [
            str(one["containerPort"])
            for container in (pod or {"spec": {"containers": []}})["spec"]["containers"]
            for one in container.get("ports", [])
        ]
        if port in open_ports:
            self._send(200, "text/plain", "ok")
        else:
            self._say(None)

    def _executed(self) -> None:
        """Say that a command was run, by the WebSocket that kubectl asks for."""
        key = self.headers["Sec-WebSocket-Key"].encode()
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        accepted = base64.b64encode(hashlib.sha1(key + _WEBSOCKET).digest())  # noqa: S324
        self.send_header("Sec-WebSocket-Accept", accepted.decode())
        self.send_header("Sec-WebSocket-Protocol", "v5.channel.k8s.io")
        self.end_headers()
        status = b'\x03{"status":"Success"}'
        self.wfile.write(bytes((0x82, len(status))) + status + b"\x88\x02\x03\xe8")
        self.close_connection = True

    def _say(self, what: Object | None) -> None:
        """Answer with an object, or that there is none."""
        self._send(200 if what else 404, "application/json", json.dumps(what or _ABSENT))

    def _send(self, status: int, kind: str, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())


def _pairs(query: Query, name: str) -> list[str]:
    return [pair for said in query.get(name, ()) for pair in said.split(",")]
