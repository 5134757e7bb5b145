"""Whether Kafka lets this client do what a part of the program needs, and what it lacks if not."""

from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any, Final, TypeAlias

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient

from pipeline.config import KafkaSettings, Settings
from pipeline.errors import (
    FatalKafkaError,
    FencedError,
    ForbiddenError,
    PipelineError,
    TransactionError,
    UnavailableError,
)
from pipeline.kafka.clients import admin_config
from pipeline.kafka.rights import Kind, Operation, Right, needed

_ANSWER_S: Final = 3.0
"""An embedded broker stays silent to what it does not know."""
_WAY_OUT: Final = "`pipeline topics --acls` says which rights each part needs, and grants them"
_DENIED: Final = frozenset(
    {KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.GROUP_AUTHORIZATION_FAILED}
)
_TELLING: Final = frozenset({Operation.READ, Operation.WRITE, Operation.DELETE, Operation.DESCRIBE})
"""Who has one of these may also be told what else is allowed."""
_Place: TypeAlias = tuple[Kind, str]
_Allowed: TypeAlias = Mapping[_Place, frozenset[Operation] | None]
"""What may be done, by place; None: surely nothing of `_TELLING`. Absent: nobody says."""


def lacking(admin: AdminClient, rights: Collection[Right]) -> tuple[Right, ...]:
    """Find those rights that this client surely lacks.

    Those of which nobody can tell are not among them: of transactional ids, of topics and groups
    that do not exist, and of everything where the broker does not answer.
    """
    allowed = _allowed(admin, Kind.TOPIC, rights)
    if allowed:
        # A broker that cannot tell of topics would only keep us waiting for groups.
        allowed = {**allowed, **_allowed(admin, Kind.GROUP, rights)}
    return tuple(right for right in rights if _is_lacking(right, allowed))


def is_asked_for(kafka: KafkaSettings) -> bool:
    """Whether brokers can know this client, and so may refuse it what they allow others."""
    return str(kafka.client.get("security.protocol", "plaintext")).lower() != "plaintext"


def check(settings: Settings, part: str) -> None:
    """See that a part has its rights, as far as the broker tells.

    Raises:
        ForbiddenError: It lacks some; each is named.
    """
    lacks = lacking(AdminClient(admin_config(settings.kafka)), needed(settings)[part])
    if lacks:
        head = f"Kafka does not allow {part} what it needs:"
        raise ForbiddenError("\n".join([head, *_said(settings.kafka, "lacks", lacks), _WAY_OUT]))


@contextmanager
def named(settings: Settings, part: str) -> Iterator[None]:
    """Name the rights that a part lacks, where that may be why it has failed.

    Raises:
        ForbiddenError: In place of what was raised inside.
    """
    try:
        yield
    except (FatalKafkaError, UnavailableError) as error:
        if not _may_be_forbidden(error):
            raise
        lines = _lines(settings, part, error)
        if not lines:
            raise
        raise ForbiddenError("\n".join([str(error), *lines, _WAY_OUT])) from error


def _may_be_forbidden(error: FatalKafkaError | UnavailableError) -> bool:
    """Whether it is worth asking: a transaction that fails does not always say why."""
    if isinstance(error, UnavailableError):
        return isinstance(error.__cause__, TransactionError)
    return not isinstance(error, FencedError)


def _lines(settings: Settings, part: str, error: PipelineError) -> list[str]:
    rights = needed(settings).get(part, ())
    lacks = lacking(AdminClient(admin_config(settings.kafka)), rights)
    if lacks:
        return _said(settings.kafka, "lacks", lacks)
    return _said(settings.kafka, "needs", _meant(error, rights))


def _meant(error: PipelineError, rights: Collection[Right]) -> list[Right]:
    """Find what an error is about of which no broker tells: of that kind, and named, if one is."""
    kind = error.kind if isinstance(error, ForbiddenError) else None
    of_kind = [right for right in rights if right.kind == kind and kind != Kind.TOPIC]
    return [right for right in of_kind if right.name in str(error)] or of_kind


def _said(kafka: KafkaSettings, verb: str, rights: Collection[Right]) -> list[str]:
    user = kafka.client.get("sasl.username")
    who = "this client" if user is None else f"User:{user}"
    return [f"{who} {verb} {right}" for right in rights]


def _is_lacking(right: Right, allowed: _Allowed) -> bool:
    place = (right.kind, right.name)
    if place not in allowed:
        return False
    found = allowed[place]
    return right.operation in _TELLING if found is None else right.operation not in found


def _ask(admin: AdminClient, kind: Kind, names: list[str]) -> Mapping[str, Future[Any]]:
    asked: Mapping[str, Future[Any]]
    if kind is Kind.TOPIC:
        asked = admin.describe_topics(
            TopicCollection(names), include_authorized_operations=True, request_timeout=_ANSWER_S
        )
    else:
        asked = admin.describe_consumer_groups(
            names, include_authorized_operations=True, request_timeout=_ANSWER_S
        )
    return asked


def _allowed(admin: AdminClient, kind: Kind, rights: Collection[Right]) -> _Allowed:
    asked = list(dict.fromkeys(right.name for right in rights if right.kind is kind))
    allowed: dict[_Place, frozenset[Operation] | None] = {}
    for name, future in (_ask(admin, kind, asked) if asked else {}).items():
        try:
            found = future.result(_ANSWER_S + 1).authorized_operations
        except KafkaException as raised:
            if raised.args[0].code() in _DENIED:
                allowed[kind, name] = None
        except TimeoutError:
            continue
        else:
            if found is not None:
                names = {one.name for one in found}
                allowed[kind, name] = frozenset(one for one in Operation if one.name in names)
    return allowed
