"""Kafka's group coordinator: members, generations, and who has which partitions."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from confluent_kafka import KafkaError

from pipeline.record import Instant
from tests.simulation.transactions import refusal
from tests.unit.orders.story import START

SESSION_S: Final = 6.0
REBALANCE_S: Final = 20.0


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
    generation: int = 0
    is_stable: bool = True
    _began_at: Instant = START
    _count: int = 0

    def join(self, member_id: str, owned: Iterable[int]) -> str:
        """Join, or join again: a new generation begins once everybody has."""
        if member_id not in self.members:
            self._count += 1
            member_id = f"m{self._count}"
            self.members[member_id] = Member(self.now())
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

    def leave(self, member_id: str) -> None:
        """Stop being a member."""
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
                self.leave(member_id)

    def validate(self, member_id: str, generation: int) -> None:
        """Refuse offsets of who is no member in this generation; without a name, of nobody."""
        if not member_id:
            return
        if member_id not in self.members:
            raise refusal(KafkaError.UNKNOWN_MEMBER_ID, "no such member")
        if generation != self.generation:
            raise refusal(KafkaError.ILLEGAL_GENERATION, "the generation is over")

    def _complete(self) -> None:
        if self.is_stable or not all(member.has_joined for member in self.members.values()):
            return
        self.is_stable = True
        self.generation += 1
        self._assign()

    def _assign(self) -> None:
        """Share evenly: who has too much gives up first, then the rest is given out."""
        members = list(self.members.values())
        if not members:
            return
        least, more = divmod(len(self.numbers), len(members))
        by_load = sorted(members, key=lambda member: -len(member.owned))
        owned = {number for member in members for number in member.owned}
        free = [number for number in self.numbers if number not in owned]
        for index, member in enumerate(by_load):
            quota = least + (index < more)
            kept = sorted(member.owned & set(self.numbers))[:quota]
            given, free = free[: quota - len(kept)], free[quota - len(kept) :]
            member.assigned = frozenset([*kept, *given])
