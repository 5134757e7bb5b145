"""Where a group begins, or goes on."""

from typing import NamedTuple

from pipeline.errors import ConfigError, StateError
from pipeline.record import Instant, instant_of


class Beginning(NamedTuple):
    """Where to begin to read, and how much before it is gone."""

    offset: int
    expired: int
    """Offsets that were never read and are deleted: so many records at most."""


def go_on(name: str, committed: int, *, first: int, end: int) -> Beginning:
    """Find where to go on after a committed offset.

    What retention has deleted unread is lost, and waiting does not bring it
    back: so we go on with the first record that is left, and the caller counts.

    Args:
        name: Of the partition, in words.
        committed: The next offset to read.
        first: The first that there is.
        end: One past the last.

    Raises:
        StateError: *committed* is past *end*: what was read is no longer there.
    """
    if committed > end:
        raise StateError(
            f"{name} ends at {end}, but {committed} was committed: the topic was made again or "
            "has lost records; `pipeline reset` begins anew with what is there"
        )
    return Beginning(max(committed, first), max(0, first - committed))


def start_at(said: str) -> Instant | None:
    """Read the setting for a new group: ``earliest``, which is None, or a time with its zone.

    Raises:
        ConfigError: It is neither.
    """
    if said == "earliest":
        return None
    try:
        return instant_of(said)
    except ValueError as error:
        raise ConfigError(
            f"assemble.start_at is {said!r}: it must be `earliest` or a time such as "
            "2026-01-31T00:00:00Z"
        ) from error
