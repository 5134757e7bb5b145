"""What a client of the model owns, and tells the application when that polls."""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

Callback: TypeAlias = Callable[[frozenset[int]], None]


class Callbacks(NamedTuple):
    """What the application wants to be told."""

    assigned: Callback
    revoked: Callback
    lost: Callback


class Owning:
    """Partitions that are ours, and what the application has not been told yet."""

    def __init__(self, calls: Callbacks) -> None:
        self._calls = calls
        self._told: list[Callable[[], None]] = []
        self._owned: frozenset[int] = frozenset()

    def _forget(self) -> None:
        """The group has dropped us: what was to be told is void, and what we have is lost."""
        self._told.clear()
        if self._owned:
            self._told.append(self._lose)

    def _gain(self, numbers: frozenset[int]) -> None:
        self._owned |= numbers
        self._calls.assigned(numbers)

    def _revoke(self, numbers: frozenset[int]) -> None:
        self._calls.revoked(numbers)
        self._owned -= numbers

    def _lose(self) -> None:
        self._calls.lost(self._owned)
        self._owned = frozenset()
