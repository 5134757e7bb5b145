"""A client's part in the group: it talks by itself, and tells the application when that polls."""

from collections.abc import Callable
from typing import Final, TypeAlias

from tests.simulation.broker import Broker

POLL_MAX_S: Final = 300.0
"""A member that reads nothing for so long leaves by itself."""

Callback: TypeAlias = Callable[[frozenset[int]], None]


class Membership:
    """What is ours, and what the application has not been told yet."""

    def __init__(
        self,
        broker: Broker,
        on_assign: Callback,
        on_revoke: Callback,
        on_lost: Callback,
        *,
        eager: bool,
    ) -> None:
        self._broker = broker
        self._on_assign = on_assign
        self._on_revoke = on_revoke
        self._on_lost = on_lost
        self._eager = eager
        self._told: list[Callable[[], None]] = []
        self._must_join = True
        self._has_left = False
        self._owned: frozenset[int] = frozenset()
        self._polled_at = broker.clock.elapsed_s
        self.member_id = ""
        self.generation = -1

    def beat(self) -> None:
        """Do what the client does in the background: be heard, and follow rebalances."""
        group = self._broker.group
        if self._has_left or self._broker.is_down:
            return
        if self._broker.clock.elapsed_s - self._polled_at > POLL_MAX_S:
            group.leave(self.member_id)
        if self.member_id and not group.hears(self.member_id):
            self._dropped()
        elif self._told:
            return
        elif self._must_join:
            self._must_join = False
            self.member_id = group.join(self.member_id, self._owned)
        elif group.is_stable and group.generation != self.generation:
            self._follow()
        elif not group.is_stable and not group.members[self.member_id].has_joined:
            self._rejoin()

    def polled(self) -> None:
        """Call back what is due to be told."""
        self._polled_at = self._broker.clock.elapsed_s
        self.beat()
        while self._told:
            self._told.pop(0)()

    def leave(self) -> None:
        """Tell what is given up, and leave."""
        self._told.clear()
        if self._owned:
            self._revoke(self._owned)
        if not self._broker.is_down:
            self._broker.group.leave(self.member_id)
        self._has_left = True

    def _dropped(self) -> None:
        self.member_id = ""
        self.generation = -1
        self._must_join = True
        self._told.clear()
        if self._owned:
            self._told.append(self._lose)

    def _rejoin(self) -> None:
        if self._eager and self._owned:
            gone = self._owned
            self._told.append(lambda: self._revoke(gone))
        self._must_join = True

    def _follow(self) -> None:
        group = self._broker.group
        self.generation = group.generation
        assigned = group.members[self.member_id].assigned
        gone, new = self._owned - assigned, assigned - self._owned
        if gone:
            self._told.append(lambda: self._revoke(gone))
            self._must_join = True
        self._told.append(lambda: self._gain(new))

    def _gain(self, numbers: frozenset[int]) -> None:
        self._owned |= numbers
        self._on_assign(numbers)

    def _revoke(self, numbers: frozenset[int]) -> None:
        self._on_revoke(numbers)
        self._owned -= numbers

    def _lose(self) -> None:
        self._on_lost(self._owned)
        self._owned = frozenset()
