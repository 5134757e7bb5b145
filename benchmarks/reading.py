"""Counts what was committed to a topic, and says which it is."""

from dataclasses import replace
from hashlib import blake2b

from pipeline.sitecore.codec import decode_owed
from pipeline.sitecore.owed import DeliveryId
from tests.components.reading import committed

_NO_NAME = DeliveryId("")


def count_committed(bootstrap: str, topic: str) -> int:
    """Count the records of a topic that nobody writes to any more."""
    return sum(1 for _ in committed(bootstrap, topic))


def digest_committed(bootstrap: str, topic: str) -> tuple[int, str]:
    """Count the messages of a topic, and say in a digest which they are.

    Equal for two topics that owe each guest the same in the same order, but for the
    names of the deliveries, which differ by application.
    """
    count = total = 0
    for record in committed(bootstrap, topic):
        owed = replace(decode_owed(record.value or b""), delivery_id=_NO_NAME)
        digest = blake2b(repr(owed).encode(), digest_size=8).digest()
        total = (total + int.from_bytes(digest, "big")) % 2**64
        count += 1
    return count, f"{total:016x}"
