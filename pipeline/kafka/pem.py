"""Whether files that settings name are there, and hold what they should."""

from pathlib import Path
from typing import Final

from pipeline.errors import ConfigError

CERTIFICATE: Final = "certificate"
PRIVATE_KEY: Final = "private key"


def check(setting: str, file: str, holds: str | None) -> None:
    """Look into one file.

    Args:
        setting: Who names it, for people.
        file: Its path; a folder of authorities is taken as it is.
        holds: What its PEM must have; None: any content will do.

    Raises:
        ConfigError: It cannot be read, or holds something else; never says what it holds.
    """
    path = Path(file)
    if holds == CERTIFICATE and path.is_dir():
        return
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{setting} is {file}, which cannot be read: {error.strerror}") from None
    if holds is not None and f"{holds.upper()}-----".encode() not in content:
        raise ConfigError(f"{setting} is {file}, which holds no {holds} in PEM")
