"""Certificates for HTTP: read from files once, at start, and checked there."""

import re
import ssl
from collections.abc import Iterator
from pathlib import Path

from pipeline.errors import ConfigError
from pipeline.sitecore.http_port import HttpSettings

_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


def ssl_context(settings: HttpSettings) -> ssl.SSLContext:
    """Trust the system's authorities and the configured ones; present our certificate, if any.

    Raises:
        ConfigError: A file cannot be read, or is not what it should be.
    """
    context = ssl.create_default_context()
    if settings.ca_file is not None:
        authorities = _read(settings.ca_file)
        try:
            context.load_verify_locations(cadata=authorities.decode("ascii"))
        except (ssl.SSLError, UnicodeDecodeError, ValueError) as error:
            raise ConfigError(f"{settings.ca_file}: holds no PEM certificates") from error
    if settings.certificate_file is not None:
        _present(context, settings.certificate_file, settings.key_file)
    return context


def _present(context: ssl.SSLContext, certificate_file: str, key_file: str | None) -> None:
    for path in filter(None, (certificate_file, key_file)):
        _read(path)
    try:
        # A key that wants a passphrase would ask for it on the terminal, and wait.
        context.load_cert_chain(certificate_file, key_file, password="")
    except (ssl.SSLError, ValueError) as error:
        where = certificate_file if key_file is None else f"{certificate_file} with {key_file}"
        raise ConfigError(f"{where}: is not a PEM certificate with its unencrypted key") from error


def authorities(settings: HttpSettings) -> Iterator[bytes]:
    """The configured authorities, one PEM certificate each."""
    if settings.ca_file is not None:
        yield from _CERTIFICATE.findall(_read(settings.ca_file))


def identity(settings: HttpSettings) -> bytes | None:
    """Our certificate chain with its key, as one PEM text; None without one."""
    if settings.certificate_file is None:
        return None
    files = filter(None, (settings.certificate_file, settings.key_file))
    return b"\n".join(_read(path) for path in files)


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
