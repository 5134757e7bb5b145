"""Reads partitions of a compacted topic up to their ends, to remember what they hold."""

from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, TopicPartition
from confluent_kafka.admin import AdminClient

from pipeline.errors import StateError
from pipeline.kafka import verdict
from pipeline.kafka.clients import ClientConfig
from pipeline.kafka.entries import Changes, Entry
from pipeline.kafka.offsets import first_since, published_ends

_CHUNK: Final = 10_000
_READ_AHEAD_PAUSE_MS: Final = 20
_TURN_S: Final = 0.2


class Changelog:
    """One compacted topic, of which any partitions are read side by side.

    A partition is complete once what was `reached` is at least the end that was
    asked for *after* the committed offsets of its inputs. The end is the
    uncommitted one and reading is of committed records only: so a transaction
    that a dead owner left open is waited for. The last record's offset proves
    nothing, since markers of transactions take offsets too (KAFKA-10167).
    """

    def __init__(
        self,
        consumer: ClientConfig,
        admin: AdminClient,
        topic: str,
        *,
        make: Callable[[ClientConfig], Consumer] = Consumer,
    ) -> None:
        """Prepare to read; *consumer* names a group that is never joined."""
        own = {
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",
            # The client stops for so long once it has read enough ahead; a second by default.
            "fetch.queue.backoff.ms": _READ_AHEAD_PAUSE_MS,
        }
        self._consumer = make({**consumer, **own})
        self._admin = admin
        self._topic = topic

    def ends(self, partitions: Collection[int]) -> dict[int, int]:
        """One past the last record of each partition, committed or not.

        Raises:
            UnavailableError: No answer in time.
        """
        wanted = [(self._topic, partition) for partition in partitions]
        found = published_ends(self._admin, wanted)
        return {partition: offset for (_, partition), offset in found.items()}

    def check(self, partitions: Collection[int]) -> None:
        """Refuse partitions of which the first records were deleted.

        Raises:
            StateError: It is so.
            UnavailableError: No answer in time.
        """
        wanted = [(self._topic, partition) for partition in partitions]
        check_whole(first_since(self._admin, wanted, None))

    def follow(self, partition: int, offset: int) -> None:
        """Begin to read a partition at an offset."""
        self._consumer.incremental_assign([TopicPartition(self._topic, partition, offset)])

    def leave(self, partition: int) -> None:
        """Read a partition no further."""
        self._consumer.incremental_unassign([TopicPartition(self._topic, partition)])

    def read(self, records_max: int = _CHUNK, timeout_s: float = 0.0) -> Changes:
        """Read what has come.

        Raises:
            FatalKafkaError: Kafka ended the client, or does not allow it.
        """
        entries: list[Entry] = []
        reached: dict[int, int] = {}
        message: Any
        for message in self._consumer.consume(records_max, timeout_s):
            partition, error = message.partition(), message.error()
            if error is None:
                entries.append(Entry(partition, message.key() or b"", message.value()))
                reached[partition] = message.offset() + 1
            elif error.code() == KafkaError._PARTITION_EOF:
                reached[partition] = message.offset()
            elif (ended := verdict.of_reading(error)) is not None:
                raise ended
        return Changes(entries, reached)

    def close(self) -> None:
        """Let go of the connection."""
        self._consumer.close()


def check_whole(firsts: Mapping[tuple[str, int], int]) -> None:
    """Refuse partitions of a compacted topic of which the first records were deleted.

    Compaction never moves the beginning; retention and people do, and what they
    delete may be all that was known of a key.

    Args:
        firsts: The first offset that there is, by topic and partition.

    Raises:
        StateError: One does not begin at 0.
    """
    cut = sorted(part for part, first in firsts.items() if first > 0)
    if cut:
        topic, number = cut[0]
        raise StateError(
            f"{topic}/{number} begins at offset {firsts[cut[0]]}: records were deleted from it, "
            "by a `cleanup.policy` that is not `compact` alone, or by hand; delete the topic, "
            "make it again with `pipeline topics create`, then `pipeline reset`"
        )


def restore(
    changelog: Changelog,
    partition: int,
    sink: Callable[[bytes, bytes | None], None],
    *,
    offset: int = 0,
    going_on: Callable[[], bool] = lambda: True,
) -> int:
    """Read one partition to its present end, and return the offset that was reached.

    Args:
        changelog: Follows no partition.
        partition: Which one.
        sink: Is given every key and value, in order; a value of None forgets the key.
        offset: Where to begin: what lies before is known already.
        going_on: Asked between turns; when it says no, reading ends where it is.
    """
    end = changelog.ends([partition])[partition]
    changelog.follow(partition, offset)
    try:
        while offset < end and going_on():
            changes = changelog.read(timeout_s=_TURN_S)
            for entry in changes.entries:
                sink(entry.key, entry.value)
            offset = changes.reached.get(partition, offset)
    finally:
        changelog.leave(partition)
    return offset
