"""A client's part in the group: it talks by itself, and tells the application when that polls."""

from typing import Final

from tests.simulation.broker import Broker
from tests.simulation.group import Group, Identity
from tests.simulation.owning import Callbacks, Owning

POLL_MAX_S: Final = 300.0
"""A member that reads nothing for so long leaves by itself."""


class Membership(Owning):
    """What is ours, and what the application has not been told yet."""

    def __init__(
        self, broker: Broker, group: Group, calls: Callbacks, name: str, *, eager: bool
    ) -> None:
        super().__init__(calls)
        self._broker = broker
        self._group = group
        self._eager = eager
        self._must_join = True
        self.has_left = False
        self._polled_at = broker.clock.elapsed_s
        self.generation = -1
        self.ended: str | None = None
        """Why the consumer is of no more use."""
        self._me = Identity("", name)

    @property
    def me(self) -> Identity:
        """Who we say that we are."""
        return self._me

    def beat(self) -> None:
        """Do what the client does in the background: be heard, and follow rebalances."""
        group, me = self._group, self._me
        if self.has_left or self.ended is not None or self._broker.is_down:
            return
        if self._broker.clock.elapsed_s - self._polled_at > POLL_MAX_S:
            group.leave(me)
        if group.is_fenced(me):
            self.ended = f"{me.name} is another"
            self._dropped()
        elif me.member_id and not group.hears(me.member_id):
            self._dropped()
        elif self._is_told_all:
            self._go_on()

    def polled(self) -> None:
        """Call back what is due to be told."""
        self._polled_at = self._broker.clock.elapsed_s
        self.beat()
        self._tell()

    def leave(self) -> None:
        """Tell what is given up, and leave."""
        self._told.clear()
        if self._owned:
            self._revoke(self._owned)
        if not self._broker.is_down:
            self._group.leave(self._me)
        self._me = self._me._replace(member_id="")
        self.has_left = True

    def close(self) -> None:
        """Leave; who has nothing to give up tells nobody."""
        if self._owned or self._eager:
            self.leave()
        self.has_left = True

    def _go_on(self) -> None:
        group, member_id = self._group, self._me.member_id
        if self._must_join:
            self._must_join = False
            self._me = self._me._replace(member_id=group.join(self._me, self._owned))
        elif group.is_stable and group.generation != self.generation:
            self._follow()
        elif not group.is_stable and not group.members[member_id].has_joined:
            self._rejoin()

    def _dropped(self) -> None:
        self._me = self._me._replace(member_id="")
        self.generation = -1
        self._must_join = True
        self._forget()

    def _rejoin(self) -> None:
        if self._eager and self._owned:
            gone = self._owned
            self._told.append(lambda: self._revoke(gone))
        self._must_join = True

    def _follow(self) -> None:
        self.generation = self._group.generation
        assigned = self._group.members[self._me.member_id].assigned
        gone, new = self._owned - assigned, assigned - self._owned
        if gone:
            self._told.append(lambda: self._revoke(gone))
            self._must_join = True
        self._told.append(lambda: self._gain(new))
