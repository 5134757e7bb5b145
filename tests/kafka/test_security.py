"""TLS, SASL and tokens, on a broker and before a registry that want them."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from confluent_kafka import Consumer, Producer, TopicPartition

from pipeline.cli.checks import findings
from pipeline.config import KafkaSettings, RegistrySettings, Settings
from pipeline.errors import UnavailableError
from pipeline.kafka.clients import consumer_config, producer_config
from pipeline.kafka.registry import connect
from pipeline.sandbox.running import RunningSandbox
from pipeline.sandbox.settings import EXAMPLE_BROWSER_ID, EXAMPLE_SHOP, SandboxSettings
from tests.components.https import basic, gate
from tests.components.registry import Registry
from tests.components.secured import Secured, User
from tests.components.tokens import FORGED
from tests.contract.certificates import authority, server_context, signed
from tests.e2e.stack import CLIENT_KEY, WORKERS, Stack

pytestmark = [pytest.mark.kafka, pytest.mark.registry, pytest.mark.slow]

SECRET = "s3cr3t-value"  # noqa: S105 — what must never be seen
READER = "s3cr3t-password"
"""Of the registry's user."""
TOKEN = "s3cr3t-token"  # noqa: S105 — of the registry too

_EVENT = {
    "guestId": "guest-1",
    "browserId": EXAMPLE_BROWSER_ID,
    "channel": "web",
    "pointOfSale": EXAMPLE_SHOP,
    "currency": "EUR",
}
_TIME = "2026-01-31T00:00:00.000Z"
_EURO = {"amount": "1.00", "currency": "EUR"}
_LINE = {"itemId": "A", "productId": "A", "type": "shoes", "name": "A", "quantity": 1}
EVENTS = (
    {
        "event": "GuestIdentified",
        "eventId": "00000000-0000-4000-8000-000000000001",
        "identifiers": [{"provider": "CRM", "id": "1"}],
    },
    {
        "event": "OrderPlaced",
        "eventId": "00000000-0000-4000-8000-000000000002",
        "orderId": "O-1",
        "orderedAt": _TIME,
        "status": "purchased",
        "total": _EURO,
        "lines": [_LINE | {"unitPrice": _EURO}],
        "payment": {"type": "Card"},
    },
)


class Gates(NamedTuple):
    """Addresses of one registry."""

    password: str
    """Wants a user or a token."""
    certificate: str
    """Wants a certificate."""


@pytest.fixture(scope="module")
def gates(registry: Registry, secured_kafka: Secured) -> Iterator[Gates]:
    """TLS before the registry, which has none of its own here, nor users."""
    accepts = (basic("reader", READER), f"Bearer {TOKEN}")
    open_tls = server_context(secured_kafka.server)
    mutual = server_context(secured_kafka.server, clients_of=secured_kafka.authority)
    with ExitStack() as both:
        yield Gates(
            both.enter_context(gate(registry.url, open_tls, accepts)),
            both.enter_context(gate(registry.url, mutual)),
        )


def test_an_order_goes_the_whole_way(secured_kafka: Secured, gates: Gates, tmp_path: Path) -> None:
    """SCRAM over TLS to Kafka, a user's password over TLS to the registry; every command too."""
    settings = {
        "kafka": secured_kafka.scram(secured_kafka.pipeline),
        "registry": {
            "url": gates.password,
            "user": "reader",
            "password": READER,
            "ca_file": str(secured_kafka.ca_file),
        },
    }
    lines = "".join(f"{json.dumps({'occurredAt': _TIME, **_EVENT, **each})}\n" for each in EVENTS)
    with RunningSandbox(SandboxSettings(client_key=CLIENT_KEY)) as sandbox:
        shop = {"endpoint": sandbox.url, "points_of_sale": [{"name": EXAMPLE_SHOP}]}
        settings["sitecore"] = shop | {"client_key": CLIENT_KEY}
        stack = Stack(secured_kafka.kafka, sandbox, tmp_path, settings)
        try:
            stack.command("schemas", "register")
            checked = stack.command("check")
            stack.command("publish", "--now", "-", stdin=lines)
            stack.start(*WORKERS)
            give_up_at = time.monotonic() + 60
            while not sandbox.sandbox.tenant.orders and time.monotonic() < give_up_at:
                stack.check()
                time.sleep(0.1)
            logs = "".join(stack.tail(worker) for worker in WORKERS)
            metrics = b"".join(stack.metrics(worker) for worker in WORKERS).decode()
        finally:
            stack.close()

    assert [order.reference_id for order in sandbox.sandbox.tenant.orders] == ["O-1"]
    assert checked.count(" ok ") == checked.count("\n")
    for secret in (secured_kafka.pipeline.password, READER, CLIENT_KEY):
        assert secret not in logs + metrics + checked


