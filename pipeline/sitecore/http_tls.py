"""Certificates for HTTP: read from files, checked at start, read again when they change."""

import ssl
import time
from pathlib import Path
from typing import Final

from pipeline.errors import ConfigError
from pipeline.metrics import deliver as metrics
from pipeline.sitecore.http_port import HttpSettings, Unsent

_CERTIFICATE_EXPIRED: Final = 10
_WRONG_NAME: Final = frozenset({62, 64})
"""Not for this host, not for this address."""
_UNTRUSTED: Final = frozenset({2, 18, 19, 20, 21})
"""OpenSSL's verify codes: an issuer is missing or not trusted."""

_REFUSED_US: Final = ("CERTIFICATE", "UNKNOWN_CA", "ACCESS_DENIED", "HANDSHAKE_FAILURE")
"""Alerts by which a server refuses our certificate. In TLS 1.3 it does so when we may already
write; the handshake ends, and what was written is never read as a request."""


class Certificates:
    """The TLS context by the files as they are now.

    A mounted secret is replaced by swapping a symbolic link, so the files' identity is looked at
    and not only their time. Files that cannot be used keep the last good context: a certificate
    may be there before its key. Connections that are open stay as they are.
    """

    def __init__(self, settings: HttpSettings) -> None:
        """Read the files; raises ConfigError when one cannot be used."""
        files = (settings.ca_file, settings.certificate_file, settings.key_file)
        self._settings = settings
        self._paths = tuple(Path(file) for file in files if file is not None)
        self._seen = self._signatures()
        self._context = ssl_context(settings)
        self._look_at = time.monotonic() + self._settings.certificates_every_s

    def context(self) -> ssl.SSLContext:
        """What a new connection is made with."""
        if self._paths and (now := time.monotonic()) >= self._look_at:
            self._look_at = now + self._settings.certificates_every_s
            if (signatures := self._signatures()) != self._seen:
                self._seen = signatures
                self._read_again()
        return self._context

    def _read_again(self) -> None:
        try:
            self._context = ssl_context(self._settings)
        except ConfigError:
            metrics.certificates_kept()
        else:
            metrics.certificates_changed()

    def _signatures(self) -> list[tuple[int, int, int, int] | None]:
        return [_signature(path) for path in self._paths]


def _signature(path: Path) -> tuple[int, int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size


def fault(error: BaseException) -> Unsent | None:
    """What was wrong with TLS; None when it was something else."""
    match error:
        case ssl.SSLCertVerificationError(verify_code=code):
            if code in _WRONG_NAME:
                return Unsent.TLS_NAME
            if code == _CERTIFICATE_EXPIRED:
                return Unsent.TLS_EXPIRED
            return Unsent.TLS_UNTRUSTED if code in _UNTRUSTED else Unsent.TLS
        case ssl.SSLError():
            return Unsent.TLS
    return None


def refuses_us(error: BaseException | None) -> bool:
    """Whether the server ended TLS because of our certificate."""
    if not isinstance(error, ssl.SSLError):
        return False
    reason = error.reason or ""
    return "_ALERT_" in reason and any(words in reason for words in _REFUSED_US)


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


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
