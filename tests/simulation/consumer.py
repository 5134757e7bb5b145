"""The client library's consumer on the model: a member of the group, or a reader of its own."""

from collections.abc import Callable, Collection
from typing import Any, Final, NamedTuple

from confluent_kafka import KafkaError, TopicPartition

from pipeline.assemble.log import Input
from pipeline.kafka.clients import ClientConfig
from tests.simulation.broker import Broker
from tests.simulation.group import GroupMetadata
from tests.simulation.joining import member_of
from tests.simulation.membership import Membership
from tests.simulation.owning import Callbacks
from tests.simulation.partition_log import PartitionLog, Slot
from tests.simulation.server_group import ServerGroup
from tests.simulation.server_membership import ServerMembership
from tests.simulation.stage import Stage
from tests.simulation.transactions import refusal

_MOST_AT_ONCE: Final = 12


_NOWHERE: Final = Input("", -1)


class Message(NamedTuple):
    """A record, or what stands in its place."""

    where: Input
    at: int
    slot: Slot | None = None
    """None: the end of the partition was reached, or there is an error."""
    failed: KafkaError | None = None

    def error(self) -> KafkaError | None:
        """What it is instead of a record."""
        if self.failed is not None or self.slot is not None:
            return self.failed
        return KafkaError(KafkaError._PARTITION_EOF, "the end")

    def topic(self) -> str:
        """Where it lies."""
        return self.where.topic

    def partition(self) -> int:
        """Where it lies."""
        return self.where.partition

    def offset(self) -> int:
        """Where it lies."""
        return self.at

    def key(self) -> bytes | None:
        """Whose it is."""
        return self.slot.write.key if self.slot and self.slot.write else None

    def value(self) -> bytes | None:
        """What it says."""
        return self.slot.write.value if self.slot and self.slot.write else None

    def headers(self) -> list[tuple[str, bytes | None]] | None:
        """What else it says."""
        return list(self.slot.write.headers) if self.slot and self.slot.write else None

    def timestamp(self) -> tuple[int, int]:
        """When it was written."""
        return (1, self.slot.at if self.slot else 0)