def by_mechanism(secured: Secured, mechanism: str) -> dict[str, Any]:
    """How one says who one is, rightly."""
    match mechanism:
        case "certificate":
            return secured.by_certificate(signed(secured.authority, secured.pipeline.name))
        case "OAUTHBEARER":
            return secured.by_token(secured.issuer.client_secret)
    return secured.by_password(mechanism, secured.pipeline)


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-512", "certificate", "OAUTHBEARER"])
def test_every_mechanism_reads_and_writes(secured_kafka: Secured, mechanism: str) -> None:
    """By what `pipeline check` says, and by the clients that the workers use."""
    kafka = KafkaSettings.model_validate(by_mechanism(secured_kafka, mechanism))
    topic = secured_kafka.kafka.topic("secured")

    said = kafka_said(kafka)
    producer = Producer(producer_config(kafka))
    producer.produce(topic, value=b"here", partition=0)
    assert producer.flush(20) == 0
    consumer = Consumer(consumer_config(kafka, group="secured"))
    consumer.assign([TopicPartition(topic, 0, 0)])
    record = consumer.poll(20)
    consumer.close()

    assert said.startswith("1 broker at")
    assert record is not None
    assert record.value() == b"here"


def kafka_said(kafka: KafkaSettings) -> str:
    """What `pipeline check` says of Kafka."""
    told = findings(Settings(kafka=kafka))
    return next(found.said for found in told if found.name == "kafka")


def wrong(secured: Secured) -> dict[str, dict[str, Any]]:
    """How one says who one is, wrongly, by what is wrong."""
    ours, stranger = secured.authority, authority(secured.folder, "stranger")
    nobody = secured.by_certificate(None)
    mutual = secured.by_certificate(signed(ours, secured.pipeline.name))
    scram = secured.scram(secured.pipeline)
    foreign = {"ssl.ca.location": str(stranger.path)}
    return {
        "password": secured.scram(User(secured.pipeline.name, SECRET)),
        "plain password": secured.by_password("PLAIN", User(secured.pipeline.name, SECRET)),
        "mechanism": secured.by_password("SCRAM-SHA-256", secured.pipeline),
        "authority": {**mutual, "client": mutual["client"] | foreign},
        "no certificate": nobody,
        "expired certificate": secured.by_certificate(signed(ours, "expired", age=20)),
        "foreign certificate": secured.by_certificate(signed(stranger, "foreign")),
        "plain at TLS": {"bootstrap_servers": secured.tls},
        "plain at SASL": {**scram, "client": {}, "bootstrap_servers": secured.sasl, "secrets": {}},
        "TLS at plain": {**nobody, "bootstrap_servers": secured.kafka.bootstrap},
        "client secret": secured.by_token(SECRET),
        "token": secured.by_token(secured.issuer.client_secret, scope=FORGED),
        "issuer's authority": {
            **secured.by_token(secured.issuer.client_secret),
            "client": secured.by_token("")["client"] | {"https.ca.location": str(stranger.path)},
        },
    }


LOOK_AT = {
    "password": "`sasl.username` in `kafka.client` and `sasl.password` in `kafka.secrets`",
    "plain password": "`sasl.username` in `kafka.client` and `sasl.password` in `kafka.secrets`",
    "mechanism": "`sasl.mechanism`",
    "authority": "`ssl.ca.location`",
    "no certificate": "`ssl.certificate.location`",
    "expired certificate": "`ssl.certificate.location`",
    "foreign certificate": "`ssl.certificate.location`",
    "plain at TLS": "`security.protocol` in `kafka.client`, if nothing else",
    "plain at SASL": "`security.protocol` in `kafka.client`, if nothing else",
    "TLS at plain": "`security.protocol`",
    "client secret": "`sasl.oauthbearer.client.id`",
    "token": "`sasl.oauthbearer.scope`",
    "issuer's authority": "`https.ca.location`",
}


