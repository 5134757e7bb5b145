"""A client's commits on the model: taken or not, and heard of or not."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from confluent_kafka import KafkaException

from pipeline.assemble.log import Input
from pipeline.deliver.asked import name_of
from pipeline.deliver.port import Committed
from tests.simulation.group import Identity
from tests.simulation.membership import Membership
from tests.simulation.server_membership import ServerMembership
from tests.simulation_deliver.shop import STREAM

if TYPE_CHECKING:
    from tests.simulation_deliver.process import Process
    from tests.simulation_deliver.world import World


class _Whose(NamedTuple):
    """As whom something is committed."""

    who: Identity
    generation: int


class Committing:
    """Commits as the member that we are when it is asked for."""

    def __init__(
        self,
        world: "World",
        process: "Process",
        member: Membership | ServerMembership,
        say: Callable[[Committed], None],
    ) -> None:
        self._world = world
        self._process = process
        self._member = member
        self._say = say

    def commit(self, offsets: Mapping[int, int], number: int) -> None:
        """Commit, and be answered later."""
        sent = partial(self._arrives, offsets, number, self._we())
        self._world.schedule.after(self._world.rng.uniform(0.001, 0.05), sent)

    def commit_now(self, partition: int, offset: int, mark: str) -> None:
        """Commit, and wait for the answer, which nobody looks at."""
        if not self._world.broker.is_down and not self._world.strikes("uncommitted"):
            self._takes({partition: offset}, mark, self._we())

    def _we(self) -> _Whose:
        return _Whose(self._member.me, self._member.generation)

    def _arrives(self, offsets: Mapping[int, int], number: int, whose: _Whose) -> None:
        world, error = self._world, None
        if world.broker.is_down or world.strikes("uncommitted"):
            error = "no coordinator"
        else:
            error = self._takes(offsets, name_of(number), whose)
        if error is None and world.strikes("unheard"):
            error = world.rng.choice(("timed out", ""))
        answer_s = world.rng.choice((0.01, 0.01, 0.1, 4.0))
        if error != "":
            answer = partial(self._say, Committed(number, {}, error))
            world.schedule.after(answer_s, answer, self._process.client)

    def _takes(self, offsets: Mapping[int, int], mark: str, whose: _Whose) -> str | None:
        inputs = {Input(STREAM, number): at for number, at in offsets.items()}
        try:
            self._world.broker.commit(inputs, mark, by=whose.who, in_=whose.generation)
        except KafkaException as refused:
            return str(refused)
        self._world.note(self._process.name, "COMMITTED", dict(offsets), mark)
        self._world.verifier.committed(self._process, offsets)
        return None
