"""What properties of Kafka's clients say of TLS and SASL, looked at before a client is made.

librdkafka names a wrong file by a number of OpenSSL's, and some that cannot work not at all.
"""

from collections.abc import Mapping
from typing import Final

from pipeline.errors import ConfigError
from pipeline.kafka import pem

_FILES: Final[Mapping[str, str | None]] = {
    "ssl.ca.location": pem.CERTIFICATE,
    "ssl.certificate.location": pem.CERTIFICATE,
    "ssl.key.location": pem.PRIVATE_KEY,
    "ssl.keystore.location": None,
    "ssl.crl.location": "x509 crl",
    "https.ca.location": pem.CERTIFICATE,
    "sasl.oauthbearer.assertion.file": None,
    "sasl.oauthbearer.assertion.jwt.template.file": None,
    "sasl.oauthbearer.assertion.private.key.file": pem.PRIVATE_KEY,
}
_SEARCHED: Final = "probe"
"""Lets librdkafka look in the usual places."""

_MECHANISMS: Final = "PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER"
_PASSWORDS: Final = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")


def check(properties: Mapping[str, object]) -> None:
    """Find what cannot work.

    Args:
        properties: Those of `kafka.client` and `kafka.secrets` together.

    Raises:
        ConfigError: A file is not what it should be, or properties contradict each other.
    """
    for name, holds in _FILES.items():
        file = str(properties.get(name, _SEARCHED))
        if file != _SEARCHED:
            pem.check(f"`kafka.client`: `{name}`", file, holds)
    wrong = _certificate(properties) or _mechanism(properties)
    if wrong is not None:
        raise ConfigError(f"`kafka.client`: {wrong}")


def _certificate(properties: Mapping[str, object]) -> str | None:
    certificate, key = (
        any(name in properties for name in (f"ssl.{kind}.location", f"ssl.{kind}.pem"))
        for kind in ("certificate", "key")
    )
    if certificate and not key:
        return "`ssl.certificate.location` needs `ssl.key.location`, even if one file holds both"
    if key and not certificate:
        return "`ssl.key.location` is the key of no certificate: set `ssl.certificate.location`"
    return None


def _mechanism(properties: Mapping[str, object]) -> str | None:
    protocol = str(properties.get("security.protocol", "plaintext")).upper()
    mechanism = properties.get("sasl.mechanisms", properties.get("sasl.mechanism"))
    if protocol in ("PLAINTEXT", "SSL") and mechanism is not None:
        return (
            f"`sasl.mechanism` is set, and `security.protocol` is {protocol}, by which no broker "
            "is told who we are: set it to SASL_SSL"
        )
    if not protocol.startswith("SASL_"):
        return None
    if mechanism is None:
        return f"`security.protocol` is {protocol}: set `sasl.mechanism` to {_MECHANISMS}"
    if mechanism == "GSSAPI":
        return f"the client comes without Kerberos: `sasl.mechanism` can be {_MECHANISMS}"
    return _credentials(str(mechanism), properties)


def _credentials(mechanism: str, properties: Mapping[str, object]) -> str | None:
    named = {"sasl.username", "sasl.password"} <= properties.keys()
    if mechanism in _PASSWORDS and not named:
        return (
            f"{mechanism} needs `sasl.username`, and `sasl.password` in `kafka.secrets`: set both"
        )
    method = str(properties.get("sasl.oauthbearer.method", "default"))
    unsecured = str(properties.get("enable.sasl.oauthbearer.unsecure.jwt", "")).lower() == "true"
    if mechanism == "OAUTHBEARER" and method != "oidc" and not unsecured:
        return "OAUTHBEARER gets its token by `sasl.oauthbearer.method: oidc`: set it"
    return None
