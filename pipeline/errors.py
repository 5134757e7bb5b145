"""Everything the pipeline raises, and the exit code each ends a process with.

PipelineError                 70  a fault of ours
├── UsageError                64  the command line does not make sense
├── DataError                 65  a file that the user gave cannot be read as what it should be
├── UnavailableError          69  an outside system does not answer
├── ConfigError               78  stop before consuming: the settings are wrong
├── StateError                76  offsets, state and topics contradict each other: `reset` decides
│   └── UnknownSchema         76  our own topic holds what a newer release wrote
├── FatalKafkaError           75  Kafka ended this client: exit and be restarted
│   ├── FencedError           75  another member owns our work
│   └── ForbiddenError        77  Kafka does not allow it: a right is missing
├── TransactionError              nothing of this transaction was kept: undo and try again
│   └── NoVerdictError            whether it was kept is not known: ask Kafka, never guess
└── RecordError                   this record only: set it aside
"""

from enum import StrEnum
from typing import ClassVar


class PipelineError(Exception):
    """Anything that the pipeline raises on purpose."""

    exit_code: ClassVar[int] = 70


class UsageError(PipelineError):
    """The command line does not make sense."""

    exit_code = 64


class DataError(PipelineError):
    """A file that the user gave cannot be read as what it should be."""

    exit_code = 65


class UnavailableError(PipelineError):
    """An outside system does not answer."""

    exit_code = 69


class ConfigError(PipelineError):
    """The settings are wrong: stop before consuming."""

    exit_code = 78


class StateError(PipelineError):
    """Offsets, state and topics contradict each other; only a person can say which is right."""

    exit_code = 76


class UnknownSchema(StateError):  # noqa: N818 — what it is, not that it is an error
    """What is owed was written by a newer release: going on would lose it, so the worker stops."""


class FatalKafkaError(PipelineError):
    """Kafka ended this client: the process must end and be restarted."""

    exit_code = 75


class FencedError(FatalKafkaError):
    """Another member owns our work."""


class ForbiddenError(FatalKafkaError):
    """Kafka does not allow it: trying again changes nothing until somebody grants the right."""

    exit_code = 77

    def __init__(self, detail: str, kind: str | None = None) -> None:
        """Take in *kind* what it is not allowed on, where Kafka says so: `topic`, for example."""
        super().__init__(detail)
        self.kind = kind


class TransactionError(PipelineError):
    """Nothing of this transaction was kept: undo, and try again."""


class NoVerdictError(TransactionError):
    """Whether this transaction was kept is not known: ask Kafka, never guess."""


class Unreadable(StrEnum):
    """Why a record cannot be read: the fixed reasons of undecodable dead letters."""

    TOMBSTONE = "tombstone"
    FRAMING = "framing"
    UNKNOWN_SCHEMA = "unknown_schema"
    UNKNOWN_EVENT = "unknown_event"
    TRUNCATED = "truncated"
    MALFORMED = "malformed"
    INVALID_FIELD = "invalid_field"
    FOREIGN_KEY = "foreign_key"
    OVERSIZED = "oversized"


class RecordError(PipelineError):
    """One record cannot be processed, now or later.

    *reason* is a label value; *field* and *found* say where, without personal data.
    """

    def __init__(self, reason: Unreadable, detail: str, field: str = "") -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.field = field
