"""Kafka as the deliverer's loop sees it, on the model: it moves, and decides nothing."""

from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Final

from pipeline.deliver.port import (
    Assigned,
    Committed,
    Done,
    Event,
    Failed,
    Inbox,
    Left,
    Lost,
    Read,
    Restored,
    Revoking,
)
from pipeline.deliver.restorer import RELEASED
from pipeline.errors import FatalKafkaError
from pipeline.kafka.dead_letters import DeadLetter, encode
from pipeline.kafka.entries import Write
from tests.simulation.joining import member_of
from tests.simulation.owning import Callbacks
from tests.simulation_deliver.committing import Committing
from tests.simulation_deliver.reading import Reading
from tests.simulation_deliver.restoring import DELIVERIES, Restoring
from tests.simulation_deliver.setting import RELEASE_S
from tests.simulation_deliver.shop import STREAM
from tests.simulation_deliver.writing import Producing

if TYPE_CHECKING:
    from tests.simulation_deliver.process import Process
    from tests.simulation_deliver.world import World

LETTERS: Final = "dead-letters"
_BEAT_S, _TURN_S, _SYNC_S = 0.5, 0.004, 0.02


class SimKafka:
    """The thread beside the loop, as `KafkaThread` is it: it turns when there is something to do.

    A revocation keeps it from reading, not from writing, until all is released or time is up.
    """

    topic = STREAM

    def __init__(self, world: "World", process: "Process") -> None:
        self._world = world
        self._process = process
        self._broker = world.broker
        self._events: list[Event] = []
        self._commands: deque[Callable[[], None]] = deque()
        self._restored: deque[tuple[int, Restored]] = deque()
        self._ours: dict[int, int] = {}
        self._assignments = 0
        self._released: dict[int, tuple[int | None, bool]] = {}
        self._giving: frozenset[int] = frozenset()
        self._give_up_at = 0.0
        self._untaken = 0
        self._is_leaving = self._is_waking = self._is_giving_up = False
        self._has_left = True
        """Until it starts, and in the end."""
        self._reading = Reading(world)
        self._producing = Producing(world, process)
        self._restoring = Restoring(world, process, self._has_restored)
        calls = Callbacks(self._assign, self._revoke, self._lose, gives_up_later=True)
        name = process.place if world.setting.is_static else ""
        self._member = member_of(world.broker, calls, name)
        self._committing = Committing(world, process, self._member, self._hears)

    # On the loop.

    def start(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._has_left = False
        self._beat()

    def taken(self) -> None:
        self._asks(self._count_taken)

    def keep(self, partition: int, key: bytes, *, value: bytes | None, done: Done) -> None:
        told = self._world.verifier.keeping(self._process, partition, key, done)
        self._producing.produce(Write(DELIVERIES, partition, key, value), told)

    def letter(self, partition: int, letter: DeadLetter, *, done: Done) -> None:
        made = encode(letter, bytes_max=1_000_000)
        self._world.note(self._process.name, "LETTER", letter.record.position, letter.reason)
        self._world.verifier.sets_aside(self._process, letter)
        write = Write(LETTERS, partition, made.key, made.value, made.headers)
        self._producing.produce(write, done)

    def commit(self, offsets: Mapping[int, int], number: int) -> None:
        self._asks(partial(self._committing.commit, dict(offsets), number))

    def pause(self, partition: int) -> None:
        self._asks(partial(self._reading.pause, partition))

    def resume(self, partition: int) -> None:
        self._asks(partial(self._reading.resume, partition))

    def release(self, partition: int, offset: int | None, *, clean: bool) -> None:
        self._asks(partial(self._release, partition, offset, clean=clean))

    def leave(self) -> None:
        self._asks(self._leave)

    def alive(self) -> bool:
        return True

    def joined(self) -> bool:
        return True

    # On the thread.

    def wake(self, after_s: float = _TURN_S) -> None:
        """Turn soon, since there may be something to do."""
        if not self._is_waking and not self._has_left:
            self._is_waking = True
            thread = self._process.kafka_thread
            self._world.schedule.after(self._world.rng.uniform(0, after_s), self._turn, thread)

    def _asks(self, command: Callable[[], None]) -> None:
        self._commands.append(command)
        self.wake()

    def _turn(self) -> None:
        self._is_waking = False
        while self._commands:
            self._commands.popleft()()
        if self._giving:
            self._look_whether_released()
        elif self._is_leaving:
            self._commit_released(frozenset(self._ours))
            self._later(self._leaves)
        elif not self._untaken:
            self._polls()
        self._flush()

    def _polls(self) -> None:
        self._member.polled()
        if self._member.ended is not None:
            self._events.append(Failed(FatalKafkaError(self._member.ended)))
            self._is_leaving = True
        for event in self._reading.read() if not self._giving else ():
            self._events.append(event)
            self._untaken += isinstance(event, Read)
        while self._restored:
            assignment, restored = self._restored.popleft()
            if self._ours.get(restored.partition) == assignment:
                self._events.append(restored)
        if not self._untaken and self._reading.has_more():
            self.wake()

    def _flush(self) -> None:
        if self._events:
            events, self._events = self._events, []
            self._inbox(events)
            for event in events:
                if isinstance(event, Restored):
                    # What was decided before that may leave after it.
                    told = partial(self._world.verifier.told, self._process, event)
                    self._process.loop.call_soon(self._process.loop.call_soon, told)

    def _beat(self) -> None:
        """The client is heard by itself, whatever the thread does."""
        if not self._has_left:
            self._world.schedule.after(_BEAT_S, self._beat, self._process.client)
            self._broker.tick()
            self._member.beat()
            self.wake()

    def _later(self, act: Callable[[], None]) -> None:
        self._world.schedule.after(_SYNC_S, act, self._process.kafka_thread)

    def _hears(self, answer: Committed) -> None:
        self._events.append(answer)
        self.wake()

    def _has_restored(self, assignment: int, restored: Restored) -> None:
        self._restored.append((assignment, restored))
        self.wake()

    def _count_taken(self) -> None:
        self._untaken -= 1

    def _leave(self) -> None:
        self._is_leaving = True

    # Ownership.

    def _assign(self, numbers: frozenset[int]) -> None:
        for number in sorted(numbers):
            self._assignments += 1
            self._ours[number] = self._assignments
            self._reading.begin(number)
            self._world.verifier.assigned(self._process, number)
            self._restoring.want(number, self._assignments)
        self._says(Assigned(tuple(sorted(numbers)), len(self._broker.numbers)))

    def _revoke(self, numbers: frozenset[int]) -> None:
        if self._is_leaving:
            self._drop(numbers)
            return
        self._says(Revoking(tuple(sorted(numbers))))
        self._giving = numbers
        self._give_up_at = self._world.schedule.now + RELEASE_S
        self._world.schedule.after(RELEASE_S, self.wake, self._process.kafka_thread)

    def _look_whether_released(self) -> None:
        is_late = self._world.schedule.now >= self._give_up_at
        if not self._is_giving_up and (is_late or self._released.keys() >= self._giving):
            self._is_giving_up = True
            self._commit_released(self._giving)
            self._later(self._gave_up)

    def _gave_up(self) -> None:
        if late := tuple(sorted(self._giving - self._released.keys())):
            self._says(Lost(late))
        self._drop(self._giving)
        self._giving, self._is_giving_up = frozenset(), False
        self._member.gave_up()
        self.wake()

    def _lose(self, numbers: frozenset[int]) -> None:
        self._says(Lost(tuple(sorted(numbers))))
        self._drop(numbers)

    def _drop(self, numbers: frozenset[int]) -> None:
        for number in sorted(numbers):
            self._ours.pop(number, None)
            self._released.pop(number, None)
            self._reading.end(number)

    def _release(self, partition: int, offset: int | None, *, clean: bool) -> None:
        if partition in self._ours:
            self._released.setdefault(partition, (offset, clean))

    def _leaves(self) -> None:
        if not self._has_left:
            self._has_left = True
            self._world.note(self._process.name, "leaves")
            self._member.leave()
            self._says(Left())
            self._flush()

    def _says(self, event: Event) -> None:
        self._world.note(self._process.name, event)
        self._events.append(event)

    def _commit_released(self, numbers: frozenset[int]) -> None:
        for number in sorted(numbers):
            offset, clean = self._released.get(number, (None, False))
            if offset is not None:
                self._committing.commit_now(number, offset, RELEASED if clean else "")
