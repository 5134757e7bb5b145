"""The latest values of a few keys in one partition of a compacted topic."""

from collections.abc import Collection

from confluent_kafka.admin import AdminClient

from pipeline.kafka import offsets
from pipeline.kafka.clients import ClientConfig
from pipeline.kafka.reading import Span, Told, read
from pipeline.record import Instant


def look_up(
    consumer: ClientConfig,
    admin: AdminClient,
    place: tuple[str, int],
    keys: Collection[bytes],
    *,
    told: Told = lambda _done, _of: None,
    within_s: float | None = None,
) -> dict[bytes, bytes]:
    """Read a partition to its present end for what it holds of some keys; absent: nothing.

    Kafka finds nothing by its key: the whole partition is read.

    Raises:
        UnavailableError: No broker answers, or it takes too long.
    """
    topic, number = place
    span = spans(admin, topic, [number])[number]
    found: dict[bytes, bytes] = {}
    for record in read(consumer, topic, {number: span}, told=told, within_s=within_s):
        if record.key is None or record.key not in keys:
            continue
        if record.value is None:
            found.pop(record.key, None)
        else:
            found[record.key] = record.value
    return found


def spans(
    admin: AdminClient, topic: str, numbers: Collection[int], since: Instant | None = None
) -> dict[int, Span]:
    """What partitions hold now, and what open transactions may still add to it.

    Args:
        admin: Is asked.
        topic: Where.
        numbers: Partitions.
        since: Leave out what is older; None: nothing.
    """
    parts = [(topic, number) for number in numbers]
    first = offsets.first_since(admin, parts, since)
    ends = offsets.published_ends(admin, parts)
    return {number: Span(first[topic, number], ends[topic, number]) for _, number in parts}
