"""A cluster and a destination that outlive workers; what is asked of them goes to one journal."""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipeline.deliver import ledger_state, port
from pipeline.deliver.deliverer import Deliverer
from pipeline.kafka.dead_letters import DeadLetter
from pipeline.record import Headers, Instant, Position, Record
from pipeline.settings import DeliverSettings
from pipeline.sitecore.codec import encode_owed
from pipeline.sitecore.outcome import NoAnswer, Reply
from pipeline.sitecore.owed import Owed
from pipeline.sitecore.point_of_sale import PointOfSale
from pipeline.sitecore.policy import DeliveryPolicy
from pipeline.sitecore.request import Request, SendEvent
from tests.fakes import Journal, http_answer
from tests.unit.deliver.views import browser_of, view
from tests.unit.deliver.virtual_time import DAWN_MS, VirtualClock, VirtualLoop

TOPIC = "stream-events"
POLICY = DeliveryPolicy({"shop": PointOfSale("shop")}, behaviour_age_max_s=10**9)
ANSWER_S, ACK_S = 0.05, 0.01

Sent = tuple[str, str, bool]
"""Guest, number of the view, possible repeat."""


@dataclass
class World:
    """What outlives a worker."""

    journal: Journal = field(default_factory=Journal)
    log: dict[int, list[Record]] = field(default_factory=lambda: defaultdict(list))
    committed: dict[int, tuple[int, bool]] = field(default_factory=dict)
    deliveries: dict[int, dict[bytes, bytes]] = field(
        default_factory=lambda: defaultdict(lambda: {ledger_state.BEGAN_KEY: ledger_state.BEGAN})
    )
    """Of partitions that were begun."""
    firsts: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    """Below them, records are deleted."""
    letters: list[DeadLetter] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    accepted: list[Sent] = field(default_factory=list)
    reply: Callable[[Request], Reply] = lambda _: http_answer()
    answer_s: float = ANSWER_S
    hides: tuple[type[BaseException], ...] = ()
    """What the HTTP library takes no notice of when an answer has just come."""
    fails_keep: Callable[[], bool] = lambda: False
    fails_letter: Callable[[], bool] = lambda: False
    fails_commit: Callable[[], bool] = lambda: False
    topic_id: str = "topic-1"
    kafkas: list["FakeKafka"] = field(default_factory=list)

    def owe(self, *owed: Owed, partition: int = 0) -> None:
        """Append records, each keyed by its guest."""
        for one in owed:
            self.append(one.guest_id.encode(), encode_owed(one), partition)

    def append(
        self,
        key: bytes | None,
        value: bytes | None,
        partition: int = 0,
        headers: Headers = (),
    ) -> None:
        """Append any record."""
        log = self.log[partition]
        at = Position(TOPIC, partition, len(log))
        log.append(Record(at, Instant(DAWN_MS), key, value, headers))
        for kafka in self.kafkas:
            kafka.feed(partition)

    def delete(self, before: int, partition: int = 0) -> None:
        """Do what retention does, whether anybody has read it or not."""
        self.firsts[partition] = before
        for kafka in self.kafkas:
            kafka.tell_deleted(partition, before)

    def views(self, guest: str | None = None) -> list[str]:
        """Numbers of the accepted views, of one guest or of all, in order."""
        return [number for who, number, _ in self.accepted if guest in {None, who}]


