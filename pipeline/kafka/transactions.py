"""A transactional producer that can be replaced when it does not know what it did."""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeAlias, TypeVar
from uuid import uuid4

from confluent_kafka import KafkaException, Producer, TopicPartition

from pipeline.errors import NoVerdictError, TransactionError, UnavailableError
from pipeline.kafka import verdict
from pipeline.kafka.bounded import Bounded
from pipeline.kafka.clients import TRANSACTION_TIMEOUT_S, ClientConfig
from pipeline.kafka.entries import Write

_OPEN_S: Final = 20.0
_SEND_S: Final = 10.0
_COMMIT_S: Final = TRANSACTION_TIMEOUT_S + 2
"""Longer than the transaction may live; without a limit a lost broker would hold us for ever."""
_GRACE_S: Final = 2.0
_ROOM_S: Final = 5.0

_Part = TypeVar("_Part", bound=tuple[str, int])

GroupMetadata: TypeAlias = Any
"""What the consumer says of its membership; opaque."""


class Transactions:
    """Writes records and offsets together or not at all."""

    def __init__(
        self,
        config: ClientConfig,
        *,
        make: Callable[[ClientConfig], Producer] = Producer,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._config = config
        self._make = make
        self._clock = clock
        self._producer: Producer | None = None
        self._bounded = Bounded()
        self.session = ""
        """Names the present producer; never the same twice."""

    def open(self) -> None:
        """Take over the transactional id: whatever an earlier producer left open is ended.

        Raises:
            FencedError: Another one took it over in the same moment.
            UnavailableError: No coordinator answered in time; calling again is right.
        """
        self.close()
        self._producer = self._make(dict(self._config))
        self.session = uuid4().hex
        try:
            self._producer.init_transactions(_OPEN_S)
        except KafkaException as raised:
            name = self._config["transactional.id"]
            raise verdict.of_asking(raised, f"{name} cannot begin transactions") from raised

    def begin(self) -> None:
        """Begin a transaction."""
        try:
            self._open.begin_transaction()
        except KafkaException as raised:
            raise verdict.of_transaction(raised, committing=False) from raised

    def produce(self, writes: Iterable[Write]) -> None:
        """Write records in order.

        Raises:
            TransactionError: One cannot be written.
        """
        for write in writes:
            try:
                self._produce(write)
            except BufferError:
                self._wait_for_room(write)
            except KafkaException as raised:
                raise verdict.of_transaction(raised, committing=False) from raised

    def send_offsets(
        self, offsets: Mapping[_Part, int], *, mark: str, group: GroupMetadata
    ) -> None:
        """Add the next offsets to read, and leave *mark* with them.

        Raises:
            NoVerdictError: The client did not come back from it: replace the producer.
        """
        parts = [
            TopicPartition(topic, partition, offset, mark)
            for (topic, partition), offset in offsets.items()
        ]
        try:
            self._bounded.call(lambda: self._send(parts, group), _SEND_S + _GRACE_S)
        except KafkaException as raised:
            raise verdict.of_transaction(raised, committing=False) from raised
        except TimeoutError as raised:
            raise NoVerdictError(f"the client hangs while it sends offsets: {raised}") from raised

    def commit(self) -> None:
        """Keep it all.

        Raises:
            NoVerdictError: Whether it was kept is not known.
        """
        try:
            self._open.commit_transaction(_COMMIT_S)
        except KafkaException as raised:
            raise verdict.of_transaction(raised, committing=True) from raised

    def abort(self) -> None:
        """Keep nothing of it.

        Raises:
            TransactionError: The producer is of no more use.
        """
        try:
            self._open.abort_transaction(_SEND_S)
        except KafkaException as raised:
            raise verdict.of_transaction(raised, committing=False) from raised

    def close(self) -> None:
        """Let go of the producer at once, with whatever it has under way.

        Its own `close` would first abort, and wait for ever for a broker that does
        not answer, or raise. Whoever opens the id next ends what is open. So nothing
        but this object may refer to it, not even a frame of a raised exception.
        """
        self._producer = None

    @property
    def _open(self) -> Producer:
        if self._producer is None:
            raise UnavailableError("the transactional producer is not open")
        return self._producer

    def _wait_for_room(self, write: Write) -> None:
        """Write one record once the client's queue has room."""
        give_up_at = self._clock() + _ROOM_S
        while self._clock() < give_up_at:
            self._open.poll(0.05)
            try:
                return self._produce(write)
            except BufferError:
                continue
        raise TransactionError(f"Kafka takes no more records of {write.topic}")

    def _send(self, parts: list[TopicPartition], group: GroupMetadata) -> None:
        self._open.send_offsets_to_transaction(parts, group, _SEND_S)

    def _produce(self, write: Write) -> None:
        at: dict[str, Any] = {} if write.timestamp is None else {"timestamp": write.timestamp}
        self._open.produce(
            write.topic,
            value=write.value,
            key=write.key,
            partition=write.partition,
            headers=list(write.headers) if write.headers else None,
            **at,
        )
