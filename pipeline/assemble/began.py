"""What a partition remembers of the topics that its guests are known from.

Kafka deletes a topic's committed offsets with the topic: so what the topic was is
remembered among the guest states, and not with the offsets.
"""

import json
from typing import NamedTuple

from pipeline.assemble.log import Topics
from pipeline.assemble.partition import BEGAN_VALUE
from pipeline.errors import StateError
from pipeline.kafka.identity import Identity, changed


class _Commerce(NamedTuple):
    name: str
    topic_id: str
    partitions: int


def encode(topics: Topics) -> bytes:
    """Write what the commerce topics are now; those that no broker tells of are left out."""
    told = [
        _Commerce(name, *topics.identities[name])
        for name in sorted(topics.commerce)
        if name in topics.identities
    ]
    return json.dumps([1, told]).encode() if told else BEGAN_VALUE


def check(value: bytes, topics: Topics) -> None:
    """Refuse commerce topics that are not those which guests are known from.

    A topic that was not read before is none of them, and what no broker tells of
    is not compared.

    Args:
        value: What is remembered; empty: nothing.
        topics: As they are now.

    Raises:
        StateError: One was made again, or its partitions are more now.
    """
    known = {name: was for name, was in _decode(value).items() if name in topics.identities}
    why = changed(known, topics.identities)
    if why is not None:
        raise StateError(why)


def _decode(value: bytes) -> dict[str, Identity]:
    if value in {b"", BEGAN_VALUE}:
        return {}
    try:
        _, told = json.loads(value)
        return {name: Identity(topic_id, partitions) for name, topic_id, partitions in told}
    except (ValueError, TypeError):
        raise StateError(
            "what the guest states say of the commerce topics cannot be read: another program "
            "wrote it; start that one, or `pipeline reset`"
        ) from None
