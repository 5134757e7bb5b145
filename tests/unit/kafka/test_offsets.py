"""Asking for offsets: an answer that is none must not pass for one."""

from collections.abc import Mapping
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import (
    OFFSET_INVALID,
    IsolationLevel,
    KafkaError,
    KafkaException,
    TopicPartition,
)
from confluent_kafka.admin import OffsetSpec

from pipeline.errors import UnavailableError
from pipeline.kafka.offsets import list_offsets
from tests.fakes import Journal


class FakeAdmin:
    """Answers each partition with what is set: an offset, or an error."""

    def __init__(self, journal: Journal, answers: Mapping[int, int | KafkaException]) -> None:
        self._journal = journal
        self._answers = answers

    def list_offsets(
        self, wanted: Mapping[TopicPartition, OffsetSpec], **_: object
    ) -> dict[TopicPartition, Future[Any]]:
        futures = {}
        for part in wanted:
            answer = self._answers[part.partition]
            futures[part] = future = Future[Any]()
            if isinstance(answer, KafkaException):
                future.set_exception(answer)
            else:
                future.set_result(SimpleNamespace(offset=answer))
        return futures

    def list_topics(self, timeout: float) -> None:
        self._journal.note("list_topics")


def ask(
    journal: Journal, answers: Mapping[int, int | KafkaException]
) -> dict[tuple[str, int], int]:
    admin: Any = FakeAdmin(journal, answers)
    wanted = [("states", number) for number in answers]
    return list_offsets(admin, wanted, OffsetSpec.latest(), IsolationLevel.READ_UNCOMMITTED)


def test_a_leader_that_did_not_answer_is_not_taken_for_an_empty_partition() -> None:
    """The client says so by an offset of its own and no error: states would look lost."""
    journal = Journal()

    with pytest.raises(UnavailableError, match="a leader did not answer"):
        ask(journal, {0: 10, 1: OFFSET_INVALID})

    assert journal.effects() == ["list_topics"]


def test_after_a_refusal_the_leaders_are_looked_for() -> None:
    """Otherwise the client asks the broker that led before, for ever."""
    journal = Journal()

    with pytest.raises(UnavailableError):
        ask(journal, {0: KafkaException(KafkaError(KafkaError.FENCED_LEADER_EPOCH))})

    assert journal.effects() == ["list_topics"]


def test_a_time_past_the_last_record_is_an_answer() -> None:
    """Kafka says -1 for it."""
    assert ask(Journal(), {0: -1, 1: 7}) == {("states", 0): -1, ("states", 1): 7}
