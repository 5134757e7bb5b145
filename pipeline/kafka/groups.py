"""Consumer groups: whether we are in one, and leaving it; seen and deleted from outside."""

import contextlib
import sys
import time
from collections.abc import Collection
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from pipeline.errors import StateError, UnavailableError
from pipeline.kafka import verdict
from pipeline.kafka.clients import ClientConfig

UNSUBSCRIBE_S: Final = 10.0
"""Longest wait for a rebalance that must be over before we can leave."""
_TURN_S: Final = 0.02
_ANSWER_S: Final = 15.0
_UNKNOWN: Final = frozenset({KafkaError.GROUP_ID_NOT_FOUND})


_METADATA: Final = b"CGMDv2:"
"""What librdkafka puts before a generation of four bytes, in its own order of bytes."""


def has_nothing_to_hear(consumer: Consumer, protocol: str) -> bool:
    """Whether we are a member whom nobody may ever tell so.

    By the newer protocol a member that is given nothing is not called back: only the epoch, which
    the client keeps where the other protocol has its generation, says that the group knows us.
    """
    return protocol == "consumer" and generation(consumer.consumer_group_metadata()) > 0


def generation(metadata: bytes) -> int:
    """Read the generation, or the epoch, out of what a consumer says of its group; -1: none."""
    start, end = len(_METADATA), len(_METADATA) + 4
    if not metadata.startswith(_METADATA) or len(metadata) < end:
        return -1
    return int.from_bytes(metadata[start:end], sys.byteorder, signed=True)


def leave(consumer: Consumer, config: ClientConfig) -> None:
    """Give up what is ours, tell the group that we leave, and close.

    By the classic protocol a member that has no partitions closes without telling anybody
    (librdkafka up to 2.16.0), and the others' next rebalance waits until its session is over.
    Unsubscribing tells them, once no rebalance is under way; then the client forgets its member
    id. A static member says nothing: it is to be known again.

    Args:
        consumer: Calls back what is given up, within this.
        config: What it was made with.
    """
    if config["group.protocol"] == "classic" and "group.instance.id" not in config:
        # After a fatal error nobody can be told anything.
        with contextlib.suppress(KafkaException):
            _unsubscribe(consumer)
    consumer.close()


def _unsubscribe(consumer: Consumer) -> None:
    consumer.unsubscribe()
    give_up_at = time.monotonic() + UNSUBSCRIBE_S
    while consumer.memberid() and time.monotonic() < give_up_at:
        # Rebalances happen in here; what is read besides is read again by the next owner.
        consumer.consume(1, _TURN_S)


def members(admin: AdminClient, groups: Collection[str]) -> dict[str, int]:
    """Count the live members of groups; one that does not exist has none.

    Raises:
        UnavailableError: No coordinator answered in time.
    """
    asked = admin.describe_consumer_groups(list(groups), request_timeout=_ANSWER_S)
    return {name: len(_members(future)) for name, future in asked.items()}


def delete(admin: AdminClient, groups: Collection[str]) -> None:
    """Delete groups with all their offsets; one that does not exist is deleted already.

    Raises:
        StateError: One has live members.
        UnavailableError: No coordinator answered in time.
    """
    asked = admin.delete_consumer_groups(list(groups), request_timeout=_ANSWER_S)
    for name, future in asked.items():
        try:
            future.result(_ANSWER_S + 1)
        except KafkaException as raised:
            code = raised.args[0].code()
            if code == KafkaError.NON_EMPTY_GROUP:
                raise StateError(f"group {name!r} has live members: stop them first") from raised
            if code not in _UNKNOWN:
                raise verdict.of_asking(raised, "a group could not be deleted") from raised
        except TimeoutError as raised:
            raise UnavailableError("a group could not be deleted: no answer in time") from raised


def _members(future: Any) -> Collection[object]:
    try:
        found: Collection[object] = future.result(_ANSWER_S + 1).members
    except KafkaException as raised:
        if raised.args[0].code() in _UNKNOWN:
            return ()
        raise verdict.of_asking(raised, "members could not be counted") from raised
    except TimeoutError as raised:
        raise UnavailableError("members could not be counted: no answer in time") from raised
    return found