class SimConsumer:
    """Reads in pieces; tells of the group in the middle of them."""

    waits_for_stable = True
    """Whether committed offsets are answered once they are sure."""
    tells_ends = True
    """Whether ends are told of, past all that is no record."""
    resets_to: str = "error"
    """Where reading goes on when the next record is not there."""

    def __init__(self, broker: Broker, stage: Stage, config: ClientConfig) -> None:
        assert config["isolation.level"] == "read_committed"
        assert config["enable.partition.eof"]
        self.membership: Membership | ServerMembership | None = None
        self._broker = broker
        self._stage = stage
        self._config = config
        self._reading: dict[Input, int] = {}
        self._ended_at: dict[Input, int] = {}
        self._paused: set[Input] = set()

    def beat(self) -> None:
        """Do what the client does in the background."""
        if self.membership is not None:
            self.membership.beat()

    def subscribe(
        self,
        topics: list[str],
        *,
        on_assign: Callable[[Any, list[TopicPartition]], None],
        on_revoke: Callable[[Any, list[TopicPartition]], None],
        on_lost: Callable[[Any, list[TopicPartition]], None],
    ) -> None:
        """Become a member; *consume* and *close* call back."""

        def of(
            call: Callable[[Any, list[TopicPartition]], None],
        ) -> Callable[[frozenset[int]], None]:
            return lambda numbers: call(
                self, [TopicPartition(topic, one) for one in sorted(numbers) for topic in topics]
            )

        calls = Callbacks(of(on_assign), of(on_revoke), of(on_lost))
        is_told = isinstance(self._broker.group, ServerGroup)
        assert is_told == (self._config.get("group.protocol") == "consumer")
        name = self._config.get("group.instance.id", "")
        eager = self._config.get("partition.assignment.strategy") == "range"
        self.membership = member_of(self._broker, calls, name, eager=eager)

    def consume(self, records_max: int, timeout_s: float) -> list[Message]:
        """Read what has come."""
        stage, member = self._stage, self.membership
        stage.at("consume" if member else "consume states")
        messages = self._read()
        stage.passes(timeout_s * stage.between(0, 2) / 2)
        if member is not None:
            stage.taken.clear()
            member.polled()
            messages.extend(self._read())
            if member.ended is not None:
                fatal = KafkaError(KafkaError._FATAL, member.ended)
                messages.append(Message(_NOWHERE, -1, failed=fatal))
        return messages

    def incremental_assign(self, parts: list[TopicPartition]) -> None:
        """Read these too."""
        self._stage.at("assign", *_told(parts))
        for one, offset in _offsets(parts).items():
            assert one not in self._reading, "it is read already"
            self._read_from(one, offset)

    def incremental_unassign(self, parts: list[TopicPartition]) -> None:
        """Read these no further."""
        for one in _offsets(parts):
            del self._reading[one]

    def assign(self, parts: list[TopicPartition]) -> None:
        """Read these only."""
        self._stage.at("assign all", *_told(parts))
        self._reading.clear()
        for one, offset in _offsets(parts).items():
            self._read_from(one, offset)

    def unassign(self) -> None:
        """Read nothing."""
        self._reading.clear()

    def seek(self, part: TopicPartition) -> None:
        """Go on elsewhere; in which order several are told to is left to chance by the worker."""
        one = Input(part.topic, part.partition)
        if one not in self._reading:
            raise refusal(KafkaError._STATE, "it is not read")
        self._read_from(one, part.offset)

    def pause(self, parts: list[TopicPartition]) -> None:
        """Read nothing of these for a while; remembered even when they go and come back."""
        told = (f"{one.topic}/{one.partition}@{self._reading.get(one)}" for one in _offsets(parts))
        self._stage.at("pause", *sorted(told))
        self._paused.update(_offsets(parts))

    def resume(self, parts: list[TopicPartition]) -> None:
        """Read these again."""
        self._paused.difference_update(_offsets(parts))

    def committed(self, parts: list[TopicPartition], timeout_s: float) -> list[TopicPartition]:
        """Ask for committed offsets."""
        stage, asked = self._stage, list(_offsets(parts))
        stage.at("committed")
        if self._broker.is_down or stage.strikes("unanswered"):
            stage.passes(timeout_s)
            raise refusal(KafkaError._TIMED_OUT, "no answer")
        if self.waits_for_stable and self._broker.pending(asked):
            stage.passes(timeout_s)
            raise refusal(KafkaError._TIMED_OUT, "offsets are not stable")
        found = [self._committed(one) for one in asked]
        stage.at("committed:", *_told(found))
        return found

    def memberid(self) -> str:
        """Our name in the group; empty: none."""
        return self.membership.me.member_id if self.membership else ""

    def consumer_group_metadata(self) -> GroupMetadata:
        """Who commits."""
        assert self.membership is not None
        return GroupMetadata.of(self.membership.me, self.membership.generation)

    def unsubscribe(self) -> None:
        """Leave, heard by all."""
        if self.membership is not None:
            self._stage.at("close")
            self.membership.leave()

    def close(self) -> None:
        """Leave, if that was not done."""
        if self.membership is not None and not self.membership.has_left:
            self._stage.at("close")
            self.membership.close()

    def _committed(self, one: Input) -> TopicPartition:
        found = self._broker.committed(one)
        if found is None:
            return TopicPartition(*one)
        return TopicPartition(*one, found.offset, found.mark)

    def _read_from(self, one: Input, offset: int) -> None:
        self._reading[one] = offset
        self._ended_at.pop(one, None)

    def _read(self) -> list[Message]:
        messages: list[Message] = []
        if self._broker.is_down:
            return messages
        for one, position in list(self._reading.items()):
            if one not in self._paused:
                messages.extend(self._read_one(one, position))
        return messages

    def _read_one(self, one: Input, position: int) -> list[Message]:
        log = self._broker.logs[one]
        if not log.start <= position <= log.end:
            return self._out_of_range(one, log)
        end = min(log.stable_end, position + self._stage.between(0, _MOST_AT_ONCE))
        found = [Message(one, offset, slot) for offset, slot, _ in log.committed(position, end)]
        self._reading[one] = max(position, end)
        at_end = end == log.stable_end and self._ended_at.get(one) != end
        if at_end and self.tells_ends:
            self._ended_at[one] = end
            found.append(Message(one, end))
        return found

    def _out_of_range(self, one: Input, log: PartitionLog) -> list[Message]:
        if self.resets_to == "latest":
            self._reading[one] = log.end
            return []
        gone = KafkaError(KafkaError._AUTO_OFFSET_RESET, "no such offset")
        return [Message(one, -1, failed=gone)]


def _offsets(parts: Collection[TopicPartition]) -> dict[Input, int]:
    return {Input(part.topic, part.partition): part.offset for part in parts}


def _told(parts: Collection[TopicPartition]) -> list[str]:
    return [f"{part.topic}/{part.partition}@{part.offset}" for part in parts]
