"""Kafka as the deliverer's loop sees it: a thread moves records and offsets, the loop its writes.

Writes are produced and their acknowledgements taken on the loop, where they are waited for, and
never by the thread: it would have to be given the interpreter for each of them.
"""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Final

from confluent_kafka import KafkaError, KafkaException, Producer

from pipeline.config import LEDGER_TIMEOUT_S, KafkaSettings, TopicSettings
from pipeline.deliver.group import Group
from pipeline.deliver.port import (
    Assigned,
    Deleted,
    Done,
    Event,
    Failed,
    Inbox,
    Left,
    Read,
    Restored,
)
from pipeline.deliver.restorer import Restorer
from pipeline.deliver.timer import Timer
from pipeline.kafka import verdict
from pipeline.kafka.clients import consumer_config, producer_config
from pipeline.kafka.dead_letters import DeadLetter, Encoded, encode

TURN_S: Final = 0.002
"""Longest wait of a turn: records that come meanwhile are read together."""
ACK_S: Final = 0.001
"""Time between two looks for acknowledgements, while any are awaited."""
IDLE_S: Final = 1.0
"""The same while none are: the client may have something to complain of."""
ALIVE_S: Final = 30.0
"""A thread that has not turned for so long hangs."""
_RELEASE_MARGIN_S: Final = 5.0


class KafkaThread:
    """Kafka as the loop sees it. Decides nothing."""

    def __init__(
        self,
        kafka: KafkaSettings,
        topics: TopicSettings,
        *,
        application: str,
        drain_s: float,
        instance: str | None = None,
    ) -> None:
        """Prepare the clients; nothing is asked of Kafka before `start`.

        Raises:
            ConfigError: A client property is set that the program owns.
        """
        self.topic: Final = topics.stream_events
        self._topics = topics
        self._release_s = drain_s + LEDGER_TIMEOUT_S + _RELEASE_MARGIN_S
        group = f"{application}-deliver"
        own = {"enable.partition.eof": True}
        self._consumer_config = consumer_config(kafka, group=group, member=instance, own=own)
        soon = {"message.timeout.ms": int(LEDGER_TIMEOUT_S * 1000)}
        self._producer_config = producer_config(kafka, own=soon)
        self._restorer = Restorer(kafka, topics, group=group)
        self._events: deque[Event] = deque()
        self._restored: deque[tuple[int, Restored | Deleted | Failed]] = deque()
        self._commands: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._leaving = False
        self._untaken = 0
        self._member = False
        self._turned_at = time.monotonic()

    # On the loop.

    def start(self, inbox: Inbox) -> None:
        """Join the group, on a thread of its own."""
        self._inbox = inbox
        self._acks = Timer(self._acknowledge)
        self._producer = Producer(self._producer_config)
        self._acks.within(IDLE_S)
        self._restorer.start(lambda at, what: self._restored.append((at, what)))
        self._group = Group(
            self._consumer_config,
            self.topic,
            say=self._say,
            serve=self._serve,
            release_s=self._release_s,
        )
        Thread(target=self._run, name="kafka", daemon=True).start()

    def taken(self) -> None:
        """Read on: one `Read` was taken in hand."""
        self._commands.put(self._taken)

    def keep(self, partition: int, key: bytes, *, value: bytes | None, done: Done) -> None:
        """Write one value of the deliveries."""
        self._produce(self._topics.deliveries, partition, Encoded(key, value, ()), done)

    def letter(self, partition: int, letter: DeadLetter, *, done: Done) -> None:
        """Write one dead letter."""
        outgoing = encode(letter, bytes_max=self._restorer.facts.letter_bytes_max)
        self._produce(self._topics.dead_letters, partition, outgoing, done)

    def commit(self, offsets: Mapping[int, int], number: int) -> None:
        """Commit offsets; `Committed` answers."""
        self._commands.put(lambda: self._group.commit(offsets, number))

    def pause(self, partition: int) -> None:
        """Stop reading a partition."""
        self._commands.put(lambda: self._group.pause(partition))

    def resume(self, partition: int) -> None:
        """Go on reading it."""
        self._commands.put(lambda: self._group.resume(partition))

    def release(self, partition: int, offset: int | None, *, clean: bool) -> None:
        """Give a partition back."""
        self._commands.put(lambda: self._group.release(partition, offset, clean=clean))

    def leave(self) -> None:
        """Leave the group and end; everything was released."""
        self._commands.put(self._leave)

    def alive(self) -> bool:
        """Whether it turned lately; on any thread."""
        return time.monotonic() - self._turned_at < ALIVE_S

    def joined(self) -> bool:
        """Whether we are a member that knows what is its own; on any thread."""
        return self._member

    def _produce(self, topic: str, partition: int, outgoing: Encoded, done: Done) -> None:
        try:  # Producing never waits.
            self._producer.produce(
                topic,
                value=outgoing.value,
                key=outgoing.key,
                partition=partition,
                headers=list(outgoing.headers),
                on_delivery=partial(self._reported, done),
            )
        except KafkaException as raised:
            asyncio.get_running_loop().call_soon(self._reported, done, raised.args[0])
        except BufferError as error:
            asyncio.get_running_loop().call_soon(done, str(error))
        self._acks.within(ACK_S)

    def _acknowledge(self) -> None:
        self._producer.poll(0)
        self._acks.within(ACK_S if len(self._producer) else IDLE_S)

    def _reported(self, done: Done, error: KafkaError | None, _message: object = None) -> None:
        if refused := verdict.forbidden(error, "a write"):
            # To write it again would change nothing.
            self._events.append(Failed(refused))
        done(None if error is None else str(error))

    # On the thread.

    def _run(self) -> None:
        try:
            self._group.join(self._restorer.partitions())
            while not self._leaving:
                self._turn()
        except KafkaException as raised:
            self._say(Failed(verdict.of_ending(raised)))
        except Exception as error:  # noqa: BLE001 — the loop makes an exit code of it
            self._say(Failed(error))
        finally:
            self._restorer.stop()
            self._group.leave()
            self._say(Left())
            self._flush()

    def _turn(self) -> None:
        # Pausing must not come too late: what the loop has not taken in hand yet, it cannot count.
        if self._untaken:
            self._serve()
        else:
            self._group.read(TURN_S)
            self._serve(0)
        self._member = self._group.member
        while self._restored:
            assignment, what = self._restored.popleft()
            # What was restored for an earlier assignment may be outdated.
            if not isinstance(what, Restored) or self._is_current(what, assignment):
                self._say(what)
        self._flush()

    def _is_current(self, restored: Restored, assignment: int) -> bool:
        return self._group.assignment(restored.partition) == assignment

    def _serve(self, wait_s: float = TURN_S) -> None:
        """Tell the loop what happened, and do what it asks for; wait a little until it does."""
        self._turned_at = time.monotonic()
        self._flush()
        with contextlib.suppress(Empty):
            self._commands.get(timeout=wait_s)()
            while True:
                self._commands.get_nowait()()
        self._flush()

    def _say(self, event: Event) -> None:
        self._events.append(event)
        self._untaken += isinstance(event, Read)
        if isinstance(event, Assigned):
            for partition in event.partitions:
                self._restorer.want(partition, self._group.assignment(partition) or 0)

    def _flush(self) -> None:
        events = []
        while self._events:
            events.append(self._events.popleft())
        if events:
            self._inbox(events)

    def _taken(self) -> None:
        self._untaken -= 1

    def _leave(self) -> None:
        self._leaving = True
