"""Events onto the commerce topic, each line's fate known."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any, Protocol, TypeAlias

from confluent_kafka import KafkaException

from pipeline.commerce.encode import encode, schema_of
from pipeline.commerce.events import (
    CommerceEvent,
    OrderCancelled,
    OrderChanged,
    OrderPlaced,
    OrderRefunded,
)
from pipeline.commerce.ndjson import NumberedEvent
from pipeline.commerce.schemas import Schema
from pipeline.errors import ConfigError, DataError, ForbiddenError, UnavailableError
from pipeline.kafka import verdict
from pipeline.record import Instant

CONNECT_S = 10.0
"""How long a broker may take to answer at all."""

MESSAGE_TIMEOUT_S = 30.0
"""How long Kafka may take to acknowledge an event before publishing fails."""


Report: TypeAlias = Callable[[Any, Any], None]
"""Called with an error or None, and the message, once Kafka has answered."""


class Producer(Protocol):
    """As much of the Kafka client's producer as publishing needs."""

    def produce(self, topic: str, *, key: bytes, value: bytes, on_delivery: Report) -> None:
        """Queue a message; raises BufferError while the queue is full, or KafkaException."""

    def poll(self, timeout: float, /) -> int:
        """Wait for delivery reports."""

    def flush(self, timeout: float, /) -> int:
        """Wait until nothing is queued; gives how many still are."""


class Publisher:
    """Publishes events keyed by guest, and counts those that Kafka has acknowledged."""

    def __init__(
        self,
        producer: Producer,
        topic: str,
        schema_id: Callable[[Schema], int | None] | None = None,
    ) -> None:
        """Frame as Confluent does if *schema_id* knows the registry's ids, else by fingerprint."""
        self._producer = producer
        self._topic = topic
        self._schema_id = schema_id
        self._ids: dict[str, int] = {}
        self._failed: str | None = None
        self._refused: ForbiddenError | None = None
        self.published = 0
        """Events that Kafka has acknowledged."""

    def publish(self, events: Iterator[NumberedEvent]) -> int:
        """Publish until the end or the first refusal, and wait for every acknowledgement.

        Raises:
            DataError: a line is refused; what stands before it is published.
            UnavailableError: Kafka did not acknowledge an event.
            ForbiddenError: It may not be published.
            ConfigError: a schema is not registered.
        """
        try:
            for numbered in events:
                self._send(numbered)
                if self._failed is not None:
                    break
        except (DataError, ConfigError, UnavailableError) as error:
            self._settle()
            kept = f"{self.published} events before it were published"
            raise type(error)(f"{error}\n{kept}") from None
        self._settle()
        return self.published

    def _send(self, numbered: NumberedEvent) -> None:
        key, value = numbered.event.guest_id.encode(), self._encoded(numbered)
        report = self._report(numbered.line)
        while self._failed is None:
            try:
                self._producer.produce(self._topic, key=key, value=value, on_delivery=report)
            except BufferError:
                self._producer.poll(0.1)
            except KafkaException as error:
                report(error, None)
            else:
                self._producer.poll(0)
                return

    def _encoded(self, numbered: NumberedEvent) -> bytes:
        try:
            return encode(numbered.event, self._id_of(numbered.event))
        except ValueError as error:
            raise DataError(f"line {numbered.line}: {error}") from None

    def _id_of(self, event: CommerceEvent) -> int | None:
        if self._schema_id is None:
            return None
        name = type(event).__name__
        if name not in self._ids:
            schema = schema_of(name)
            found = self._schema_id(schema)
            if found is None:
                raise ConfigError(
                    f"{schema.name} is not registered as it is here: `pipeline schemas register`"
                )
            self._ids[name] = found
        return self._ids[name]

    def _report(self, line: int) -> Report:
        def report(error: Any, _message: Any) -> None:
            if error is None:
                self.published += 1
            elif self._failed is None:
                self._failed = f"line {line} was not acknowledged: {error}"
                self._refused = verdict.forbidden(error, f"line {line}")

        return report

    def _settle(self) -> None:
        left = self._producer.flush(MESSAGE_TIMEOUT_S + 5)
        if self._failed is None and left:
            self._failed = f"{left} events were not acknowledged"
        if self._refused is not None:
            raise self._refused
        if self._failed is not None:
            raise UnavailableError(f"{self._failed}; {self.published} events were published")


def ending_at(events: Iterable[NumberedEvent], now: Instant) -> Iterator[NumberedEvent]:
    """Move all instants alike, so that the last event happens *now*: old examples come alive.

    Raises:
        DataError: a line is refused; nothing is given before all are read.
    """
    read = list(events)
    by_ms = now - max((event.occurred_at for _, event in read), default=now)
    for line, event in read:
        occurred_at = Instant(event.occurred_at + by_ms)
        match event:
            case OrderPlaced() | OrderChanged() | OrderCancelled() | OrderRefunded():
                ordered_at = Instant(event.ordered_at + by_ms)
                moved = replace(event, occurred_at=occurred_at, ordered_at=ordered_at)
                yield NumberedEvent(line, moved)
            case _:
                yield NumberedEvent(line, replace(event, occurred_at=occurred_at))
