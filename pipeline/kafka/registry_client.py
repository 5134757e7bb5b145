"""A schema registry's client: what users may say to it, and which setting an error is about."""

import ssl
from collections.abc import Mapping
from typing import Any, Final

from confluent_kafka.schema_registry import SchemaRegistryClient, SchemaRegistryError
from confluent_kafka.schema_registry.error import OAuthTokenError

from pipeline.config import RegistrySettings
from pipeline.errors import ConfigError
from pipeline.kafka import pem

TIMEOUT_S: Final = 5.0
"""Longest wait for an answer; whoever asks waits and asks again."""

_OWNED: Final[Mapping[str, str]] = {
    "url": "set registry.url",
    "ssl.ca.location": "set registry.ca_file",
    "basic.auth.user.info": "set registry.user and registry.password",
    "timeout": "whoever asks waits, and asks again",
    "max.retries": "whoever asks waits, and asks again",
}
_FILES: Final = {
    "ssl.certificate.location": pem.CERTIFICATE,
    "ssl.key.location": pem.PRIVATE_KEY,
}
_BEARER: Final = "bearer.auth.credentials.source"
_ABOUT: Final[Mapping[str, str]] = {
    "CERTIFICATE_VERIFY_FAILED": (
        "`registry.ca_file`, and whether the certificate is of the name in `registry.url`"
    ),
    "ALERT": "`ssl.certificate.location` and `ssl.key.location` in `registry.client`",
}
_CLIENT: Final = (
    "`bearer.auth.client.id` and `bearer.auth.issuer.endpoint.url` in `registry.client`, "
    "`bearer.auth.client.secret` in `registry.secrets`"
)
_ISSUER_CA: Final = (
    "the authorities in the bundle that the environment's SSL_CERT_FILE names: the client takes "
    "no others for an identity provider"
)
_ADDRESS: Final = "`registry.url`, and whether http or https is spoken there; or at the network"
_REFUSED: Final = frozenset({401, 403})


def make(settings: RegistrySettings) -> SchemaRegistryClient:
    """Make a client; it asks nothing yet.

    Raises:
        ConfigError: A property is unknown, owned by the program, or names a file that is not what
            it should be.
    """
    _check_files(settings)
    try:
        return SchemaRegistryClient.new_client(_config(settings))
    except ssl.SSLError:
        raise ConfigError(
            "`registry.client`: the key of `ssl.key.location` is not that of "
            "`ssl.certificate.location`, or `ssl.key.password` in `registry.secrets` is not its "
            "password"
        ) from None
    except (OSError, ValueError, TypeError) as error:
        said = without_secrets(str(error), settings)
        raise ConfigError(f"registry: {said}; look at registry.url and registry.client") from None


def without_secrets(text: str, settings: RegistrySettings) -> str:
    """Cut secrets out: others answer with what was sent."""
    password = [] if settings.password is None else [settings.password]
    for secret in (*settings.secrets.values(), *password):
        text = text.replace(secret.get_secret_value() or "\0", "…")
    return text


def look_at(error: Exception) -> str:
    """Name the settings that an error is about; empty: it is about none."""
    if isinstance(error, SchemaRegistryError):
        refused = error.http_status_code in _REFUSED
        who = "`registry.user` and `registry.password`, or the token in `registry.secrets`"
        return f"; look at {who}" if refused else ""
    text = str(error).upper()
    if isinstance(error, OAuthTokenError):
        return f"; look at {_ISSUER_CA if 'CERTIFICATE_VERIFY_FAILED' in text else _CLIENT}"
    about = (setting for words, setting in _ABOUT.items() if words in text)
    return f"; look at {next(about, _ADDRESS)}"


def _config(settings: RegistrySettings) -> dict[str, Any]:
    secrets = {key: secret.get_secret_value() for key, secret in settings.secrets.items()}
    config: dict[str, Any] = {**settings.client, **secrets}
    for key in config:
        if key in _OWNED:
            raise ConfigError(f"registry client property {key!r} is owned: {_OWNED[key]}")
    config |= {"url": str(settings.url).rstrip("/"), "timeout": TIMEOUT_S, "max.retries": 0}
    if _BEARER in config:
        # Confluent's client wants one, and registries of others do not look at it.
        config.setdefault("bearer.auth.logical.cluster", "")
    if "ssl.certificate.location" in config:
        # A key that wants a password would ask for it on the terminal, and wait.
        config.setdefault("ssl.key.password", "")
    if settings.user is not None:
        password = settings.password.get_secret_value() if settings.password else ""
        config["basic.auth.user.info"] = f"{settings.user}:{password}"
    if settings.ca_file is not None:
        config["ssl.ca.location"] = settings.ca_file
    return config


def _check_files(settings: RegistrySettings) -> None:
    if settings.ca_file is not None:
        pem.check("`registry.ca_file`", settings.ca_file, pem.CERTIFICATE)
    for name, holds in _FILES.items():
        if name in settings.client:
            pem.check(f"`registry.client`: `{name}`", str(settings.client[name]), holds)
