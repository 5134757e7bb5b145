"""The rights in Kafka that each part of the program needs, and no others."""

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from pipeline.config import RekeySettings, Settings, TopicSettings


class Operation(StrEnum):
    """What is done; Kafka's own words. Read, Write and Delete bring Describe along."""

    READ = "Read"
    WRITE = "Write"
    CREATE = "Create"
    DELETE = "Delete"
    DESCRIBE = "Describe"
    DESCRIBE_CONFIGS = "DescribeConfigs"


class Kind(StrEnum):
    """What it is done to."""

    TOPIC = "topic"
    GROUP = "group"
    TRANSACTIONAL_ID = "transactional id"


class Right(NamedTuple):
    """One operation on one resource, or on all whose names begin alike."""

    operation: Operation
    kind: Kind
    name: str
    prefixed: bool = False

    def __str__(self) -> str:
        return f"{self.operation} on {self.kind} {self.name}{'*' * self.prefixed}"


READ, WRITE, CREATE, DELETE, DESCRIBE, DESCRIBE_CONFIGS = Operation

PARTS: Final[Mapping[str, str]] = {
    "assemble": "`pipeline run assemble`",
    "deliver": "`pipeline run deliver`",
    "rekey": "`pipeline run rekey`",
    "publish": "shops, and `pipeline publish`",
    "topics": "`pipeline topics create` and `compare`, `pipeline check`, the chart's setup Job",
    "operate": "`pipeline guest`, `erase`, `dead-letters` and `reset`",
}
"""What each part is, by its name."""


def needed(settings: Settings) -> dict[str, tuple[Right, ...]]:
    """Say what each part needs; rekey is absent where it is not set up."""
    topics, application, rekey = settings.topics, settings.application, settings.rekey
    found = {
        "assemble": _assemble(topics, f"{application}-assemble"),
        "deliver": _deliver(topics, f"{application}-deliver"),
        "rekey": _rekey(topics, f"{application}-rekey", rekey) if rekey else (),
        "publish": _on(_published(settings), WRITE),
        "topics": _on(topics.names(), CREATE, DESCRIBE, DESCRIBE_CONFIGS),
        "operate": _operate(settings),
    }
    return {part: rights for part in PARTS if (rights := tuple(found[part]))}


def _assemble(topics: TopicSettings, group: str) -> Iterator[Right]:
    yield from _on(topics.commerce, READ)
    yield from _on([topics.guest_states], READ, WRITE, DESCRIBE_CONFIGS)
    yield from _on([topics.stream_events, topics.dead_letters], WRITE, DESCRIBE_CONFIGS)
    yield from _as_member(group)


def _deliver(topics: TopicSettings, group: str) -> Iterator[Right]:
    yield from _on([topics.stream_events], READ)
    yield from _on([topics.deliveries], READ, WRITE)
    yield from _on([topics.dead_letters], WRITE, DESCRIBE_CONFIGS)
    yield Right(READ, Kind.GROUP, group)


def _rekey(topics: TopicSettings, group: str, rekey: RekeySettings) -> Iterator[Right]:
    yield from _on(rekey.sources, READ)
    yield from _on([rekey.target, topics.dead_letters], WRITE, DESCRIBE_CONFIGS)
    yield from _as_member(group)


def _operate(settings: Settings) -> Iterator[Right]:
    topics, application = settings.topics, settings.application
    # A reset commits offsets of the commerce topics, and a replay writes where a record lay.
    yield from _on(topics.commerce, READ, WRITE, DESCRIBE_CONFIGS)
    if settings.rekey is not None:
        yield from _on(settings.rekey.sources, WRITE, DESCRIBE_CONFIGS)
    yield from _on([topics.guest_states], READ, WRITE)
    yield from _on([topics.stream_events], READ, WRITE, DELETE, DESCRIBE_CONFIGS)
    yield from _on([topics.deliveries, topics.dead_letters], READ, WRITE)
    yield Right(READ, Kind.GROUP, f"{application}-assemble")
    yield Right(DELETE, Kind.GROUP, f"{application}-assemble")
    yield Right(DELETE, Kind.GROUP, f"{application}-deliver")
    for name in ("dead-letters", "guest", "reset"):
        yield Right(DESCRIBE, Kind.GROUP, f"{application}-{name}")
    for name in ("replay", "reset"):
        yield Right(WRITE, Kind.TRANSACTIONAL_ID, f"{application}-{name}")


def _as_member(group: str) -> Iterator[Right]:
    """Say what a member needs whose offsets are part of its transactions."""
    yield Right(READ, Kind.GROUP, group)
    # Each instance has an id of its own.
    yield Right(WRITE, Kind.TRANSACTIONAL_ID, f"{group}-", prefixed=True)


def _published(settings: Settings) -> tuple[str, ...]:
    return (*settings.topics.commerce, *(settings.rekey.sources if settings.rekey else ()))


def _on(names: Iterable[str], *operations: Operation) -> Iterator[Right]:
    for name in names:
        for operation in operations:
            yield Right(operation, Kind.TOPIC, name)
