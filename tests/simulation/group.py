"""Kafka's group coordinator: members, generations, and who has which partitions."""

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from confluent_kafka import KafkaError

from pipeline.record import Instant
from tests.simulation.transactions import refusal
from tests.unit.orders.story import START

SESSION_S: Final = 6.0
REBALANCE_S: Final = 20.0


class Identity(NamedTuple):
    """Who says something to the group."""

    member_id: str
    """Empty: it is none yet, or no longer."""
    name: str = ""
    """Of a static member; empty: it has none."""


class GroupMetadata(bytes):
    """Who commits, and in which generation: bytes that begin as the client library's do."""

    me: Identity
    generation: int

    @classmethod
    def of(cls, me: Identity, generation: int) -> "GroupMetadata":
        """What a client says of its group."""
        made = cls(b"CGMDv2:" + generation.to_bytes(4, sys.byteorder, signed=True))
        made.me, made.generation = me, generation
        return made


def shares(numbers: Sequence[int], had: Sequence[frozenset[int]]) -> list[frozenset[int]]:
    """Share evenly among as many as *had* something; each keeps what it may.

    What is still had by one who has too much is given to nobody.
    """
    if not had:
        return []
    least, more = divmod(len(numbers), len(had))
    taken = {number for one in had for number in one}
    free = [number for number in numbers if number not in taken]
    given: list[frozenset[int]] = [frozenset()] * len(had)
    by_load = sorted(range(len(had)), key=lambda index: -len(had[index]))
    for place, index in enumerate(by_load):
        quota = least + (place < more)
        kept = sorted(had[index] & set(numbers))[:quota]
        new, free = free[: quota - len(kept)], free[quota - len(kept) :]
        given[index] = frozenset([*kept, *new])
    return given


@dataclass(slots=True)
class Member:
    """One member, as the coordinator knows it."""

    heard_at: Instant
    owned: frozenset[int] = frozenset()
    """What it said it has when it joined."""
    has_joined: bool = False
    assigned: frozenset[int] = frozenset()


@dataclass(slots=True)
class Group:
    """Partition numbers, each of all sources together, and who has them.

    Cooperative: what one member still has is given to another in a later round only.
    """

    numbers: tuple[int, ...]
    now: Callable[[], Instant]
    members: dict[str, Member] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    """Which member has a static name."""
    generation: int = 0
    is_stable: bool = True
    _began_at: Instant = START
    _count: int = 0

    def join(self, me: Identity, owned: Iterable[int]) -> str:
        """Join, or join again: a new generation begins once everybody has.

        Who joins anew under a static name takes the place of who had it, and
        disturbs nobody: the earlier one is fenced.
        """
        member_id = me.member_id
        before = self._holder(me)
        if before is not None:
            self._count += 1
            member_id = f"m{self._count}"
            self.members[member_id] = taken = self.members.pop(before)
            self.names[me.name] = member_id
            taken.heard_at = self.now()
            if self.is_stable:
                return member_id
        elif member_id not in self.members:
            self._count += 1
            member_id = f"m{self._count}"
            self.members[member_id] = Member(self.now())
            if me.name:
                self.names[me.name] = member_id
        self.unsettle()
        member = self.members[member_id]
        member.owned = frozenset(owned)
        member.has_joined = True
        member.heard_at = self.now()
        self._complete()
        return member_id

    def hears(self, member_id: str) -> bool:
        """Take a heartbeat; False: nobody of that name is a member."""
        member = self.members.get(member_id)
        if member is not None:
            member.heard_at = self.now()
        return member is not None

    def is_fenced(self, me: Identity) -> bool:
        """Whether another has taken the static name over."""
        return bool(me.member_id) and self.names.get(me.name, me.member_id) != me.member_id

    def leave(self, me: Identity) -> None:
        """Stop being a member; a static one says nothing, and may come back."""
        if not me.name:
            self._drop(me.member_id)

    def _drop(self, member_id: str) -> None:
        self.names = {name: one for name, one in self.names.items() if one != member_id}
        if self.members.pop(member_id, None) is not None:
            self.unsettle()
            self._complete()

    def unsettle(self) -> None:
        """Begin a rebalance, if none is under way."""
        if self.is_stable:
            self.is_stable = False
            self._began_at = self.now()
            for member in self.members.values():
                member.has_joined = False

    def expire(self) -> None:
        """Drop the silent, and those who do not join in time."""
        now = self.now()
        late = not self.is_stable and now - self._began_at > REBALANCE_S * 1000
        for member_id, member in list(self.members.items()):
            is_silent = now - member.heard_at > SESSION_S * 1000
            if is_silent or (late and not member.has_joined):
                self._drop(member_id)

    def validate(self, me: Identity, generation: int) -> None:
        """Refuse offsets of who is no member in this generation; without a name, of nobody."""
        if not me.member_id:
            return
        if self.is_fenced(me):
            raise refusal(KafkaError.FENCED_INSTANCE_ID, f"{me.name} is another")
        if me.member_id not in self.members:
            raise refusal(KafkaError.UNKNOWN_MEMBER_ID, "no such member")
        if generation != self.generation:
            raise refusal(KafkaError.ILLEGAL_GENERATION, "the generation is over")

    def _holder(self, me: Identity) -> str | None:
        """Who else has the static name."""
        held = self.names.get(me.name)
        return held if held != me.member_id and not me.member_id else None

    def _complete(self) -> None:
        if self.is_stable or not all(member.has_joined for member in self.members.values()):
            return
        self.is_stable = True
        self.generation += 1
        self._assign()

    def _assign(self) -> None:
        """Share evenly: who has too much gives up first, then the rest is given out."""
        members = list(self.members.values())
        for member, assigned in zip(
            members, shares(self.numbers, [one.owned for one in members]), strict=True
        ):
            member.assigned = assigned
