"""The topics that the workers need: described, compared, created."""

import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType
from confluent_kafka.cimpl import NewTopic

from pipeline.config import KafkaSettings, TopicSettings
from pipeline.errors import ConfigError, UnavailableError
from pipeline.kafka import verdict
from pipeline.kafka.clients import admin_config
from pipeline.kafka.rights import CREATE, Kind, Right
from pipeline.kafka.times import Times, times_of

LETTER_EXTRA_BYTES: Final = 1024 * 1024
"""Dead letters carry a whole record and the reason: so much more than the largest source."""
RECORD_BYTES: Final = 1_048_588
"""Kafka's own limit of a record, where a topic sets none."""
STATE_BYTES: Final = 2 * RECORD_BYTES
"""What a guest may come to, by the core's bounds; the topic must take it."""

_ANSWER_S: Final = 30.0
_CAN_ANSWER_S: Final = 3.0
"""An embedded broker does not refuse what it does not know: it stays silent."""
_KNOWN_TRIES: Final = 50
_KNOWN_WAIT_S: Final = 0.1
_DAY_MS: Final = 86_400_000
_REPLICAS_FOR_MIN_IN_SYNC: Final = 3


class Topic(NamedTuple):
    """A topic as it should be."""

    name: str
    partitions: int
    replication: int
    config: Mapping[str, str]


class Difference(NamedTuple):
    """One way in which a topic is not as it should be."""

    topic: str
    setting: str
    wanted: str
    found: str

    def __str__(self) -> str:
        return f"{self.topic}: {self.setting} is {self.found}, wanted {self.wanted}"


class Found(NamedTuple):
    """A topic as it is."""

    partitions: int
    config: Mapping[str, str]


class Taken(NamedTuple):
    """What records a topic takes."""

    record_bytes: int = RECORD_BYTES
    times: Times = Times()


def admin_client(kafka: KafkaSettings) -> AdminClient:
    """Make a client to manage topics with; keep it as long as its answers are waited for."""
    return AdminClient(admin_config(kafka))


def brokers(admin: AdminClient, timeout_s: float) -> int:
    """Count the brokers.

    Raises:
        UnavailableError: None answered in time.
    """
    try:
        return len(admin.list_topics(timeout=timeout_s).brokers)
    except KafkaException as raised:
        raise verdict.of_asking(raised, "no broker answers") from raised


def partition_counts(admin: AdminClient, names: Collection[str]) -> dict[str, int]:
    """Count the partitions of those topics that exist.

    Raises:
        UnavailableError: No broker answered in time.
        ForbiddenError: We may not know of one.
    """
    try:
        found = {
            name: admin.list_topics(name, timeout=_ANSWER_S).topics.get(name) for name in names
        }
    except KafkaException as raised:
        admin.poll(0)  # a client tells the reason, such as a wrong password, only here
        raise verdict.of_asking(raised, "topics could not be described") from raised
    for name, topic in found.items():
        if topic is not None and (refused := verdict.forbidden(topic.error, f"topic {name!r}")):
            raise refused
    return {
        name: len(topic.partitions)
        for name, topic in found.items()
        if topic is not None and topic.error is None
    }


def check_partitions(counts: Mapping[str, int], needed: Sequence[str]) -> int:
    """Return the number of partitions that all needed topics have.

    Raises:
        ConfigError: One is missing, or they differ: what belongs to one guest would not meet.
    """
    for name in needed:
        if name not in counts:
            raise ConfigError(f"topic {name!r} does not exist; `pipeline topics create` makes it")
    first = needed[0]
    for name in needed[1:]:
        if counts[name] != counts[first]:
            raise ConfigError(
                f"topic {name!r} has {counts[name]} partitions and {first!r} has {counts[first]}: "
                "all topics need the same number, which is fixed for life"
            )
    return counts[first]


def taken(admin: AdminClient, names: Collection[str]) -> dict[str, Taken]:
    """Ask what records each topic takes; those are absent of which nobody can say.

    An embedded broker cannot.

    Raises:
        ForbiddenError: We may not ask: what is too large would be refused for ever.
    """
    try:
        found = _describe_configs(admin, names, timeout_s=_CAN_ANSWER_S)
    except KafkaException as raised:
        if refused := verdict.forbidden(raised.args[0], "a topic's settings"):
            raise refused from raised
        return {}
    except TimeoutError:
        return {}
    return {
        name: Taken(int(config["max.message.bytes"]), times_of(config))
        for name, config in found.items()
    }


def record_bytes(admin: AdminClient, names: Collection[str]) -> dict[str, int]:
    """Ask for the largest record that each topic takes, as `taken` does."""
    return {name: one.record_bytes for name, one in taken(admin, names).items()}


def keeps_timestamps(admin: AdminClient, name: str) -> bool:
    """Whether a topic leaves records the time that they come with; so they do by default.

    Raises:
        UnavailableError: No broker answered in time.
    """
    try:
        config = _describe_configs(admin, [name])[name]
    except KafkaException as raised:
        raise verdict.of_asking(raised, "a topic could not be described") from raised
    return config.get("message.timestamp.type") != "LogAppendTime"


