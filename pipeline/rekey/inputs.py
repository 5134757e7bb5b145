"""Whether the sources, the target and the dead letters fit, before anything is read."""

from typing import Final

from confluent_kafka.admin import AdminClient

from pipeline.assemble.inputs import Role
from pipeline.assemble.log import Topics
from pipeline.config import KafkaSettings
from pipeline.errors import ConfigError
from pipeline.kafka import topics
from pipeline.kafka.identity import identities


def check(_group: str, admin: AdminClient, _kafka: KafkaSettings, names: Topics) -> Topics:
    """Check the topics of rekey, and say which the sources and the target are.

    Raises:
        ConfigError: One is missing, or the target and the dead letters do not fit each other.
        UnavailableError: No broker answered in time.
    """
    known = identities(admin, (*names.commerce, names.stream_events))
    for name in names.commerce:
        if name not in known:
            raise ConfigError(f"topic {name!r} of `rekey.sources` does not exist")
    outputs = (names.stream_events, names.dead_letters)
    topics.check_partitions(topics.partition_counts(admin, outputs), outputs)
    if not topics.keeps_timestamps(admin, names.stream_events):
        raise ConfigError(
            f"topic {names.stream_events!r} gives records a time of its own: orders would count "
            "their waits from there; set its message.timestamp.type to CreateTime"
        )
    return names._replace(identities=known)


REKEY: Final = Role("rekey", co_partitioned=False, check=check)
