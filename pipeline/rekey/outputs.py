"""What a record becomes: the same under its guest's key, or a dead letter."""

from typing import Final

from pipeline.assemble.log import Limits, Topics
from pipeline.errors import RecordError
from pipeline.kafka import dead_letters
from pipeline.kafka.dead_letters import DeadLetter
from pipeline.kafka.entries import Write
from pipeline.kafka.placement import PartitionOf
from pipeline.record import GuestId, Headers, Instant, Record

WORKER: Final = "rekey"
ORIGIN: Final = "rekey-origin"
"""Header that says where the record lay; of several the last counts, as for all our headers."""
TIMESTAMP: Final = "rekey-timestamp"
"""Header that says the record's own time, where the target does not take it."""
TOO_LARGE: Final = "record_too_large"
"""Reason of a letter: the target takes only smaller records."""
_FRAME_BYTES: Final = 512
"""What key, headers of ours and Kafka's own frame add, at most."""
_HEADER_FRAME_BYTES: Final = 10


class Outputs:
    """Places records where their guests are, and letters by the partition that they lay in."""

    def __init__(self, topics: Topics, limits: Limits, partition_of: PartitionOf) -> None:
        """Place by the number of partitions that the target has.

        Args:
            topics: `stream_events` is the target, whose identity must be known.
            limits: The largest record that the outputs take.
            partition_of: The rule that the target's other producers follow.
        """
        self._topics = topics
        self._count = topics.identities[topics.stream_events].partitions
        self._partition_of = partition_of
        self.limits = limits

    def takes(self, record: Record) -> bool:
        """Whether the target takes so large a record."""
        return _size(record) <= self.limits.stream_event_bytes

    def moved(self, record: Record, guest_id: GuestId, now: Instant) -> Write:
        """The same bytes and headers under the guest's key, and the same time.

        Where the target does not take that time, it gets one that is taken, and a
        header says its own: else Kafka would refuse the batch for ever.
        """
        key = guest_id.encode()
        at = self.limits.stream_event_times.moved(record.timestamp, now)
        headers: Headers = (*record.headers, (ORIGIN, str(record.position).encode()))
        if at != record.timestamp:
            headers = (*headers, (TIMESTAMP, str(record.timestamp).encode()))
        return Write(
            self._topics.stream_events,
            self._partition_of(key, self._count),
            key,
            record.value,
            headers,
            at,
        )

    def letter(self, record: Record, error: RecordError) -> Write:
        """A record whose guest nobody knows, to its last byte."""
        return self._letter(record, reason_of(error), error.field, error.detail)

    def too_large(self, record: Record) -> Write:
        """A record that the target does not take."""
        return self._letter(record, TOO_LARGE, "", f"{_size(record)} bytes")

    def _letter(self, record: Record, reason: str, field: str, found: str) -> Write:
        letter = DeadLetter(record, reason, field, found, WORKER, record.timestamp)
        encoded = dead_letters.encode(letter, bytes_max=self.limits.dead_letter_bytes)
        # Sources have other numbers of partitions than the letters, which follow the target.
        number = record.position.partition % self._count
        return Write(self._topics.dead_letters, number, *encoded)


def reason_of(error: RecordError) -> str:
    """Name the reason: a guest id that is missing is one of its own."""
    return "guest_id_missing" if error.field == "guestId" else error.reason.value


def _size(record: Record) -> int:
    headers = sum(
        len(name.encode()) + len(value or b"") + _HEADER_FRAME_BYTES
        for name, value in record.headers
    )
    return len(record.value or b"") + headers + _FRAME_BYTES
