"""What a client of the model owns, and tells the application when that polls."""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

Callback: TypeAlias = Callable[[frozenset[int]], None]


class Callbacks(NamedTuple):
    """What the application wants to be told."""

    assigned: Callback
    revoked: Callback
    lost: Callback
    gives_up_later: bool = False
    """Whether the application says by itself when it has given up what was revoked."""


class Owning:
    """Partitions that are ours, and what the application has not been told yet."""

    def __init__(self, calls: Callbacks) -> None:
        self._calls = calls
        self._told: list[Callable[[], None]] = []
        self._owned: frozenset[int] = frozenset()
        self._giving: frozenset[int] = frozenset()
        """What the application is just giving up."""

    def gave_up(self) -> None:
        """Own no longer what was revoked."""
        self._owned -= self._giving
        self._giving = frozenset()

    @property
    def _is_told_all(self) -> bool:
        return not self._told and not self._giving

    def _tell(self) -> None:
        """Tell what is due, in order; what comes after a revocation once that is over."""
        while self._told and not self._giving:
            self._told.pop(0)()

    def _forget(self) -> None:
        """The group has dropped us: what was to be told is void, and what we have is lost."""
        self._told.clear()
        if self._owned:
            self._told.append(self._lose)

    def _gain(self, numbers: frozenset[int]) -> None:
        self._owned |= numbers
        self._calls.assigned(numbers)

    def _revoke(self, numbers: frozenset[int]) -> None:
        self._giving = numbers
        self._calls.revoked(numbers)
        if not self._calls.gives_up_later:
            self.gave_up()

    def _lose(self) -> None:
        self._calls.lost(self._owned)
        self._owned = frozenset()
