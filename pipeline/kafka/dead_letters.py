"""What was set aside, as a Kafka record: the original bytes, and the reason in headers."""

import dataclasses
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from pipeline.record import Headers, Instant, Record

PREFIX: Final = "dead-letter-"
EXCERPT_BYTES: Final = 64 * 1024
"""How much of a value is kept that does not fit."""

DELIVERY_ID: Final = "delivery-id"
SEQUENCE: Final = "sequence"
REPLAY: Final = "dead-letter-replay"
"""Header of a replayed record: how often its letter was replayed, this time included."""
REPLAY_OF: Final = "dead-letter-replay-of"
"""Header of a replayed record: the name of its letter, the same however often it comes back."""
MAY_HAVE_ARRIVED: Final = ("dead-letter-may-have-arrived", b"true")
"""A whole header, of a replayed record that Sitecore may have, though no answer says so."""
IDENTIFIERS: Final = "identifiers"
"""Detail of an order for the REST or the Batch API: who the guest is, as JSON. Personal data."""
LINES: Final = "lines"
"""Detail of such an order that says no lines: those of its cart, as JSON, where they fit."""
MARKER: Final = "dead-letter-marker"
"""Header of a record that is no letter: what was done with one."""

_FRAME_BYTES: Final = 256
"""What Kafka adds to a record and its batch, at most."""
_HEADER_FRAME_BYTES: Final = 10
_FOUND_CHARACTERS: Final = 100


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One record, or what may be kept of it, and why it goes no further."""

    record: Record
    """As it was read; without key and value where only its position may be kept."""
    reason: str
    field: str
    found: str
    worker: str
    at: Instant
    """When it was decided, by the clock of whoever decides."""
    details: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Further headers, by name without the prefix, such as ``delivery-id``."""


class Encoded(NamedTuple):
    """A dead letter as it is written."""

    key: bytes | None
    value: bytes | None
    headers: Headers


def encode(letter: DeadLetter, *, bytes_max: int) -> Encoded:
    """Write a dead letter so that its topic takes it.

    The original headers come first and ours after them, so that a header of
    ours that a replayed letter brought along is followed by the new one: the
    last of a name counts. What does not fit is cut to its first 64 KiB without
    the original headers and the lines of a cart, and marked; hash and length are
    always the whole value's.

    Args:
        letter: What is set aside.
        bytes_max: The topic's limit for a record.
    """
    whole = Encoded(
        letter.record.key,
        letter.record.value,
        (*letter.record.headers, *_ours(letter, truncated=False)),
    )
    if _size(whole) <= bytes_max:
        return whole
    room = max(0, min(EXCERPT_BYTES, bytes_max // 2))
    key, value = letter.record.key, letter.record.value
    return Encoded(
        None if key is None else key[: room // 4],
        None if value is None else value[:room],
        _ours(letter, truncated=True),
    )


def _ours(letter: DeadLetter, *, truncated: bool) -> Headers:
    position = letter.record.position
    value = letter.record.value
    said = {
        "reason": letter.reason,
        "field": letter.field,
        "found": letter.found[:_FOUND_CHARACTERS],
        "worker": letter.worker,
        "topic": position.topic,
        "partition": str(position.partition),
        "offset": str(position.offset),
        "timestamp": str(letter.record.timestamp),
        "at": str(letter.at),
        "truncated": "true" if truncated else "false",
        **letter.details,
    }
    for name, content in letter.record.headers:
        # So that it is known even where the original headers are left out.
        if name in {REPLAY, REPLAY_OF} and content is not None:
            said[name.removeprefix(PREFIX)] = content.decode(errors="replace")
    if truncated:
        said.pop(LINES, None)
    if value is not None:
        said["sha256"] = hashlib.sha256(value).hexdigest()
        said["length"] = str(len(value))
    return tuple((PREFIX + name, text.encode()) for name, text in said.items())


def _size(encoded: Encoded) -> int:
    headers = sum(
        len(name.encode()) + len(value or b"") + _HEADER_FRAME_BYTES
        for name, value in encoded.headers
    )
    return len(encoded.key or b"") + len(encoded.value or b"") + headers + _FRAME_BYTES
