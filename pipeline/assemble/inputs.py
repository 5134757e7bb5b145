"""Whether topics fit each other and what is known, before anything of them is read."""

from collections.abc import Callable
from typing import Final, NamedTuple

from confluent_kafka.admin import AdminClient

from pipeline.assemble.log import Topics
from pipeline.config import KafkaSettings
from pipeline.errors import ConfigError
from pipeline.kafka import placement, topics
from pipeline.kafka.clients import Clients, consumer_config
from pipeline.kafka.identity import identities


class Role(NamedTuple):
    """What a member of a group reads for."""

    name: str
    co_partitioned: bool
    """Whether equal partition numbers of several inputs must come together."""
    check: Callable[[str, AdminClient, KafkaSettings, Topics], Topics]
    """Refuses topics that do not fit, and says which they are; the first is its group."""
    clients: Clients = Clients()
    """What it reads and writes with."""


def check(group: str, admin: AdminClient, kafka: KafkaSettings, names: Topics) -> Topics:
    """Check the assembler's topics, and say which they are.

    Raises:
        ConfigError: Topics are missing, or do not fit each other.
        UnavailableError: No broker answered in time.
    """
    needed = (*names.commerce, names.guest_states, names.stream_events, names.dead_letters)
    counts = topics.partition_counts(admin, needed)
    topics.check_partitions(counts, needed)
    largest = topics.record_bytes(admin, [names.guest_states])
    for name, found in largest.items():
        if found < topics.STATE_BYTES:
            raise ConfigError(
                f"topic {name!r} takes records of {found} bytes; guests need "
                f"{topics.STATE_BYTES}: raise its max.message.bytes"
            )
    if len(names.commerce) > 1:
        config = consumer_config(kafka, group=group)
        keys = placement.first_keys(config, {name: counts[name] for name in names.commerce})
        placement.check(keys, counts, kafka.partitioner)
    # A broker that cannot tell of sizes, the embedded one, cannot tell of ids.
    return names._replace(identities=identities(admin, names.commerce) if largest else {})


ASSEMBLE: Final = Role("assemble", co_partitioned=True, check=check)
