"""The deliverer's membership of its consumer group: reading, committing, gaining and losing."""

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import groupby
from threading import Thread
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from pipeline.deliver.asked import name_of, number_of
from pipeline.deliver.port import (
    READ_MAX,
    Assigned,
    Committed,
    Ends,
    Event,
    Expired,
    Failed,
    Lost,
    Reached,
    Read,
    Revoking,
)
from pipeline.deliver.restorer import RELEASED
from pipeline.kafka import groups, verdict
from pipeline.kafka.clients import ClientConfig
from pipeline.kafka.messages import record_of

LEAVE_S: Final = 15.0
"""Longest wait for a broker, and for a rebalance that is under way, when we leave."""
FIRST_S: Final = 1.0
"""Longest wait for the first offset of a partition; then it is asked for again."""
ENDS_S: Final = 1.0
"""Time between two looks at how far the partitions reach."""
_OF_A_PARTITION: Final = frozenset({KafkaError._PARTITION_EOF, KafkaError._AUTO_OFFSET_RESET})


class Group:
    """A member of the group; used on one thread. Decides nothing."""

    def __init__(
        self,
        config: ClientConfig,
        topic: str,
        *,
        say: Callable[[Event], None],
        serve: Callable[[], None],
        release_s: float,
    ) -> None:
        """Make the client.

        Args:
            config: Of a consumer; everything about commits is ours.
            topic: What is read.
            say: Takes what happened.
            serve: Does what waits for the thread, while partitions are to be released.
            release_s: Longest wait for that.
        """
        self._consumer = Consumer({**config, "on_commit": self._on_commit})
        self._config = config
        self._topic = topic
        self._say = say
        self._serve = serve
        self._release_s = release_s
        self._protocol = str(config["group.protocol"])
        self._joined = False
        self._of = 1
        self._ours: dict[int, int] = {}
        self._assignments = 0
        self._released: dict[int, tuple[int | None, bool]] = {}
        self._paused: set[int] = set()
        self._stranded: set[int] = set()
        """Partitions whose next record is not there."""
        self._leaving = False
        self._ends_at = 0.0

    def join(self, of: int) -> None:
        """Become a member; the topic has *of* partitions."""
        self._of = of
        self._consumer.subscribe(
            [self._topic], on_assign=self._assign, on_revoke=self._revoke, on_lost=self._lose
        )

    def leave(self) -> None:
        """Leave, and commit what was released; the second time nothing happens.

        Without a broker the client would wait for one for ever: then what was released is
        not marked so, and the coordinator misses us when the session is over.
        """
        if not self._leaving:
            self._leaving = True
            work = partial(groups.leave, self._consumer, self._config)
            leaving = Thread(target=work, name="leaving", daemon=True)
            leaving.start()
            leaving.join(LEAVE_S)

    @property
    def member(self) -> bool:
        """Whether we know what is ours, be it nothing."""
        if not self._joined:
            self._joined = groups.has_nothing_to_hear(self._consumer, self._protocol)
        return self._joined

    def assignment(self, partition: int) -> int | None:
        """Which of our assignments a partition belongs to; None: it is not ours."""
        return self._ours.get(partition)

    def read(self, wait_s: float) -> None:
        """Take what comes within a time, or as much as fits; rebalances happen in here.

        Raises:
            FatalKafkaError: Kafka ended this client.
        """
        for number in tuple(self._stranded):
            self._begin(number)
        messages: list[Any] = self._consumer.consume(READ_MAX, timeout=wait_s)
        for number, run in groupby(messages, key=lambda message: message.partition()):
            self._take(number, list(run))
        if time.monotonic() >= self._ends_at:
            self._ends_at = time.monotonic() + ENDS_S
            self._say(Ends(self._ends()))

    def commit(self, offsets: Mapping[int, int], number: int) -> None:
        """Commit; `Committed` answers with this number."""
        name = name_of(number)
        positions = [TopicPartition(self._topic, one, at, name) for one, at in offsets.items()]
        try:
            self._consumer.commit(offsets=positions, asynchronous=True)
        except KafkaException as raised:
            self._say(Committed(number, {}, str(raised)))

    def pause(self, partition: int) -> None:
        """Stop reading a partition."""
        if partition in self._ours:
            self._paused.add(partition)
            self._consumer.pause([TopicPartition(self._topic, partition)])

    def resume(self, partition: int) -> None:
        """Go on reading it."""
        if partition in self._paused:
            self._paused.discard(partition)
            self._consumer.resume([TopicPartition(self._topic, partition)])

    def release(self, partition: int, offset: int | None, *, clean: bool) -> None:
        """Let a partition go once Kafka wants it back; the first word counts."""
        if partition in self._ours:
            self._released.setdefault(partition, (offset, clean))

    def _take(self, number: int, messages: Sequence[Any]) -> None:
        records = [record_of(message) for message in messages if message.error() is None]
        if records and number in self._ours:
            self._say(Read(number, records))
        for message in messages:
            self._heed(message)

    def _heed(self, message: Any) -> None:
        error = message.error()
        if error is None:
            return
        if error.code() in _OF_A_PARTITION:
            self._heed_partition(message.partition(), message.offset(), error.code())
        # What ends the client bears no partition, or any.
        elif (ended := verdict.of_reading(error)) is not None:
            raise ended

    def _heed_partition(self, number: int, offset: int, code: int) -> None:
        if number not in self._ours:
            return
        if code == KafkaError._PARTITION_EOF:
            self._say(Reached(number, offset))
        else:
            self._stranded.add(number)

    def _begin(self, number: int) -> None:
        """Read from the first record that is left: none was committed, or it is deleted."""
        at = TopicPartition(self._topic, number)
        try:
            first, _ = self._consumer.get_watermark_offsets(at, timeout=FIRST_S)
            self._consumer.incremental_unassign([at])
            self._consumer.incremental_assign([TopicPartition(self._topic, number, first)])
        except KafkaException as raised:
            if (ended := verdict.of_reading(raised.args[0])) is not None:
                raise ended from raised
            return
        self._stranded.discard(number)
        self._say(Expired(number, first))

    def _assign(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self._joined = True
        if not self._leaving:  # Else they go at once, and nobody works on them.
            for partition in partitions:
                self._assignments += 1
                self._ours[partition.partition] = self._assignments
            self._say(Assigned(_numbers(partitions), self._of))
        self._consumer.incremental_assign(partitions)

    def _revoke(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """Wait until the loop has released them: they are gone when this returns.

        When we leave it has: only then what was released is committed in a generation that holds.
        """
        numbers = _numbers(partitions)
        if not self._leaving:
            self._await_release(numbers)
        self._commit_released(numbers)
        self._drop(partitions)

    def _await_release(self, numbers: Sequence[int]) -> None:
        """The loop is told of those that it has not released: what it still does is too late."""
        self._say(Revoking(tuple(numbers)))
        give_up_at = time.monotonic() + self._release_s
        while time.monotonic() < give_up_at and not self._released.keys() >= set(numbers):
            self._serve()
        if late := tuple(number for number in numbers if number not in self._released):
            self._say(Lost(late))

    def _lose(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self._say(Lost(_numbers(partitions)))
        self._drop(partitions)

    def _drop(self, partitions: list[TopicPartition]) -> None:
        for number in _numbers(partitions):
            # A partition that was paused would be so again when it comes back.
            self.resume(number)
            self._ours.pop(number, None)
            self._released.pop(number, None)
            self._stranded.discard(number)
        self._consumer.incremental_unassign(partitions)

    def _commit_released(self, numbers: Sequence[int]) -> None:
        offsets = [
            TopicPartition(self._topic, number, offset, RELEASED if clean else "")
            for number in numbers
            for offset, clean in [self._released.get(number, (None, False))]
            if offset is not None
        ]
        if not offsets:
            return
        try:
            self._consumer.commit(offsets=offsets, asynchronous=False)
        except KafkaException as raised:
            self._say(Committed(0, {}, f"release: {raised}"))

    def _on_commit(self, error: KafkaError | None, partitions: list[TopicPartition]) -> None:
        """Answer a commit that was asked for; there are those of releases, too."""
        for one in (error, *(part.error for part in partitions)):
            if (ended := verdict.forbidden(one, "a commit")) and not self._leaving:
                self._say(Failed(ended))
        if number := number_of(part.metadata for part in partitions):
            refused = {p.partition: str(p.error) for p in partitions if p.error is not None}
            self._say(Committed(number, refused, None if error is None else str(error)))

    def _ends(self) -> dict[int, int]:
        ends = {}
        for number in self._ours:
            at = TopicPartition(self._topic, number)
            found = self._consumer.get_watermark_offsets(at, cached=True)
            if found[1] >= 0:
                ends[number] = found[1]
        return ends


def _numbers(partitions: Sequence[TopicPartition]) -> tuple[int, ...]:
    return tuple(sorted(partition.partition for partition in partitions))