def published(secured: Secured) -> str:
    """What `pipeline publish` says of a wrong client secret, with all that is logged."""
    file = secured.folder / "wrong.yaml"
    file.write_text(yaml.safe_dump({"kafka": secured.by_token(SECRET), "log_level": "debug"}))
    program = [sys.executable, "-m", "pipeline", "--config", str(file), "publish", "-"]
    done = subprocess.run(program, input="", capture_output=True, text=True, check=False)
    return f"{done.returncode} {done.stdout}{done.stderr}"


@pytest.fixture(scope="module")
def said_of_wrong(secured_kafka: Secured) -> dict[str, str]:
    """What `pipeline check` says of each; it waits for each, so all are tried at once."""
    cases = wrong(secured_kafka)
    with ThreadPoolExecutor(len(cases) + 1) as pool:
        command = pool.submit(published, secured_kafka)
        said = pool.map(kafka_said, map(KafkaSettings.model_validate, cases.values()))
        return {**dict(zip(cases, said, strict=True)), "a command": command.result()}


@pytest.mark.parametrize(("case", "setting"), LOOK_AT.items())
def test_what_is_wrong_is_said_with_the_setting(
    said_of_wrong: dict[str, str], case: str, setting: str
) -> None:
    """In one line beside the failure, without a secret, though the identity provider quotes it."""
    failure, *reasons = said_of_wrong[case].splitlines()

    assert failure.startswith("no broker answers")
    (reason,) = reasons
    assert f"look at {setting}" in reason
    assert SECRET not in reason


def test_a_command_shows_the_reason_and_no_secret(said_of_wrong: dict[str, str]) -> None:
    """What the client logs itself goes through our hands too."""
    said = said_of_wrong["a command"]

    assert said.startswith("69 ")
    assert "`sasl.oauthbearer.client.secret` in `kafka.secrets`" in said
    assert "Failed to retrieve OIDC token" in said
    assert SECRET not in said


def asked(url: str, **settings: Any) -> str:
    """Ask a registry for its subjects, and say what came of it."""
    told = RegistrySettings.model_validate({"url": url, **settings})
    with connect(told) as registry:
        try:
            return f"{type(registry.subjects()).__name__}"
        except UnavailableError as error:
            return str(error)


def test_a_registry_is_asked_by_every_way(secured_kafka: Secured, gates: Gates) -> None:
    """A user, a token, a certificate: what the broker takes, a registry may want too."""
    ca = {"ca_file": str(secured_kafka.ca_file)}
    pair = str(signed(secured_kafka.authority, "us").path)
    bearer = {"bearer.auth.credentials.source": "STATIC_TOKEN"}
    certificate = {"ssl.certificate.location": pair, "ssl.key.location": pair}

    said = [
        asked(gates.password, user="reader", password=READER, **ca),
        asked(gates.password, client=bearer, secrets={"bearer.auth.token": TOKEN}, **ca),
        asked(gates.certificate, client=certificate, **ca),
    ]

    assert said == ["list"] * 3


def test_what_a_registry_refuses_is_said_with_the_setting(
    secured_kafka: Secured, gates: Gates, registry: Registry
) -> None:
    """Each by its own, and no secret."""
    ca = {"ca_file": str(secured_kafka.ca_file)}
    http, https = gates.password.replace("https", "http"), registry.url.replace("http", "https")
    expired = str(signed(secured_kafka.authority, "expired-reader", age=20).path)
    certificate = {"ssl.certificate.location": expired, "ssl.key.location": expired}

    said = [
        (asked(gates.password, user="reader", password=SECRET, **ca), "`registry.password`"),
        (asked(gates.password, **ca), "the token in `registry.secrets`"),
        (asked(gates.password, user="reader", password=READER), "`registry.ca_file`"),
        (asked(gates.certificate, **ca), "`ssl.certificate.location`"),
        (asked(gates.certificate, client=certificate, **ca), "`ssl.certificate.location`"),
        (asked(http, **ca), "`registry.url`"),
        (asked(https, **ca), "`registry.url`"),
    ]

    for what, setting in said:
        assert setting in what.partition("look at")[2]
        assert SECRET not in what
