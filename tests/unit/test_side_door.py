"""Probes and scrapes, and what slow or rude clients can do to them."""

import http.client
import socket
import time
from collections.abc import Iterator

import pytest
from prometheus_client import CollectorRegistry, Counter

from pipeline.errors import ConfigError
from pipeline.side_door import CONNECTIONS_MAX, LIFE_S, SideDoor


class FakeWorker:
    """Says what it is told to say."""

    def __init__(self) -> None:
        self.is_alive = True
        self.is_ready = True

    def alive(self) -> bool:
        """Whether it claims to be alive."""
        return self.is_alive

    def ready(self) -> bool:
        """Whether it claims to be ready."""
        return self.is_ready


@pytest.fixture
def worker() -> FakeWorker:
    """A worker that is alive and ready."""
    return FakeWorker()


@pytest.fixture
def door(worker: FakeWorker) -> Iterator[SideDoor]:
    """A side door on a free port."""
    registry = CollectorRegistry()
    Counter("pipeline_seen", "Seen.", registry=registry).inc(3)
    with SideDoor(
        "127.0.0.1", 0, alive=worker.alive, ready=worker.ready, registry=registry
    ) as door:
        yield door


def asked(door: SideDoor, path: str, method: str = "GET") -> tuple[int, str]:
    """Ask once."""
    connection = http.client.HTTPConnection("127.0.0.1", door.port, timeout=LIFE_S)
    connection.request(method, path)
    answer = connection.getresponse()
    said = answer.status, answer.read().decode()
    connection.close()
    return said


def test_a_worker_is_alive_and_ready_as_it_says(door: SideDoor, worker: FakeWorker) -> None:
    """Kubernetes restarts by the one and routes and rolls by the other."""
    assert asked(door, "/livez") == (200, "alive\n")
    assert asked(door, "/readyz?verbose=1") == (200, "ready\n")

    worker.is_alive, worker.is_ready = False, False

    assert asked(door, "/livez")[0] == 503
    assert asked(door, "/readyz") == (503, "not ready\n")


def test_what_is_counted_can_be_scraped(door: SideDoor) -> None:
    """The format is the one that Prometheus asks for."""
    assert "pipeline_seen_total 3.0" in asked(door, "/metrics")[1]


def test_a_head_request_gets_no_body(door: SideDoor) -> None:
    """Load balancers probe by HEAD."""
    assert asked(door, "/livez", "HEAD") == (200, "")


def test_nothing_else_is_served(door: SideDoor) -> None:
    """The port changes nothing and shows nothing but these three."""
    assert asked(door, "/")[0] == 404
    assert asked(door, "/livez/../metrics")[0] == 404
    assert asked(door, "/livez", "POST")[0] == 501
    assert asked(door, "/metrics", "DELETE")[0] == 501


def test_more_slow_clients_than_there_are_places_keep_no_probe_out(door: SideDoor) -> None:
    """A scanner that opens connections and says nothing must not get the worker killed."""
    idle = [socket.create_connection(("127.0.0.1", door.port)) for _ in range(2 * CONNECTIONS_MAX)]

    assert asked(door, "/livez") == (200, "alive\n")

    for connection in idle:
        connection.close()


@pytest.mark.slow
def test_a_client_that_sends_a_byte_a_second_is_cut(door: SideDoor) -> None:
    """Each byte would renew a time limit that counts silence only."""
    connection = socket.create_connection(("127.0.0.1", door.port))
    until = time.monotonic() + LIFE_S + 3
    cut = False
    while not cut and time.monotonic() < until:
        try:
            connection.sendall(b"G")
            connection.settimeout(0.5)
            cut = connection.recv(1) == b""
        except TimeoutError:
            continue
        except OSError:
            cut = True

    connection.close()
    assert cut


def test_a_check_that_fails_is_an_answer_that_fails(door: SideDoor, worker: FakeWorker) -> None:
    """A worker that cannot say whether it is alive is not; the port lives on."""

    def broken() -> bool:
        raise RuntimeError

    with SideDoor("127.0.0.1", 0, alive=broken, ready=worker.ready) as other:
        with pytest.raises(http.client.HTTPException):
            asked(other, "/livez")

        assert asked(other, "/readyz")[0] == 200


def test_a_port_that_is_taken_is_refused_by_its_setting(door: SideDoor) -> None:
    """Two workers of one machine need two ports, and the message says which setting to change."""
    with pytest.raises(ConfigError, match=f"`server.port` {door.port} on 127.0.0.1"):
        SideDoor("127.0.0.1", door.port, alive=bool, ready=bool)
