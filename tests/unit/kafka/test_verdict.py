"""What errors of Kafka mean."""

import pytest
from confluent_kafka import KafkaError, KafkaException

from pipeline.errors import (
    FatalKafkaError,
    FencedError,
    ForbiddenError,
    NoVerdictError,
    TransactionError,
    UnavailableError,
)
from pipeline.kafka import verdict
from pipeline.kafka.rights import Kind


def _raised(code: int, *, fatal: bool = False, requires_abort: bool = False) -> KafkaException:
    error = KafkaError(code, "as the test says", fatal=fatal, txn_requires_abort=requires_abort)
    return KafkaException(error)


@pytest.mark.parametrize("committing", [True, False])
@pytest.mark.parametrize("code", [KafkaError._FENCED, KafkaError.INVALID_PRODUCER_EPOCH])
def test_a_fenced_producer_is_the_end(code: int, committing: bool) -> None:
    """Another one has our transactional id: to open it again would fence that one."""
    judged = verdict.of_transaction(_raised(code, fatal=True), committing=committing)

    assert isinstance(judged, FencedError)


@pytest.mark.parametrize("code", [KafkaError._TIMED_OUT, KafkaError._TRANSPORT, KafkaError._STATE])
@pytest.mark.parametrize("requires_abort", [True, False])
def test_a_commit_that_failed_may_have_been_kept(code: int, requires_abort: bool) -> None:
    """Even an error that asks for an abort comes when the broker has committed already."""
    raised = _raised(code, requires_abort=requires_abort)

    assert isinstance(verdict.of_transaction(raised, committing=True), NoVerdictError)


def test_before_the_commit_nothing_is_kept() -> None:
    """Then an abort is enough."""
    judged = verdict.of_transaction(_raised(KafkaError._TIMED_OUT), committing=False)

    assert type(judged) is TransactionError


def test_a_producer_that_is_broken_is_replaced() -> None:
    """A fatal error that is no fencing is the client's own confusion."""
    raised = _raised(KafkaError.INVALID_TXN_STATE, fatal=True)

    assert isinstance(verdict.of_transaction(raised, committing=False), NoVerdictError)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (KafkaError.TOPIC_AUTHORIZATION_FAILED, Kind.TOPIC),
        (KafkaError.GROUP_AUTHORIZATION_FAILED, Kind.GROUP),
        (KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED, Kind.TRANSACTIONAL_ID),
        (KafkaError.CLUSTER_AUTHORIZATION_FAILED, None),
    ],
)
def test_what_is_forbidden_is_not_tried_for_ever(code: int, kind: Kind | None) -> None:
    """A worker without its ACLs looks healthy and does nothing."""
    for judged in (
        verdict.of_transaction(_raised(code), committing=False),
        verdict.of_transaction(_raised(code), committing=True),
        verdict.of_asking(_raised(code), "offsets"),
        verdict.of_reading(KafkaError(code)),
        verdict.of_ending(_raised(code)),
    ):
        assert isinstance(judged, ForbiddenError)
        assert (judged.kind, judged.exit_code) == (kind, 77)


def test_records_deleted_unread_end_the_process() -> None:
    """To read on at the next record that there is would lose orders in silence: a start counts."""
    judged = verdict.of_reading(KafkaError(KafkaError._AUTO_OFFSET_RESET, "out of range"))

    assert isinstance(judged, FatalKafkaError)


def test_a_consumer_that_was_ended_is_the_end() -> None:
    """The client would stay silent for ever: a second worker of the same name has joined."""
    told = KafkaError(KafkaError._FATAL, "static consumer fenced")

    assert not told.fatal()
    assert isinstance(verdict.of_reading(told), FatalKafkaError)


@pytest.mark.parametrize("code", [KafkaError._TRANSPORT, KafkaError._MAX_POLL_EXCEEDED])
def test_what_passes_by_itself_is_let_pass(code: int) -> None:
    """The client connects and joins again by itself."""
    assert verdict.of_reading(KafkaError(code)) is None


def test_nobody_answers_and_is_asked_again() -> None:
    """A broker that restarts is back in a minute."""
    judged = verdict.of_asking(_raised(KafkaError._TIMED_OUT), "offsets")

    assert isinstance(judged, UnavailableError)
    assert "offsets" in str(judged)
