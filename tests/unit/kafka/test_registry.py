"""What a registry's answers mean, on loopback."""

import json
from base64 import b64encode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from confluent_kafka.schema_registry import Schema as RegistrySchema
from confluent_kafka.schema_registry import SchemaReference, SchemaRegistryClient
from cryptography.hazmat.primitives import serialization
from pydantic import SecretStr

from pipeline.commerce import schemas
from pipeline.commerce.schemas import parse
from pipeline.config import RegistrySettings
from pipeline.errors import ConfigError, UnavailableError
from pipeline.kafka.registry import UNKNOWN_FOR_S, Registry, connect
from tests.contract.certificates import authority, signed

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

    do_POST = do_GET  # noqa: N815 — the base's name

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


def settings(port: int, **more: str | SecretStr | dict[str, str]) -> RegistrySettings:
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


TOKEN = {"bearer.auth.credentials.source": "STATIC_TOKEN"}
SECRET = "s3cr3t-value"  # noqa: S105 — what must never be seen


def test_a_token_is_sent(server: Server) -> None:
    """What a gateway before a registry wants; whose cluster it is need not be said."""
    server.says(200, {"schema": VIEWED.text})
    secrets = {"bearer.auth.token": SECRET}

    with connect(settings(server.server_port, client=TOKEN, secrets=secrets)) as registry:
        registry.schema(7)

    assert server.users == [f"Bearer {SECRET}"]


@pytest.mark.parametrize(
    ("status", "said"), [(401, "`registry.password`, or the token"), (500, "HTTP status code 500")]
)
def test_an_answer_that_quotes_what_was_sent_shows_no_secret(
    server: Server, status: int, said: str
) -> None:
    """And whoever is refused is told where to look, whoever is not is not sent there."""
    server.says(status, {"error_code": status, "message": f"no {SECRET}"})
    secrets = {"bearer.auth.token": SECRET}

    with (
        connect(settings(server.server_port, client=TOKEN, secrets=secrets)) as registry,
        pytest.raises(UnavailableError) as error,
    ):
        registry.schema(7)

    assert "answers no … (HTTP" in str(error.value)
    assert str(error.value).count("look at") == (status == 401)
    assert said in str(error.value)
    assert SECRET not in str(error.value)


def by_issuer(server: Server) -> dict[str, str]:
    """How a token is got from somebody else."""
    return {
        "bearer.auth.credentials.source": "OAUTHBEARER",
        "bearer.auth.client.id": "us",
        "bearer.auth.scope": "registry",
        "bearer.auth.issuer.endpoint.url": f"http://127.0.0.1:{server.server_port}/token",
    }


def test_a_token_of_an_identity_provider_is_sent(server: Server) -> None:
    """What hosted registries want; the provider asks who we are first."""
    server.says(200, {"access_token": "given", "expires_in": 300, "schema": VIEWED.text})
    client, secrets = by_issuer(server), {"bearer.auth.client.secret": SECRET}

    with connect(settings(server.server_port, client=client, secrets=secrets)) as registry:
        assert registry.schema(7) == VIEWED.text

    assert server.asked == ["/token", "/schemas/ids/7"]
    assert server.users == ["Basic " + b64encode(f"us:{SECRET}".encode()).decode(), "Bearer given"]


def test_an_identity_provider_that_gives_no_token_is_an_outage(server: Server) -> None:
    """And its answer, which may quote the secret, shows none."""
    client = by_issuer(server)
    server.says(401, {"error": "invalid_client", "error_description": f"not {SECRET}"})
    secrets = {"bearer.auth.client.secret": SECRET}

    with (
        connect(settings(server.server_port, client=client, secrets=secrets)) as registry,
        pytest.raises(UnavailableError, match=r"look at `bearer\.auth\.client\.id`") as error,
    ):
        registry.schema(7)

    assert SECRET not in str(error.value)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"ca_file": "/nowhere/ca.pem"}, r"`registry\.ca_file` is /nowhere/ca\.pem, which cannot"),
        (
            {"client": {"ssl.certificate.location": __file__}},
            r"`ssl\.certificate\.location` is .* holds no certificate in PEM",
        ),
        ({"client": {"timeout": "3"}}, "'timeout' is owned"),
        ({"client": {"nosuch": "3"}}, "Unrecognized properties: nosuch"),
        ({"secrets": {"basic.auth.user.info": "a:b"}}, "set registry.user and registry.password"),
    ],
)
def test_what_the_client_does_not_take_is_a_wrong_setting(
    more: dict[str, str | SecretStr | dict[str, str]], said: str
) -> None:
    """Said before anything is consumed."""
    with pytest.raises(ConfigError, match=said):
        connect(settings(1, **more))


@pytest.mark.parametrize(
    "more",
    [
        {"client": {"bearer.auth.token": SECRET}},
        {"client": {"ssl.key.password": SECRET}},
        {"client": TOKEN, "user": "us", "password": SECRET},
    ],
)
def test_secrets_in_the_open_and_two_ways_at_once_are_refused(
    more: dict[str, str | SecretStr | dict[str, str]],
) -> None:
    """One would be seen, the other silently not used."""
    with pytest.raises(ValueError, match=r"`registry\.secrets`|keep one"):
        settings(1, **more)


@pytest.mark.parametrize("hidden", [False, True])
def test_a_key_that_does_not_fit_is_a_wrong_setting(tmp_path: Path, *, hidden: bool) -> None:
    """Another certificate's, or one whose password nobody said: nobody is asked for it."""
    ours, other = (signed(authority(tmp_path, name), f"{name}-s") for name in ("one", "two"))
    key = tmp_path / "key.pem"
    locked = serialization.BestAvailableEncryption(SECRET.encode())
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    key.write_bytes(ours.key.private_bytes(pem, pkcs8, locked) if hidden else other.key_pem)
    client = {"ssl.certificate.location": str(ours.path), "ssl.key.location": str(key)}

    with pytest.raises(ConfigError, match=r"`ssl\.key\.password` in `registry\.secrets`"):
        connect(settings(1, client=client))

    if hidden:
        connect(settings(1, client=client, secrets={"ssl.key.password": SECRET})).close()


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
