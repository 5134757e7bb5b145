"""A member of the group, as the client library is one: it talks by itself, and tells when asked."""

from collections.abc import Callable
from typing import Final, TypeAlias

from pipeline.assemble.log import Input, Listener
from tests.simulation.broker import Broker

POLL_MAX_S: Final = 300.0
"""A member that reads nothing for so long leaves by itself."""

Callback: TypeAlias = Callable[[], None]


class Consumer:
    """What is ours, what is read, and what the application has not been told yet."""

    def __init__(self, broker: Broker, *, eager: bool) -> None:
        self._broker = broker
        self._eager = eager
        self._listener: Listener | None = None
        self._told: list[Callback] = []
        self._must_join = False
        self.member_id = ""
        self.generation = -1
        self.owned: set[int] = set()
        self.reading: dict[Input, int] = {}
        self.ended_at: dict[Input, int] = {}
        """Where an end was last told of, by input; it is told once."""
        self.is_paused = False
        self.polled_at = broker.clock.elapsed_s

    def subscribe(self, listener: Listener) -> None:
        """Want a share."""
        self._listener = listener
        self._must_join = True

    def beat(self) -> None:
        """Do what the client does in the background: be heard, and follow rebalances."""
        group = self._broker.group
        if self._listener is None or self._broker.is_down:
            return
        if self._broker.clock.elapsed_s - self.polled_at > POLL_MAX_S:
            group.leave(self.member_id)
        if self.member_id and not group.hears(self.member_id):
            self._dropped()
        elif self._told:
            return
        elif self._must_join:
            self._must_join = False
            self.member_id = group.join(self.member_id, self.owned)
        elif group.is_stable and group.generation != self.generation:
            self._follow()
        elif not group.is_stable and not group.members[self.member_id].has_joined:
            self._rejoin()

    def tell(self) -> None:
        """Call back what is due to be told."""
        while self._told:
            self._told.pop(0)()

    def leave(self) -> None:
        """Tell what is given up, and leave."""
        self._told.clear()
        if self.owned:
            self._revoke(frozenset(self.owned))
        if not self._broker.is_down:
            self._broker.group.leave(self.member_id)
        self._listener = None

    def _dropped(self) -> None:
        self.member_id = ""
        self.generation = -1
        self._must_join = True
        self._told.clear()
        if self.owned:
            self._told.append(self._lose)

    def _rejoin(self) -> None:
        if self._eager and self.owned:
            gone = frozenset(self.owned)
            self._told.append(lambda: self._revoke(gone))
        self._must_join = True

    def _follow(self) -> None:
        group = self._broker.group
        self.generation = group.generation
        assigned = group.members[self.member_id].assigned
        gone, new = self.owned - assigned, assigned - self.owned
        if gone:
            self._told.append(lambda: self._revoke(frozenset(gone)))
            self._must_join = True
        self._told.append(lambda: self._gain(new))

    def _gain(self, numbers: frozenset[int]) -> None:
        self.owned |= numbers
        self._who.assigned(self._inputs(numbers))

    def _revoke(self, numbers: frozenset[int]) -> None:
        self._who.revoked(self._inputs(numbers))
        self._forget(numbers)

    def _lose(self) -> None:
        gone = frozenset(self.owned)
        self._who.lost(self._inputs(gone))
        self._forget(gone)

    def _forget(self, numbers: frozenset[int]) -> None:
        self.owned -= numbers
        for one in self._inputs(numbers):
            self.reading.pop(one, None)
            self.ended_at.pop(one, None)

    @property
    def _who(self) -> Listener:
        assert self._listener is not None, "nobody listens"
        return self._listener

    def _inputs(self, numbers: frozenset[int]) -> list[Input]:
        topics = self._broker.topics.commerce
        return [Input(topic, number) for number in sorted(numbers) for topic in topics]
