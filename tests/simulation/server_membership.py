"""A client's part in the newer group protocol: it is told what to have, and says what it has."""

from typing import Final
from uuid import UUID

from confluent_kafka import KafkaError, KafkaException

from tests.simulation.broker import Broker
from tests.simulation.group import Identity
from tests.simulation.membership import POLL_MAX_S
from tests.simulation.owning import Callbacks, Owning
from tests.simulation.server_group import ServerGroup

_FATAL: Final = frozenset({KafkaError.UNRELEASED_INSTANCE_ID, KafkaError.FENCED_INSTANCE_ID})


class ServerMembership(Owning):
    """What is ours, and what the application has not been told yet.

    Its heartbeats go on while the application does not poll; but what it is to
    give up it says to have until the application has given it up.
    """

    def __init__(self, broker: Broker, group: ServerGroup, calls: Callbacks, name: str) -> None:
        super().__init__(calls)
        self._broker = broker
        self._group = group
        self.has_left = False
        self._coming: frozenset[int] = frozenset()
        """What the application has not been told yet that it has."""
        self._has_given_up = False
        """By itself, since the application did not poll."""
        self._polled_at = broker.clock.elapsed_s
        self.generation = 0
        self.ended: str | None = None
        """Why the consumer is of no more use."""
        # The client draws its id itself, and keeps it for life.
        self._me = Identity(str(UUID(int=broker.draw_id())), name)

    @property
    def me(self) -> Identity:
        """Who we say that we are."""
        return self._me

    def beat(self) -> None:
        """Do what the client does in the background: be heard, and follow what it is told."""
        if self.has_left or self.ended is not None or self._broker.is_down:
            return
        if self._broker.clock.elapsed_s - self._polled_at > POLL_MAX_S:
            self._give_up()
        if self._has_given_up or (self.generation == 0 and self._told):
            return
        try:
            # What comes cannot be taken back before the application had it, and gave it up.
            owned = self._owned | self._coming
            told = self._group.heartbeat(self._me, epoch=self.generation, owned=owned)
        except KafkaException as raised:
            self._refused(raised.args[0])
        else:
            self.generation = told.epoch
            if self._is_told_all:
                self._follow(told.assigned)

    def polled(self) -> None:
        """Call back what is due to be told."""
        self._polled_at = self._broker.clock.elapsed_s
        self._has_given_up = False
        self.beat()
        self._tell()

    def leave(self) -> None:
        """Tell what is given up, and leave."""
        self._told.clear()
        if self._owned:
            self._revoke(self._owned)
        if not self._broker.is_down and self.ended is None:
            self._group.leave(self._me)
        self.has_left = True

    def close(self) -> None:
        """Leave."""
        self.leave()

    def _give_up(self) -> None:
        if not self._has_given_up:
            self._has_given_up = True
            self._group.leave(self._me)
            self._dropped()

    def _refused(self, error: KafkaError) -> None:
        if error.code() in _FATAL:
            self.ended = error.str()
        self._dropped()

    def _dropped(self) -> None:
        self.generation = 0
        self._coming = frozenset()
        self._forget()

    def _follow(self, assigned: frozenset[int]) -> None:
        """Nobody is told that nothing has changed, not even who has nothing."""
        gone, new = self._owned - assigned, assigned - self._owned
        if gone:
            self._told.append(lambda: self._revoke(gone))
        if new:
            self._coming = new
            self._told.append(lambda: self._comes(new))

    def _comes(self, numbers: frozenset[int]) -> None:
        self._coming = frozenset()
        self._gain(numbers)
