"""Kafka's coordinator of the newer group protocol, KIP-848: it leads each member by itself.

There is no round that all must join: a member is told what it has with the answer
to its heartbeat, gives up what it should no longer have, and says so; only then
goes its epoch on, and another is given what became free.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from confluent_kafka import KafkaError

from pipeline.record import Instant
from tests.simulation.group import REBALANCE_S, SESSION_S, Identity, shares
from tests.simulation.transactions import refusal


@dataclass(slots=True)
class ServerMember:
    """One member, as the coordinator knows it."""

    name: str
    """Its static name; empty: it has none."""
    heard_at: Instant
    epoch: int = 0
    target: frozenset[int] = frozenset()
    """What it is to have once everybody has followed."""
    assigned: frozenset[int] = frozenset()
    leaving: frozenset[int] = frozenset()
    """What it has been told to give up, and has not yet."""
    told_at: Instant | None = None
    is_away: bool = False
    """A static member that has left, and may come back."""

    @property
    def has(self) -> frozenset[int]:
        """What nobody else may be given."""
        return self.assigned | self.leaving


class Told(NamedTuple):
    """What the answer to a heartbeat says."""

    epoch: int
    assigned: frozenset[int]


@dataclass(slots=True)
class ServerGroup:
    """Partition numbers, each of all sources together, and who has them."""

    numbers: tuple[int, ...]
    now: Callable[[], Instant]
    members: dict[str, ServerMember] = field(default_factory=dict)
    generation: int = 0
    """The group's epoch, which its members reach one by one."""
    _shift: int = 0

    @property
    def is_stable(self) -> bool:
        """Whether everybody has what is meant for it."""
        return all(
            (one.is_away or one.epoch == self.generation) and one.has == one.target
            for one in self.members.values()
        )

    def heartbeat(self, me: Identity, *, epoch: int, owned: frozenset[int]) -> Told:
        """Take a heartbeat; with epoch 0 its sender joins.

        Raises:
            KafkaException: It is no member, is not what it says, or its name is taken.
        """
        if epoch == 0:
            self._joins(me)
        member = self.members.get(me.member_id)
        if member is None:
            raise refusal(KafkaError.UNKNOWN_MEMBER_ID, "no such member")
        if epoch != member.epoch:
            raise refusal(KafkaError.FENCED_MEMBER_EPOCH, "another epoch")
        member.heard_at = self.now()
        self._reconcile(member, owned)
        return Told(member.epoch, member.assigned)

    def leave(self, me: Identity) -> None:
        """Stop being a member; a static one only goes away for a while."""
        member = self.members.get(me.member_id)
        if member is None:
            return
        if member.name:
            member.is_away, member.epoch, member.leaving = True, -2, frozenset()
        else:
            self._drop(me.member_id)

    def unsettle(self) -> None:
        """Mean something else for everybody, for no reason."""
        self._shift += 1
        self._aim(anew=True)

    def expire(self) -> None:
        """Drop the silent, and those who do not give up in time."""
        now = self.now()
        for member_id, one in list(self.members.items()):
            is_late = one.told_at is not None and now - one.told_at > REBALANCE_S * 1000
            if now - one.heard_at > SESSION_S * 1000 or is_late:
                self._drop(member_id)

    def validate(self, me: Identity, generation: int) -> None:
        """Refuse offsets of who is no member, or not in that epoch; without a name, of nobody."""
        if not me.member_id:
            return
        member = self.members.get(me.member_id)
        if member is None:
            raise refusal(KafkaError.UNKNOWN_MEMBER_ID, "no such member")
        if generation != member.epoch:
            # What is stale is called so to transactions.
            raise refusal(KafkaError.ILLEGAL_GENERATION, "another epoch")

    def _joins(self, me: Identity) -> None:
        """Take a member in; a static one takes over from its name, if that has left."""
        holders = [
            member_id
            for member_id, one in self.members.items()
            if me.name and one.name == me.name and member_id != me.member_id
        ]
        for holder in holders:
            if not self.members[holder].is_away:
                raise refusal(KafkaError.UNRELEASED_INSTANCE_ID, f"{me.name} is taken")
            before = self.members.pop(holder)
            before.is_away, before.epoch = False, 0
            self.members[me.member_id] = before
        if me.member_id not in self.members:
            self.members[me.member_id] = ServerMember(me.name, self.now())
            self._aim()

    def _drop(self, member_id: str) -> None:
        del self.members[member_id]
        self._aim()

    def _aim(self, *, anew: bool = False) -> None:
        """Share evenly; what moves, moves when its owner has given it up."""
        self.generation += 1
        members = list(self.members.values())
        shift = self._shift % len(self.numbers)
        numbers = self.numbers[shift:] + self.numbers[:shift]
        had = [frozenset() if anew else one.target for one in members]
        kept = shares(numbers, had)
        for one, target in zip(members, shares(numbers, kept), strict=True):
            one.target = target

    def _reconcile(self, one: ServerMember, owned: frozenset[int]) -> None:
        if one.leaving & owned:
            return
        one.leaving, one.told_at = one.assigned - one.target, None
        if one.leaving:
            one.assigned &= one.target
            one.told_at = self.now()
            return
        taken = {number for each in self.members.values() for number in each.has}
        one.assigned |= one.target - taken
        one.epoch = self.generation