class FakeApi:
    """The destination: takes a while, replies as the world says, notes what it accepted."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def send(self, request: Request) -> Reply:
        said = _said(request)
        self._world.journal.note("send", *said)
        self._world.sent.append(said)
        reply = self._world.reply(request)
        taken = not isinstance(reply, NoAnswer) and getattr(reply, "status", 0) == 201
        if taken and isinstance(request, SendEvent):
            self._world.accepted.append(said)
        with contextlib.suppress(*self._world.hides):
            await asyncio.sleep(self._world.answer_s)
        return reply

    async def close(self) -> None:
        """Nothing is open."""


def _said(request: Request) -> Sent:
    if isinstance(request, SendEvent):
        who = str(request.message["browser_id"])
        return who, str(request.message["page"]), request.possible_repeat
    return "", "BROWSER", False


class FakeKafka:
    """Kafka as one worker sees it; a crash is to deliver nothing any more."""

    topic = TOPIC

    def __init__(self, world: World, partitions: Sequence[int], of: int) -> None:
        self._world = world
        self._first = tuple(partitions)
        self._of = of
        self.positions: dict[int, int] = {}
        self._paused: set[int] = set()
        self._untaken = 0
        self._dead = False
        self.left = False
        world.kafkas.append(self)

    def start(self, inbox: port.Inbox) -> None:
        self._inbox = inbox
        self.assign(*self._first)

    def assign(self, *partitions: int) -> None:
        self._say(port.Assigned(partitions, self._of))
        for number in partitions:
            start, released = self._world.committed.get(number, (0, True))
            self.positions[number] = start
            values = dict(self._world.deliveries[number])
            end = len(self._world.log[number])
            self._say(
                port.Restored(
                    number,
                    start=start,
                    released=released,
                    end=end,
                    values=values,
                    topic_id=self._world.topic_id,
                    first=self._world.firsts[number],
                )
            )
            self.feed(number)

    def revoke(self, *partitions: int) -> None:
        self._say(port.Revoking(partitions))

    def lose(self, *partitions: int) -> None:
        for number in partitions:
            self.positions.pop(number, None)
        self._say(port.Lost(partitions))

    def crash(self) -> None:
        """Neither take nor tell anything any more."""
        self._dead = True
        self._world.kafkas.remove(self)

    def feed(self, number: int) -> None:
        if self._dead or number not in self.positions or number in self._paused:
            return
        if self._untaken > 0:
            return
        first = self._world.firsts[number]
        if self.positions[number] < first:
            self.positions[number] = first
            self._say(port.Expired(number, first))
        log, at = self._world.log[number], self.positions[number]
        records = [record for record in log if record.position.offset >= at][: port.READ_MAX]
        if records:
            self.positions[number] = records[-1].position.offset + 1
            self._untaken += 1
            self._say(port.Read(number, records))
            self._say(port.Reached(number, self.positions[number]))

    def tell_deleted(self, partition: int, first: int) -> None:
        self._say(port.Deleted({partition: first}))
        self.feed(partition)

    def taken(self) -> None:
        self._untaken -= 1
        for number in tuple(self.positions):
            self.feed(number)

    def keep(self, partition: int, key: bytes, *, value: bytes | None, done: port.Done) -> None:
        self._world.journal.note("keep", key)

        def apply() -> None:
            if value is None:
                self._world.deliveries[partition].pop(key, None)
            else:
                self._world.deliveries[partition][key] = value

        self._write(apply, done, failing=self._world.fails_keep())

    def letter(self, partition: int, letter: DeadLetter, *, done: port.Done) -> None:
        self._world.journal.note("letter", letter.reason, partition)
        failing = self._world.fails_letter()
        self._write(lambda: self._world.letters.append(letter), done, failing=failing)

    def commit(self, offsets: Mapping[int, int], number: int) -> None:
        self._world.journal.note("commit", dict(offsets))
        failing = self._world.fails_commit()

        def answer() -> None:
            if not failing:
                self._world.committed.update({n: (at, False) for n, at in offsets.items()})
            self._say(port.Committed(number, {}, "no coordinator" if failing else None))

        self._later(answer)

    def pause(self, partition: int) -> None:
        self._world.journal.note("pause", partition)
        self._paused.add(partition)

    def resume(self, partition: int) -> None:
        self._world.journal.note("resume", partition)
        self._paused.discard(partition)
        self.feed(partition)

    def release(self, partition: int, offset: int | None, *, clean: bool) -> None:
        self._world.journal.note("release", partition, offset, clean)
        self.positions.pop(partition, None)
        if offset is not None and not self._dead:
            self._world.committed[partition] = (offset, clean)

    def leave(self) -> None:
        self._world.journal.note("leave")
        self.left = True
        self._say(port.Left())

    def alive(self) -> bool:
        return True

    def joined(self) -> bool:
        return True

    def _write(self, apply: Callable[[], None], done: port.Done, *, failing: bool) -> None:
        def answer() -> None:
            if not failing:
                apply()
            done("timed out" if failing else None)

        self._later(answer)

    def _later(self, call: Callable[[], None]) -> None:
        asyncio.get_running_loop().call_later(ACK_S, lambda: None if self._dead else call())

    def _say(self, event: port.Event) -> None:
        if not self._dead:
            self._inbox([event])


class Member:
    """One worker in the world."""

    def __init__(
        self,
        world: World,
        settings: DeliverSettings,
        *,
        partitions: Sequence[int] = (0,),
        of: int = 1,
        policy: DeliveryPolicy = POLICY,
    ) -> None:
        self.clock = VirtualClock(asyncio.get_running_loop())
        self.kafka = FakeKafka(world, partitions, of)
        self.deliverer = Deliverer(
            self.kafka, settings, api=FakeApi(world), policy=policy, clock=self.clock
        )
        self.deliverer.begin()

    async def crash(self) -> None:
        """Be killed: whatever was on its way to Kafka never arrives."""
        self.kafka.crash()
        await self.deliverer.close(0)


def run(scenario: Callable[[World], Coroutine[Any, Any, None]]) -> World:
    """Run a scenario in virtual time."""
    world = World()
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(scenario(world))
    return world


async def passes(seconds: float) -> None:
    """Let virtual time pass."""
    await asyncio.sleep(seconds)


def owe_some(world: World) -> None:
    """Six guests with three views each."""
    world.owe(*(view(f"g{i % 6}", i) for i in range(18)))


def in_order(world: World) -> bool:
    """Whether the first acceptances of every guest came in the order of the records."""
    for guest in range(6):
        views = world.views(browser_of(f"g{guest}"))
        first = list(dict.fromkeys(views))
        if first != [str(i) for i in range(18) if i % 6 == guest]:
            return False
    return True
