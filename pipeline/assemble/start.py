"""Where a group begins that has never committed anything."""

from datetime import UTC, datetime

from pipeline.errors import ConfigError
from pipeline.record import Instant


def start_at(said: str) -> Instant | None:
    """Read the setting: ``earliest``, which is None, or a time with its offset from UTC.

    Raises:
        ConfigError: It is neither.
    """
    if said == "earliest":
        return None
    try:
        at = datetime.fromisoformat(said)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise ConfigError(
            f"assemble.start_at is {said!r}: it must be `earliest` or a time such as "
            "2026-01-31T00:00:00Z"
        )
    return Instant(round(at.astimezone(UTC).timestamp() * 1000))
