"""Rekey's loop: what becomes of records, and what is left after anything goes wrong."""

from dataclasses import dataclass, field

import pytest
from prometheus_client import REGISTRY

from pipeline.assemble.log import Committed, Input, Limits, Topics
from pipeline.config import RekeySettings
from pipeline.errors import (
    FencedError,
    NoVerdictError,
    RecordError,
    StateError,
    TransactionError,
    UnavailableError,
    Unreadable,
)
from pipeline.kafka.entries import Write
from pipeline.kafka.identity import Identity
from pipeline.kafka.placement import partition_of
from pipeline.kafka.times import Times
from pipeline.record import GuestId, Headers, Position, Record, later
from pipeline.rekey.worker import LAG_EVERY_S, RekeyWorker
from tests.fake_log import FakeClock, FakeLog
from tests.fakes import Journal
from tests.unit.orders.story import START

TOPICS = Topics(
    ("orders", "payments"),
    "states",
    "commerce",
    "letters",
    {"commerce": Identity("commerce-id", 4)},
)
ORDERS = Input("orders", 5)


@dataclass
class Scene:
    """One worker, alone in its group, turned by hand. A value is the id of its guest."""

    start_at: str = "earliest"
    log: FakeLog = field(default_factory=lambda: FakeLog(Journal(), topics=TOPICS))
    clock: FakeClock = field(default_factory=lambda: FakeClock(START))
    registry_down: bool = False

    def __post_init__(self) -> None:
        self.worker = self.new_worker()

    def new_worker(self) -> RekeyWorker:
        """Another worker on the same Kafka: a restart."""
        self.log.reading.clear()
        settings = RekeySettings(sources=("orders", "payments"), target="commerce")
        return RekeyWorker(
            self.log,
            settings.model_copy(update={"start_at": self.start_at}),
            guest_of=self._guest_of,
            partition_of=partition_of("murmur2"),
            clock=self.clock.clock,
        )

    def joins(self, *numbers: int) -> None:
        """Bring partitions to work."""
        self.worker.start()
        self.log.assign(*numbers)
        self.turns(2)

    def turns(self, count: int = 1) -> None:
        """Turn the loop."""
        for _ in range(count):
            self.worker.turn()

    def hears(self, *values: bytes, at: Input = ORDERS, headers: Headers = ()) -> None:
        """Publish records a second apart."""
        for value in values:
            offset = len(self.log.records[at])
            timestamp = later(START, offset)
            self.log.publish(Record(Position(*at, offset), timestamp, b"order-7", value, headers))

    def moved(self) -> list[Write]:
        """What came to the target."""
        return [write for write in self.log.written if write.topic == "commerce"]

    def letters(self) -> list[Write]:
        """What was set aside."""
        return [write for write in self.log.written if write.topic == "letters"]

    def _guest_of(self, record: Record) -> GuestId:
        if self.registry_down:
            raise UnavailableError("the registry does not answer")
        if record.value == b"nobody":
            raise RecordError(Unreadable.INVALID_FIELD, "is empty; want some text", "guestId")
        if record.value == b"junk":
            raise RecordError(Unreadable.FRAMING, "begins with 6a75")
        return GuestId((record.value or b"").decode())


@pytest.fixture
def scene() -> Scene:
    """A worker that reads partition 5 of both sources."""
    scene = Scene()
    scene.joins(5)
    return scene


def test_a_record_keeps_all_but_its_key_and_its_place(scene: Scene) -> None:
    """Waits count from its time, traces go on by its headers, and its bytes are the event."""
    scene.hears(b"ann", headers=(("trace", b"\x00\xff"), ("empty", None)))
    scene.turns()

    (moved,) = scene.moved()
    assert moved == Write(
        "commerce",
        partition_of("murmur2")(b"ann", 4),
        b"ann",
        b"ann",
        (("trace", b"\x00\xff"), ("empty", None), ("rekey-origin", b"orders/5@0")),
        START,
    )


def test_one_guests_records_meet_and_stay_in_order(scene: Scene) -> None:
    """Wherever they lay: assemble shares work by partition."""
    scene.hears(b"ann", b"ben", b"ann")
    scene.hears(b"ann", at=Input("payments", 5))
    scene.turns()

    of_ann = [write for write in scene.moved() if write.key == b"ann"]
    assert len({write.partition for write in of_ann}) == 1
    origins = [dict(write.headers)["rekey-origin"] for write in of_ann]
    assert [origin for origin in origins if origin and b"orders" in origin] == [
        b"orders/5@0",
        b"orders/5@2",
    ]
    assert b"payments/5@0" in origins


@pytest.mark.parametrize(
    ("value", "reason"), [(b"nobody", b"guest_id_missing"), (b"junk", b"framing")]
)
def test_a_record_of_nobody_is_set_aside_by_its_origin(
    scene: Scene, value: bytes, reason: bytes
) -> None:
    """It has no guest to lie with: its partition among the letters follows from where it lay."""
    scene.hears(value)
    scene.turns()

    (letter,) = scene.letters()
    said = dict(letter.headers)
    assert (letter.partition, letter.key, letter.value) == (5 % 4, b"order-7", value)
    assert said["dead-letter-reason"] == reason
    assert said["dead-letter-worker"] == b"rekey"
    assert said["dead-letter-offset"] == b"0"


