"""What a registry's answers mean, on loopback."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from confluent_kafka.schema_registry import Schema as RegistrySchema
from confluent_kafka.schema_registry import SchemaReference, SchemaRegistryClient
from pydantic import HttpUrl, SecretStr

from pipeline.commerce import schemas
from pipeline.commerce.schemas import parse
from pipeline.config import RegistrySettings
from pipeline.errors import ConfigError, UnavailableError
from pipeline.kafka.registry import UNKNOWN_FOR_S, Registry, connect

VIEWED = schemas.current()["commerce.PageViewed"]


class Server(HTTPServer):
    """Gives every request the same answer, and remembers who asked."""

    status = 200
    body = b"{}"

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[str] = []
        self.users: list[str | None] = []

    def says(self, status: int, body: object) -> None:
        self.status = status
        self.body = body if isinstance(body, bytes) else json.dumps(body).encode()


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.server.users.append(self.headers["Authorization"])
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 — the base's name
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def settings(port: int, **more: str | SecretStr) -> RegistrySettings:
    return RegistrySettings.model_validate({"url": f"http://127.0.0.1:{port}", **more})


@pytest.fixture
def now() -> list[float]:
    return [0.0]


@pytest.fixture
def registry(server: Server, now: list[float]) -> Iterator[Registry]:
    url = f"http://127.0.0.1:{server.server_port}"
    client = SchemaRegistryClient({"url": url, "max.retries": 0, "timeout": 5})
    with Registry(client, clock=lambda: now[0]) as registry:
        yield registry


def test_an_id_gives_its_schema(server: Server, registry: Registry) -> None:
    """The text that its writer wrote by."""
    server.says(200, {"schema": VIEWED.text})

    assert registry.schema(7) == VIEWED.text
    assert server.asked == ["/schemas/ids/7"]


def test_an_unknown_id_is_not_asked_for_at_once_again(
    server: Server, registry: Registry, now: list[float]
) -> None:
    """A flood of noise must not become a flood of requests; a late registration must be seen."""
    server.says(404, {"error_code": 40403, "message": "Schema not found"})

    found = [registry.schema(7), registry.schema(7)]
    now[0] += UNKNOWN_FOR_S
    server.says(200, {"schema": VIEWED.text})

    assert found == [None, None]
    assert registry.schema(7) == VIEWED.text
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, b"<html>not here</html>"),
        (404, {"error_code": 404, "message": "HTTP 404 Not Found"}),
        (401, {"error_code": 401, "message": "Unauthorized"}),
        (429, {"error_code": 429, "message": "Too many"}),
        (500, {"error_code": 50001, "message": "Error in the backend"}),
        (503, b""),
        (302, b""),
        (200, b"<html>log in</html>"),
        (200, b"[]"),
        (200, b"null"),
    ],
)
def test_any_other_answer_is_an_outage(
    server: Server, registry: Registry, status: int, body: object
) -> None:
    """To take a proxy's page for "unknown" would set aside every record of the shop."""
    server.says(status, body)

    with pytest.raises(UnavailableError):
        registry.schema(7)


def test_nobody_there_is_an_outage() -> None:
    """A registry that restarts."""
    with connect(settings(1)) as registry, pytest.raises(UnavailableError, match="not answer"):
        registry.schema(7)


def test_user_and_password_are_sent(server: Server) -> None:
    """Basic authentication, as the hosted registries want it."""
    server.says(200, {"schema": VIEWED.text})

    with connect(settings(server.server_port, user="us", password=SecretStr("pw"))) as registry:
        registry.schema(7)

    assert server.users == ["Basic dXM6cHc="]


def test_a_missing_ca_file_is_a_wrong_setting() -> None:
    """Said before anything is consumed."""
    url = HttpUrl("https://registry.example")

    with pytest.raises(ConfigError, match=r"registry\.ca_file"):
        connect(RegistrySettings(url=url, ca_file="/nowhere/ca.pem"))


def test_a_registered_schema_has_an_id() -> None:
    """What publish writes before each record."""
    client = SchemaRegistryClient.new_client({"url": "mock://"})
    schema_id = client.register_schema(VIEWED.name, RegistrySchema(VIEWED.text, "AVRO"))

    registry = Registry(client)

    assert registry.id_of(VIEWED) == schema_id
    assert registry.schema(schema_id) == VIEWED.text


def test_references_are_put_into_the_text() -> None:
    """A shop may register Money once and refer to it."""
    client = SchemaRegistryClient.new_client({"url": "mock://"})
    money = schemas.current()["commerce.Money"]
    client.register_schema("money", RegistrySchema(money.text, "AVRO"))
    text = '{"type":"record","name":"Paid","fields":[{"name":"total","type":"commerce.Money"}]}'
    reference = SchemaReference("commerce.Money", "money", 1)
    schema_id = client.register_schema("paid", RegistrySchema(text, "AVRO", [reference]))

    found = Registry(client).schema(schema_id)

    assert found is not None
    assert set(parse(found).names) == {"Paid", "commerce.Money"}
