"""What a step leaves in Kafka, as records to be written."""

import json
from collections.abc import Iterator
from typing import Final

from pipeline.assemble import began
from pipeline.assemble.log import Limits, Topics
from pipeline.commerce import json_form, schemas
from pipeline.errors import RecordError
from pipeline.kafka import dead_letters
from pipeline.kafka.dead_letters import DELIVERY_ID, SEQUENCE, DeadLetter
from pipeline.kafka.entries import Write
from pipeline.orders.guest import SetAside
from pipeline.record import Record
from pipeline.sitecore import line_codec
from pipeline.sitecore.codec import encode_owed
from pipeline.sitecore.owed import Cause, Owed, WrittenCart

WORKER: Final = "assemble"
_FRAME_BYTES: Final = 512
"""What key, headers and Kafka's own frame add to what is owed, at most."""


class Outputs:
    """Writes for the partition of the record that caused them, each within its topic's limit."""

    def __init__(self, topics: Topics, limits: Limits) -> None:
        self._topics = topics
        self.limits = limits
        self.began = began.encode(topics)
        """What a partition is to remember of the topics."""

    def owed(self, partition: int, owed: Owed | WrittenCart) -> Write:
        """Something owed; as a dead letter, where its topic does not take so much."""
        value = encode_owed(owed)
        key = owed.guest_id.encode()
        if len(value) + len(key) + _FRAME_BYTES > self.limits.stream_event_bytes:
            return self._letter(partition, _too_large(owed, key, value))
        headers = (
            (DELIVERY_ID, owed.delivery_id.encode()),
            (SEQUENCE, str(owed.sequence).encode()),
        )
        return Write(self._topics.stream_events, partition, key, value, headers)

    def state(self, partition: int, key: bytes, value: bytes | None) -> Write:
        """A guest, or that a guest is forgotten."""
        return Write(self._topics.guest_states, partition, key, value)

    def unreadable(self, record: Record, error: RecordError) -> Write:
        """A record that cannot be decoded, to its last byte."""
        letter = DeadLetter(
            record=record,
            reason=error.reason.value,
            field=error.field,
            found=error.detail,
            worker=WORKER,
            at=record.timestamp,
        )
        return self._letter(record.position.partition, letter)

    def set_aside(self, partition: int, one: SetAside) -> Write:
        """A record that cannot be told to Sitecore; of an erased guest its position alone."""
        bare = Record(one.position, one.cause.timestamp, key=None, value=None)
        letter = DeadLetter(
            record=one.record or bare,
            reason=one.refusal.rule,
            field=one.refusal.field,
            found=one.refusal.found,
            worker=WORKER,
            at=one.cause.timestamp,
            details=dict((*_details(one.cause), *_identifiers(one), *_lines(one))),
        )
        return self._letter(partition, letter)

    def _letter(self, partition: int, letter: DeadLetter) -> Write:
        encoded = dead_letters.encode(letter, bytes_max=self.limits.dead_letter_bytes)
        return Write(self._topics.dead_letters, partition, *encoded)


def _details(cause: Cause) -> Iterator[tuple[str, str]]:
    if cause.event_id is not None:
        yield "event-id", cause.event_id
    if cause.timer is not None:
        yield "timer", cause.timer
    yield "positions", ",".join(str(position) for position in cause.positions)


def _identifiers(one: SetAside) -> Iterator[tuple[str, str]]:
    if one.identifiers:
        said = [{"provider": who.provider, "id": who.id} for who in one.identifiers]
        yield dead_letters.IDENTIFIERS, json.dumps(said, ensure_ascii=False)


def _lines(one: SetAside) -> Iterator[tuple[str, str]]:
    if one.lines:
        schema = schemas.current()[schemas.LINE]
        said = [json_form.to_json(schema, line_codec.read(line)) for line in one.lines]
        yield dead_letters.LINES, json.dumps(said, ensure_ascii=False)


def _too_large(owed: Owed | WrittenCart, key: bytes, value: bytes) -> DeadLetter:
    """What is owed itself, since the record that caused it may be gone from memory."""
    return DeadLetter(
        record=Record(owed.cause.positions[0], owed.cause.timestamp, key, value),
        reason="owed_too_large",
        field="",
        found=f"{len(value)} bytes",
        worker=WORKER,
        at=owed.cause.timestamp,
        details={**dict(_details(owed.cause)), DELIVERY_ID: owed.delivery_id},
    )