def test_a_record_that_the_target_does_not_take_stops_nobody(scene: Scene) -> None:
    """Kafka would refuse its transaction again and again."""
    scene.log.sizes = Limits(1_000, 1_000_000)
    scene.worker.start()
    scene.hears(b"a" * 2_000, b"ben")
    scene.turns()

    assert [write.key for write in scene.moved()] == [b"ben"]
    assert dict(scene.letters()[0].headers)["dead-letter-reason"] == b"record_too_large"


def test_a_time_that_the_target_does_not_take_is_moved_and_told(scene: Scene) -> None:
    """Its own time is not lost, and the batch does not fail for ever."""
    scene.log.sizes = Limits(1_000_000, 1_000_000, Times(after_ms=0))
    scene.worker.start()
    scene.hears(b"ann", b"ben")
    scene.turns()

    ann, ben = scene.moved()
    assert (ann.timestamp, ben.timestamp) == (START, START)
    assert "rekey-timestamp" not in dict(ann.headers)
    assert dict(ben.headers)["rekey-timestamp"] == str(later(START, 1)).encode()


def test_offsets_are_written_last_and_with_the_records(scene: Scene) -> None:
    """Neither without the other: that is what once means."""
    scene.hears(b"ann")
    scene.turns()

    assert scene.log.journal.effects()[-4:] == ["begin", "produce", "send_offsets", "commit"]
    assert scene.log.offsets[ORDERS].offset == 1


@pytest.mark.parametrize("step", ["begin", "produce", "send_offsets"])
def test_a_failed_batch_leaves_nothing_and_is_done_again(scene: Scene, step: str) -> None:
    """Each record once, whatever happens to its transaction."""
    scene.log.errors[step] = [TransactionError("not now")]
    scene.hears(b"ann")
    scene.turns()
    assert scene.log.written == []

    scene.clock.moves(1)
    scene.turns()

    assert len(scene.moved()) == 1


@pytest.mark.parametrize("kept", [True, False])
def test_a_commit_without_an_answer_is_asked_about(scene: Scene, kept: bool) -> None:
    """To guess would lose a record, or double it."""
    scene.log.errors["commit"] = [NoVerdictError("timed out")]
    scene.log.commits_despite_error = kept
    scene.hears(b"ann")
    scene.turns()
    scene.clock.moves(1)
    scene.turns(2)

    assert len(scene.moved()) == 1


def test_while_the_registry_is_down_nothing_is_set_aside(scene: Scene) -> None:
    """The same record can be read later."""
    scene.registry_down = True
    scene.hears(b"ann")
    scene.turns()
    assert scene.log.written == []

    scene.registry_down = False
    scene.clock.moves(1)
    scene.turns()

    assert len(scene.moved()) == 1


def test_records_of_a_partition_that_has_just_gone_are_left_to_its_owner(scene: Scene) -> None:
    """They are read with the news that it is another's."""
    scene.hears(b"ann")
    scene.log.revoke(5)
    scene.turns(2)

    assert scene.log.written == []
    assert scene.worker.ready()


def test_a_restart_goes_on_behind_what_was_kept(scene: Scene) -> None:
    """It remembers nothing but the group's offsets."""
    scene.hears(b"ann")
    scene.turns()
    scene.worker = scene.new_worker()
    scene.hears(b"ben")
    scene.joins(5)
    scene.turns()

    assert [write.key for write in scene.moved()] == [b"ann", b"ben"]


def test_a_new_group_begins_where_the_settings_say() -> None:
    """Years of old records are not moved by accident."""
    scene = Scene(start_at="2026-01-01T00:00:01Z")
    scene.hears(b"old", b"new")
    scene.joins(5)
    scene.turns()

    assert [write.key for write in scene.moved()] == [b"new"]


def test_a_source_that_ends_before_what_was_read_of_it_is_refused() -> None:
    """Its offsets are given out again: the new records would be taken for read."""
    scene = Scene()
    scene.log.offsets[ORDERS] = Committed(3, "")

    with pytest.raises(StateError, match="orders/5 ends at 0, but 3 was committed"):
        scene.joins(5)


def test_until_kafka_answers_nothing_is_read() -> None:
    """Without offsets there is no place to begin."""
    scene = Scene()
    scene.log.errors["committed"] = [UnavailableError("pending")]
    scene.hears(b"ann")
    scene.joins(5)
    assert not scene.worker.ready()

    scene.turns(2)

    assert scene.worker.ready()
    assert len(scene.moved()) == 1


def test_fencing_ends_the_worker_and_it_leaves() -> None:
    """Another member owns our work."""
    scene = Scene()
    scene.log.assign(5)
    scene.hears(b"ann")
    scene.log.errors["send_offsets"] = [FencedError("taken over")]

    with pytest.raises(FencedError):
        scene.worker.run()

    assert scene.log.journal.effects()[-1] == "leave"


def test_what_lies_unread_is_shown_with_its_age(scene: Scene) -> None:
    """No timer of assemble sees it: orders may be owed without payments that lie there."""
    scene.hears(b"ann", b"ben")
    scene.turns()
    scene.registry_down = True
    scene.hears(b"ann", b"ben")
    scene.clock.moves(LAG_EVERY_S)
    scene.turns(2)

    at_work = REGISTRY.get_sample_value("pipeline_partitions", {"state": "at_work"})
    assert at_work == 2
    place = {"topic": "orders", "partition": "5"}
    assert REGISTRY.get_sample_value("pipeline_backlog_records", place) == 2
    oldest = "pipeline_oldest_pending_timestamp_seconds"
    assert REGISTRY.get_sample_value(oldest, {"worker": "rekey"}) == START / 1000 + 1
