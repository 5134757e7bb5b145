"""What an error of Kafka means for us."""

from typing import Final

from confluent_kafka import KafkaError, KafkaException

from pipeline.errors import (
    FatalKafkaError,
    FencedError,
    ForbiddenError,
    NoVerdictError,
    PipelineError,
    TransactionError,
    UnavailableError,
)
from pipeline.kafka.rights import Kind

_FENCED: Final = frozenset(
    {
        KafkaError._FENCED,
        KafkaError.PRODUCER_FENCED,
        KafkaError.INVALID_PRODUCER_EPOCH,
        KafkaError.FENCED_INSTANCE_ID,
    }
)
_FORBIDDEN: Final = {
    KafkaError.TOPIC_AUTHORIZATION_FAILED: Kind.TOPIC,
    KafkaError.GROUP_AUTHORIZATION_FAILED: Kind.GROUP,
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED: Kind.TRANSACTIONAL_ID,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED: None,
}
"""On what something is not allowed, by the code that says so."""


def of_transaction(raised: KafkaException, *, committing: bool) -> PipelineError:
    """Judge an error of a transactional call.

    Args:
        raised: What the call raised.
        committing: Whether a commit was under way. Then only success is a clear answer:
            the client may report failure for what the broker has kept.
    """
    error = _error(raised)
    ended = _ended(error)
    if ended is not None:
        return ended
    if committing or error.fatal():
        return NoVerdictError(str(error))
    return TransactionError(str(error))


def of_reading(error: KafkaError) -> PipelineError | None:
    """Judge an error that came in place of a record; None: it passes by itself."""
    if error.code() == KafkaError._AUTO_OFFSET_RESET:
        return FatalKafkaError(
            f"the next record to read is not there ({error.str()}): the next start finds out why"
        )
    # A consumer that is ended says so by this code alone, not by the mark that producers set.
    is_fatal = error.fatal() or error.code() == KafkaError._FATAL
    return _ended(error) or (FatalKafkaError(str(error)) if is_fatal else None)


def of_asking(raised: KafkaException, what: str) -> PipelineError:
    """Judge an error of a question, such as for offsets."""
    error = _error(raised)
    return forbidden(error, what) or _ended(error) or UnavailableError(f"{what}: {error.str()}")


def forbidden(error: object, what: str = "") -> ForbiddenError | None:
    """Judge whether an error says that a right is missing; None: it says something else, or none.

    Args:
        error: A client's error, or whatever else came in its place.
        what: What was tried, in words.
    """
    if not isinstance(error, KafkaError) or error.code() not in _FORBIDDEN:
        return None
    before = f"{what}: " if what else ""
    return ForbiddenError(
        f"{before}Kafka does not allow it: {error.str()}", _FORBIDDEN[error.code()]
    )


def of_ending(raised: KafkaException) -> FatalKafkaError:
    """Judge what ended a client or one of its threads."""
    return forbidden(_error(raised)) or FatalKafkaError(str(raised))


def _ended(error: KafkaError) -> PipelineError | None:
    if error.code() in _FENCED:
        return FencedError(f"another member has taken over, or we were too slow: {error}")
    return forbidden(error)


def _error(raised: KafkaException) -> KafkaError:
    error = raised.args[0]
    assert isinstance(error, KafkaError)  # noqa: S101 — every KafkaException carries one
    return error
