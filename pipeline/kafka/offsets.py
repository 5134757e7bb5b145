"""Questions about offsets: where partitions begin and end, and where a time lies in them."""

from collections.abc import Collection
from contextlib import suppress
from typing import Final

from confluent_kafka import OFFSET_INVALID, IsolationLevel, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from pipeline.errors import UnavailableError
from pipeline.kafka import verdict
from pipeline.record import Instant

_ANSWER_S: Final = 5.0


def list_offsets(
    admin: AdminClient,
    partitions: Collection[tuple[str, int]],
    spec: OffsetSpec,
    isolation: IsolationLevel,
) -> dict[tuple[str, int], int]:
    """Ask for one offset of each partition; -1 where a time lies past the last record.

    Raises:
        UnavailableError: No answer in time.
        FatalKafkaError: The ACLs do not allow to ask.
    """
    wanted = {TopicPartition(topic, number): spec for topic, number in partitions}
    if not wanted:
        return {}
    futures = admin.list_offsets(wanted, isolation_level=isolation, request_timeout=_ANSWER_S)
    try:
        found = {
            (part.topic, part.partition): future.result(_ANSWER_S + 1).offset
            for part, future in futures.items()
        }
    except KafkaException as raised:
        _look_for_leaders(admin)
        raise verdict.of_asking(raised, "offsets could not be asked for") from raised
    except TimeoutError as raised:
        raise UnavailableError("offsets could not be asked for: no answer in time") from raised
    if OFFSET_INVALID in found.values():
        # So librdkafka tells, without an error, that the leader did not answer.
        _look_for_leaders(admin)
        raise UnavailableError("offsets could not be asked for: a leader did not answer")
    return found


def _look_for_leaders(admin: AdminClient) -> None:
    """Ask who leads now: an admin client by itself goes on to ask brokers that led before."""
    with suppress(KafkaException):
        admin.list_topics(timeout=_ANSWER_S)


def published_ends(
    admin: AdminClient, partitions: Collection[tuple[str, int]]
) -> dict[tuple[str, int], int]:
    """One past the last record of each partition, committed or not."""
    return list_offsets(admin, partitions, OffsetSpec.latest(), IsolationLevel.READ_UNCOMMITTED)


def committed_ends(
    admin: AdminClient, partitions: Collection[tuple[str, int]]
) -> dict[tuple[str, int], int]:
    """One past the last record of each partition that no open transaction can still take back."""
    return list_offsets(admin, partitions, OffsetSpec.latest(), IsolationLevel.READ_COMMITTED)


def first_since(
    admin: AdminClient, partitions: Collection[tuple[str, int]], since: Instant | None
) -> dict[tuple[str, int], int]:
    """The first offset not older than an instant; without one, the first that there is.

    Where everything is older, the end.
    """
    everything = IsolationLevel.READ_UNCOMMITTED
    if since is None:
        return list_offsets(admin, partitions, OffsetSpec.earliest(), everything)
    # The ends first: what is published between the two answers is not older.
    ends = published_ends(admin, partitions)
    found = list_offsets(admin, partitions, OffsetSpec.for_timestamp(since), everything)
    return {partition: ends[partition] if at < 0 else at for partition, at in found.items()}
