"""The client's messages as records."""

from typing import Any

from pipeline.record import Instant, Position, Record


def record_of(message: Any) -> Record:
    """Take a message of the client for a record; it must not be one that carries an error.

    Its type is left open: there every part may be absent, here none is.
    """
    headers = message.headers()
    return Record(
        Position(message.topic(), message.partition(), message.offset()),
        Instant(message.timestamp()[1]),
        message.key(),
        message.value(),
        tuple(headers) if headers else (),
    )
