"""The client library's administrator on the model."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from confluent_kafka import (
    OFFSET_INVALID,
    IsolationLevel,
    KafkaError,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import OffsetSpec

from pipeline.assemble.log import Input
from tests.simulation.broker import Broker
from tests.simulation.stage import Stage
from tests.simulation.transactions import refusal


class _Answer:
    """One partition's offset, or that nobody said."""

    def __init__(self, offset: int | None) -> None:
        self._offset = offset

    @property
    def offset(self) -> int:
        """What was asked for."""
        assert self._offset is not None
        return self._offset

    def result(self, timeout_s: float) -> "_Answer":
        """Wait for it."""
        if self._offset is None:
            raise refusal(KafkaError._TIMED_OUT, "no answer")
        return self


@dataclass(frozen=True, slots=True)
class _Described:
    """One topic as it is now, or that nobody said."""

    topic_id: str
    """Empty: nobody said."""
    partitions: tuple[int, ...]

    def done(self) -> bool:
        """Whether it is known."""
        return True

    def result(self, timeout_s: float) -> "_Described":
        """Wait for it."""
        if not self.topic_id:
            raise refusal(KafkaError._TIMED_OUT, "no answer")
        return self


class SimAdmin:
    """Answers where partitions begin and end."""

    def __init__(self, broker: Broker, stage: Stage) -> None:
        self._broker = broker
        self._stage = stage

    def poll(self, _timeout_s: float) -> int:
        """Hear what the client complains of: nothing."""
        return 0

    def list_offsets(
        self,
        wanted: Mapping[TopicPartition, Any],
        *,
        isolation_level: IsolationLevel,
        request_timeout: float,
    ) -> dict[TopicPartition, _Answer]:
        """Ask for one offset of each."""
        stage = self._stage
        stage.at("list_offsets", isolation_level.name)
        if self._broker.is_down or stage.strikes("unanswered"):
            stage.passes(request_timeout)
            # Some failures of the client have no error, but an offset that is none.
            none = OFFSET_INVALID if stage.between(0, 1) else None
            return {part: _Answer(none) for part in wanted}
        found = {part: self._offset(part, spec, isolation_level) for part, spec in wanted.items()}
        told = {f"{part.topic}/{part.partition}": offset for part, offset in found.items()}
        stage.at("list_offsets:", told)
        return {part: _Answer(offset) for part, offset in found.items()}

    def list_topics(self, *, timeout: float) -> None:
        """Look for leaders; here nobody asks for what is found."""
        self._stage.at("list_topics")

    def describe_topics(
        self, topics: TopicCollection, *, request_timeout: float
    ) -> dict[str, "_Described"]:
        """Ask which topics bear these names."""
        names = [str(name) for name in topics.topic_names]
        if self._broker.is_down:
            return {name: _Described("", ()) for name in names}
        ids, numbers = self._broker.topic_ids, self._broker.numbers
        return {name: _Described(ids[name], numbers) for name in names}

    def describe_configs(self, wanted: object, request_timeout: float) -> NoReturn:
        """Say nothing: sizes are not modelled."""
        raise refusal(KafkaError.UNSUPPORTED_VERSION, "nobody knows")

    def _offset(self, part: TopicPartition, spec: Any, isolation: IsolationLevel) -> int:
        log = self._broker.logs[Input(part.topic, part.partition)]
        if isinstance(spec, type(OffsetSpec.earliest())):
            return log.start
        if isinstance(spec, type(OffsetSpec.for_timestamp(0))):
            found = log.first_since(spec.timestamp)
            return found if found < log.end else -1
        committed = isolation is IsolationLevel.READ_COMMITTED
        return log.stable_end if committed else log.end
