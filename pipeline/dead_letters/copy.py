"""What a replay or a discard writes."""

from typing import Final

from pipeline.dead_letters.account import Case
from pipeline.dead_letters.letter import DISCARDED, REPLAYED, marker
from pipeline.kafka.dead_letters import (
    DELIVERY_ID,
    MAY_HAVE_ARRIVED,
    PREFIX,
    REPLAY,
    REPLAY_OF,
    SEQUENCE,
)
from pipeline.kafka.entries import Write
from pipeline.record import Headers, Instant, Record

FRAME_BYTES: Final = 1024
"""What our headers and Kafka's frame add to a record, at most."""


def replayed(case: Case, letter: Record, now: Instant) -> tuple[Write, Write]:
    """The original record for its guest's partition, and the marker that says so.

    Args:
        case: What is replayed.
        letter: The last of its letters, as it was read.
        now: The time of the marker. The record takes that of its writing: it is a live one.
    """
    number = case.letter.replay + 1
    record = Write(
        case.letter.target,
        case.letter.origin.partition,
        letter.key,
        letter.value,
        _headers(case, letter, number),
    )
    return record, _marker(case, number, REPLAYED, now)


def discarded(case: Case, now: Instant) -> tuple[Write]:
    """The marker that says that nothing more will be done with a letter."""
    return (_marker(case, case.letter.replay + 1, DISCARDED, now),)


def _marker(case: Case, number: int, what: str, now: Instant) -> Write:
    topic, partition, _ = case.letter.at
    return Write(topic, partition, *marker(case.letter.name, number, what, now))


def _headers(case: Case, letter: Record, number: int) -> Headers:
    """The original headers, and ours; a replay has no sequence, since it comes out of it."""
    owed = bool(case.letter.delivery_id)
    left = {DELIVERY_ID, SEQUENCE} if owed else set()
    original = (
        (name, value)
        for name, value in letter.headers
        if name not in left and not name.startswith(PREFIX)
    )
    said = {REPLAY: str(number), REPLAY_OF: case.letter.name}
    if owed:
        said[DELIVERY_ID] = case.letter.delivery_id
    ours = ((name, text.encode()) for name, text in said.items())
    doubt = (MAY_HAVE_ARRIVED,) if owed and case.may_have_arrived else ()
    return (*original, *ours, *doubt)
