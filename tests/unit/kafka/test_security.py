"""What cannot work of TLS and SASL is said before any connection, by the name of the setting."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from pydantic import SecretStr

from pipeline.config import KafkaSettings
from pipeline.errors import ConfigError
from pipeline.kafka.properties import check
from tests.contract.certificates import Pair, authority, signed

SECRET = "s3cr3t-value"  # noqa: S105 — what must never be seen


@pytest.fixture
def ours(tmp_path: Path) -> Pair:
    return signed(authority(tmp_path), "ours")


def refused(
    client: dict[str, str | int | float | bool], secrets: dict[str, SecretStr] | None = None
) -> str:
    """Check properties that cannot work, and give what is said."""
    with pytest.raises(ConfigError) as error:
        check(KafkaSettings(client=client, secrets=secrets or {}))
    return str(error.value)


@pytest.mark.parametrize(
    "name",
    ["ssl.ca.location", "ssl.certificate.location", "ssl.key.location", "https.ca.location"],
)
def test_a_file_that_is_not_there_is_named_with_its_setting(name: str) -> None:
    """A Secret that is mounted elsewhere is the usual reason."""
    said = refused({name: "/nowhere/file.pem"})

    assert said == (
        f"`kafka.client`: `{name}` is /nowhere/file.pem, which cannot be read: "
        "No such file or directory"
    )


@pytest.mark.parametrize(
    ("name", "holds"),
    [
        ("ssl.ca.location", "certificate"),
        ("ssl.certificate.location", "certificate"),
        ("ssl.key.location", "private key"),
        ("https.ca.location", "certificate"),
    ],
)
def test_a_file_that_is_no_pem_is_named_with_its_setting(
    name: str, holds: str, tmp_path: Path
) -> None:
    """Java's stores, DER, and the other file of a pair; what it holds is not shown."""
    file = tmp_path / "store.jks"
    file.write_text(SECRET)

    said = refused({name: str(file)})

    assert said == f"`kafka.client`: `{name}` is {file}, which holds no {holds} in PEM"


def test_files_that_are_what_they_should_be_pass(ours: Pair, tmp_path: Path) -> None:
    """A folder of authorities too, and a key with its password."""
    key = tmp_path / "key.pem"
    hidden = serialization.BestAvailableEncryption(SECRET.encode())
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    key.write_bytes(ours.key.private_bytes(pem, pkcs8, hidden))
    own: dict[str, str | int | float | bool] = {
        "security.protocol": "SSL",
        "ssl.ca.location": str(tmp_path),
        "ssl.certificate.location": str(ours.path),
        "ssl.key.location": str(key),
    }

    check(KafkaSettings(client=own, secrets={"ssl.key.password": SecretStr(SECRET)}))

    assert "`ssl.key.password`" in refused(own, {"ssl.key.password": SecretStr("other")})
    assert "`ssl.key.password`" in refused(own)


def test_a_key_of_another_certificate_is_refused(ours: Pair, tmp_path: Path) -> None:
    """One of the two was renewed."""
    other = signed(authority(tmp_path, "second"), "other")

    said = refused(
        {
            "security.protocol": "SSL",
            "ssl.certificate.location": str(ours.path),
            "ssl.key.location": str(other.path),
        }
    )

    assert "is not that of `ssl.certificate.location`" in said


def test_half_a_pair_is_refused(ours: Pair) -> None:
    """The broker would see no certificate, and say only that it wants one."""
    assert "needs `ssl.key.location`" in refused({"ssl.certificate.location": str(ours.path)})
    assert "set `ssl.certificate.location`" in refused({"ssl.key.location": str(ours.path)})


@pytest.mark.parametrize(
    ("client", "said"),
    [
        ({"sasl.mechanism": "GSSAPI"}, "the client comes without Kerberos"),
        ({}, "set `sasl.mechanism` to PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER"),
        ({"sasl.mechanisms": "PLAIN", "sasl.username": "us"}, "`sasl.password` in `kafka.secrets`"),
        ({"sasl.mechanism": "OAUTHBEARER"}, "`sasl.oauthbearer.method: oidc`"),
        ({"sasl.mechanism": "CARRIER-PIGEON"}, "Unsupported SASL mechanism: CARRIER-PIGEON"),
        (
            {"security.protocol": "SSL", "sasl.mechanism": "PLAIN"},
            "`security.protocol` is SSL, by which no broker is told who we are",
        ),
    ],
)
def test_a_mechanism_that_cannot_work_is_refused(client: dict[str, str], said: str) -> None:
    """librdkafka takes GSSAPI where nothing is said, and waits for ever for a token."""
    assert said in refused({"security.protocol": "SASL_SSL", **client})


@pytest.mark.parametrize(
    "name",
    ["sasl.password", "ssl.key.password", "sasl.oauthbearer.client.secret", "sasl.jaas.config"],
)
def test_a_secret_among_plain_properties_is_refused(name: str) -> None:
    """It would be in the ConfigMap, and in what `check --print` shows."""
    with pytest.raises(ValueError, match=r"`kafka\.secrets`"):
        KafkaSettings(client={name: SECRET})
