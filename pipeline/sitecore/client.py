"""The Stream API's client: gives a request its wire form and its key, and sends it once."""

from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal

import msgspec
from pydantic import SecretStr

from pipeline.errors import ConfigError
from pipeline.metrics import deliver as metrics
from pipeline.sitecore.http_port import HttpPort
from pipeline.sitecore.outcome import Reply
from pipeline.sitecore.request import Request
from pipeline.sitecore.wire import to_http

write_json: Final = msgspec.json.Encoder(decimal_format="number").encode
"""What `to_json` says, in a fraction of its time."""


class StreamApi:
    """Sends one request a call and says what came back; never raises for HTTP."""

    def __init__(
        self, http: HttpPort, *, key: Callable[[], str], form: Literal["post", "get"], mark: bool
    ) -> None:
        """Take over a connection.

        Args:
            http: Closed with this.
            key: The client key as it is now; asked at every request, so that a rotated key is
                used at once and no request ever carries the key through Kafka.
            form: How events are written.
            mark: Whether delivery id and possible repeat are said in headers.
        """
        self._http = http
        self._key = key
        self._form: Literal["post", "get"] = form
        self._mark = mark

    async def send(self, request: Request) -> Reply:
        """Send one request, once."""
        wired = to_http(
            request, client_key=self._key(), form=self._form, mark=self._mark, write=write_json
        )
        return await self._http.send(wired)

    async def close(self) -> None:
        """Close all connections; requests under way end without an answer."""
        await self._http.close()


class ClientKey:
    """The tenant's client key, read again whenever its file changes.

    A mounted secret is replaced by swapping a symbolic link, so the file's identity is looked at
    and not only its time. A file that cannot be read, or is empty, keeps the last good key: it
    may be in the middle of being replaced.
    """

    __slots__ = ("_key", "_path", "_seen")

    def __init__(self, *, key: SecretStr | None = None, file: str | None = None) -> None:
        """Read the key; a file wins over a key given directly.

        Raises:
            ConfigError: Neither is given, or what is given holds no key.
        """
        self._path = None if file is None else Path(file)
        self._seen = self._signature()
        if self._path is not None:
            self._key = self._read_first(self._path)
        else:
            self._key = "" if key is None else key.get_secret_value().strip()
        if not self._key:
            where = file or "sitecore.client_key"
            raise ConfigError(f"{where}: no client key; set sitecore.client_key_file")

    def __call__(self) -> str:
        """The key as it is now."""
        if self._path is not None and (signature := self._signature()) != self._seen:
            self._seen = signature
            self._read_again(self._path)
        return self._key

    def __repr__(self) -> str:
        return f"ClientKey(file={self._path})"

    def _signature(self) -> tuple[int, int, int, int] | None:
        try:
            found = None if self._path is None else self._path.stat()
        except OSError:
            return None
        return found and (found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size)

    def _read_again(self, path: Path) -> None:
        try:
            key = _text(path)
        except (OSError, UnicodeDecodeError):
            metrics.client_key_kept("unreadable")
            return
        if not key:
            metrics.client_key_kept("empty")
        elif key != self._key:
            self._key = key
            metrics.client_key_changed()

    @staticmethod
    def _read_first(path: Path) -> str:
        try:
            return _text(path)
        except OSError as error:
            raise ConfigError(f"{path}: client key cannot be read: {error.strerror}") from error
        except UnicodeDecodeError:
            # The error itself would hold the file's bytes.
            raise ConfigError(f"{path}: client key is not UTF-8 text") from None


def _text(path: Path) -> str:
    return path.read_text("utf-8").strip()
