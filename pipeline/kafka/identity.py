"""Which topics we read: their ids and partition counts, remembered and looked at again."""

import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future
from typing import Any, Final, NamedTuple

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient

from pipeline.errors import StateError, UnavailableError
from pipeline.kafka import verdict

EVERY_S: Final = 10.0
_ANSWER_S: Final = 10.0
_GONE_MAX: Final = 2
"""A broker that has just started may not know a topic yet: that is believed the second time."""


class Identity(NamedTuple):
    """What makes a topic the one that it was."""

    topic_id: str
    """Kafka's: a topic that is deleted and made again has another one."""
    partitions: int


def identities(admin: AdminClient, names: Collection[str]) -> dict[str, Identity]:
    """Ask which topics bear these names; those that do not exist are absent.

    Raises:
        UnavailableError: No broker answered in time.
    """
    try:
        return _answers(_ask(admin, names))
    except UnavailableError:
        admin.poll(0)  # a client tells the reason, such as a wrong password, only here
        raise


def changed(before: Mapping[str, Identity], now: Mapping[str, Identity]) -> str | None:
    """Say why topics are not those that they were; None: they are.

    Args:
        before: By name; nothing else is compared.
        now: By name; what is absent has been deleted.
    """
    for name, was in before.items():
        found = now.get(name)
        if found is None:
            return f"topic {name!r} of id {was.topic_id} was deleted: {_WAY_OUT}"
        if found.topic_id != was.topic_id:
            return (
                f"topic {name!r} was made again: it had id {was.topic_id} and now has "
                f"{found.topic_id}: {_WAY_OUT}"
            )
        if found.partitions != was.partitions:
            return (
                f"topic {name!r} had {was.partitions} partitions and now has {found.partitions}: "
                "guests have moved to others, away from what is known of them; publish to a new "
                "topic with the count that it is to have, and `pipeline reset`"
            )
    return None


class Watch:
    """Looks now and then whether topics are still the same, without ever waiting."""

    def __init__(
        self, admin: AdminClient, *, elapsed_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._admin = admin
        self._elapsed_s = elapsed_s
        self._known: Mapping[str, Identity] = {}
        self._asked: dict[str, Future[Any]] = {}
        self._ask_at = 0.0
        self._gone = 0

    def begin(self, known: Mapping[str, Identity]) -> None:
        """Compare with these from now on; with nothing, where no broker can tell."""
        self._known = known
        self._ask_at = self._elapsed_s() + EVERY_S

    def turned(self) -> None:
        """Ask when it is time, and judge what was answered.

        Raises:
            StateError: A topic was deleted, made again, or has another number of partitions.
        """
        if self._asked and all(one.done() for one in self._asked.values()):
            asked, self._asked = self._asked, {}
            self._judge(asked)
        elif not self._asked and self._known and self._elapsed_s() >= self._ask_at:
            self._ask_at = self._elapsed_s() + EVERY_S
            self._asked = _ask(self._admin, self._known)

    def _judge(self, asked: Mapping[str, Future[Any]]) -> None:
        try:
            found = _answers(asked)
        except UnavailableError:
            return
        self._gone = 0 if found.keys() >= self._known.keys() else self._gone + 1
        there = self._known if self._gone >= _GONE_MAX else self._known.keys() & found.keys()
        why = changed({name: self._known[name] for name in there}, found)
        if why is not None:
            raise StateError(why)


_WAY_OUT: Final = (
    "offsets and guests belong to the one that was; `pipeline reset` begins anew with what is there"
)


def _ask(admin: AdminClient, names: Collection[str]) -> dict[str, Future[Any]]:
    asked: dict[str, Future[Any]] = {}
    if names:
        collection = TopicCollection(list(names))
        asked = admin.describe_topics(collection, request_timeout=_ANSWER_S)
    return asked


def _answers(asked: Mapping[str, Future[Any]]) -> dict[str, Identity]:
    found: dict[str, Identity] = {}
    for name, future in asked.items():
        try:
            told = future.result(_ANSWER_S + 1)
        except KafkaException as raised:
            if raised.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                raise verdict.of_asking(raised, "topics could not be described") from raised
        except TimeoutError as raised:
            raise UnavailableError("topics could not be described: no answer in time") from raised
        else:
            found[name] = Identity(str(told.topic_id), len(told.partitions))
    return found