def planned(topics: TopicSettings, *, partitions: int, source_bytes: int) -> tuple[Topic, ...]:
    """Say which topics are needed, and how.

    Args:
        topics: Their names, and the replication.
        partitions: Of the commerce topics, where they exist already.
        source_bytes: The largest record that a commerce topic takes.
    """
    replicated = topics.replication_factor >= _REPLICAS_FOR_MIN_IN_SYNC
    safe = {"min.insync.replicas": "2"} if replicated else {}
    compacted = {**safe, "cleanup.policy": "compact"}
    limits = {
        topics.guest_states: {**compacted, "max.message.bytes": str(4 * RECORD_BYTES)},
        topics.stream_events: {
            **_deleted_after(safe, topics.stream_events_retention_days),
            "max.message.bytes": str(2 * RECORD_BYTES),
        },
        topics.deliveries: {**compacted, "max.message.bytes": str(4 * RECORD_BYTES)},
        topics.dead_letters: {
            **_deleted_after(safe, topics.dead_letters_retention_days),
            "max.message.bytes": str(source_bytes + LETTER_EXTRA_BYTES),
        },
    }
    sources = dict.fromkeys(topics.commerce, safe)
    return tuple(
        Topic(name, partitions, topics.replication_factor, config)
        for name, config in {**sources, **limits}.items()
    )


def compare(admin: AdminClient, topics: TopicSettings) -> tuple[Difference, ...]:
    """Say how the topics differ from what is needed.

    Raises:
        UnavailableError: No broker answered in time.
    """
    wanted = _wanted(admin, topics)
    found = _found(admin, [topic.name for topic in wanted])
    return tuple(
        difference for topic in wanted for difference in differences(topic, found.get(topic.name))
    )


def differences(wanted: Topic, found: Found | None) -> tuple[Difference, ...]:
    """Say how one topic differs; replication is the cluster's business and not compared."""
    if found is None:
        return (Difference(wanted.name, "topic", "there", "missing"),)
    pairs = [("partitions", str(wanted.partitions), str(found.partitions))]
    pairs += [(key, value, found.config.get(key, "")) for key, value in wanted.config.items()]
    return tuple(
        Difference(wanted.name, key, value, there)
        for key, value, there in pairs
        if not _good_enough(key, value, there)
    )


def create(admin: AdminClient, topics: TopicSettings) -> tuple[str, ...]:
    """Create the topics that are missing, and return their names.

    Raises:
        UnavailableError: No broker answered in time, or one refused.
    """
    wanted = _wanted(admin, topics)
    there = partition_counts(admin, [topic.name for topic in wanted])
    missing = [
        NewTopic(topic.name, topic.partitions, topic.replication, config=dict(topic.config))
        for topic in wanted
        if topic.name not in there
    ]
    futures = admin.create_topics(missing, operation_timeout=_ANSWER_S) if missing else {}
    for name, future in futures.items():
        try:
            future.result(_ANSWER_S)
        except KafkaException as raised:
            raise verdict.of_asking(raised, str(Right(CREATE, Kind.TOPIC, name))) from raised
    names = tuple(topic.topic for topic in missing)
    _wait_until_known(admin, names)
    return names


def _wait_until_known(admin: AdminClient, names: Collection[str]) -> None:
    """Brokers hear of a new topic a moment after it was made; whoever starts next needs it."""
    for _ in range(_KNOWN_TRIES):
        if len(partition_counts(admin, names)) == len(names):
            return
        time.sleep(_KNOWN_WAIT_S)
    raise UnavailableError("the new topics are not known to every broker yet")


def _wanted(admin: AdminClient, topics: TopicSettings) -> tuple[Topic, ...]:
    """The commerce topics are the shop's: where one exists, the others follow it."""
    there = partition_counts(admin, topics.commerce)
    largest = max(record_bytes(admin, topics.commerce).values(), default=RECORD_BYTES)
    partitions = next(iter(there.values()), topics.partitions)
    return planned(topics, partitions=partitions, source_bytes=largest)


def _deleted_after(config: Mapping[str, str], days: float) -> dict[str, str]:
    return {**config, "cleanup.policy": "delete", "retention.ms": str(int(days * _DAY_MS))}


def _good_enough(key: str, wanted: str, found: str) -> bool:
    """Take more than is wanted where more does no harm."""
    if key in {"max.message.bytes", "retention.ms", "min.insync.replicas"} and found:
        return found == "-1" or int(found) >= int(wanted)
    return found == wanted


def _found(admin: AdminClient, names: Collection[str]) -> dict[str, Found]:
    counts = partition_counts(admin, names)
    try:
        configs = _describe_configs(admin, counts)
    except KafkaException as raised:
        raise verdict.of_asking(raised, "topics could not be described") from raised
    return {name: Found(count, configs.get(name, {})) for name, count in counts.items()}


def _describe_configs(
    admin: AdminClient, names: Iterable[str], *, timeout_s: float = _ANSWER_S
) -> dict[str, dict[str, str]]:
    wanted = [ConfigResource(ResourceType.TOPIC, name) for name in names]
    if not wanted:
        return {}
    futures = admin.describe_configs(wanted, request_timeout=timeout_s)
    return {
        resource.name: {key: entry.value for key, entry in future.result(timeout_s).items()}
        for resource, future in futures.items()
    }
