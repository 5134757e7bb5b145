"""The client library's transactional producer on the model."""

from typing import Any

from confluent_kafka import KafkaError, TopicPartition

from pipeline.assemble.log import Committed, Input
from pipeline.kafka.clients import ClientConfig
from pipeline.kafka.entries import Write
from tests.simulation.broker import Broker
from tests.simulation.group import GroupMetadata
from tests.simulation.stage import Stage
from tests.simulation.transactions import Fate, refusal


class SimProducer:
    """Writes within transactions; some calls fail, and some only seem to."""

    def __init__(self, broker: Broker, stage: Stage, config: ClientConfig) -> None:
        self._broker = broker
        self._stage = stage
        self._name: str = config["transactional.id"]
        self._lives_s = config["transaction.timeout.ms"] / 1000
        self._epoch = -1
        self._has_written = False
        """Whether the coordinator has heard of the transaction."""
        self._failed = False
        """Whether nothing but an abort is possible."""

    def init_transactions(self, timeout_s: float) -> None:
        """Take over the id."""
        self._stage.at("init_transactions")
        if self._broker.is_down or self._stage.strikes("unanswered"):
            self._stage.passes(timeout_s / 4)
            raise refusal(KafkaError._TIMED_OUT, "no coordinator")
        self._epoch = self._broker.transactions.open(self._name)
        self._stage.at("init_transactions:", self._epoch)

    def begin_transaction(self) -> None:
        """Begin: the coordinator hears of it with the first write."""
        self._stage.at("begin")
        self._has_written = self._failed = False

    def produce(self, topic: str, **told: Any) -> None:
        """Queue a record; that it did not arrive, a later call tells."""
        if not self._has_written:
            self._stage.at("produce")
        if self._failed or self._broker.is_down or self._stage.strikes("abortable"):
            self._failed = True
            return
        headers = tuple(told["headers"] or ())
        write = Write(topic, told["partition"], told["key"], told["value"], headers)
        self._has_written = True
        self._broker.transactions.write(
            self._name, self._epoch, write, lives_s=self._lives_s, taken=tuple(self._stage.taken)
        )

    def send_offsets_to_transaction(
        self, parts: list[TopicPartition], group: GroupMetadata, timeout_s: float
    ) -> None:
        """Add offsets as a member in a generation."""
        offsets = {
            Input(part.topic, part.partition): Committed(part.offset, part.metadata or "")
            for part in parts
        }
        told = {f"{one.topic}/{one.partition}": found.offset for one, found in offsets.items()}
        self._stage.at("send_offsets", told, *group.me, group.generation)
        if self._failed or self._broker.is_down or self._stage.strikes("abortable"):
            self._stage.passes(1.0)
            raise refusal(KafkaError._TIMED_OUT, "offsets were not added")
        self._broker.validate(group.me, group.generation)
        self._has_written = True
        self._broker.transactions.add_offsets(
            self._name,
            self._epoch,
            offsets,
            lives_s=self._lives_s,
            taken=tuple(self._stage.taken),
        )

    def commit_transaction(self, timeout_s: float) -> None:
        """Keep it all; an error leaves open whether it was kept."""
        self._stage.at("commit")
        if self._failed:
            raise refusal(KafkaError._STATE, "a record did not arrive")
        self._end(Fate.COMMITTED)
        self._stage.at("commit:")

    def abort_transaction(self, timeout_s: float) -> None:
        """Keep nothing of it."""
        self._stage.at("abort")
        self._end(Fate.ABORTED)

    def poll(self, timeout_s: float) -> int:
        """Nothing is due."""
        return 0

    def _end(self, fate: Fate) -> None:
        broker, stage = self._broker, self._stage
        if not self._has_written:
            return
        lost = refusal(KafkaError._TIMED_OUT, "no answer")
        if broker.is_down or stage.strikes("no_verdict_delayed"):
            broker.delay(self._name, self._epoch, fate)
            stage.passes(2.0)
            raise lost
        if fate is Fate.ABORTED and stage.strikes("no_abort"):
            raise lost
        broker.transactions.end(self._name, self._epoch, fate)
        if stage.strikes("fenced_though_kept"):
            raise refusal(KafkaError.PRODUCER_FENCED, "too late", fatal=True)
        if stage.strikes("no_verdict_kept"):
            raise lost
