"""The loop: what is done in which order, and what is left after anything goes wrong."""

import pytest

from pipeline.assemble.log import Input, Topics
from pipeline.errors import (
    FencedError,
    NoVerdictError,
    StateError,
    TransactionError,
    UnavailableError,
)
from pipeline.sitecore.owed import OwedCart, OwedOrder
from tests.unit.assemble.scene import JUNK, Scene
from tests.unit.orders.story import added, at, identified, line, paid, placed, viewed

TWO_SOURCES = Topics(("commerce", "payments"), "states", "stream", "letters")


@pytest.fixture
def scene() -> Scene:
    """A worker with partition 0 at work."""
    scene = Scene()
    scene.joins(0)
    return scene


def since_joined(scene: Scene) -> list[str]:
    """Effects after the last partition came to work."""
    effects = scene.effects()
    return effects[len(effects) - effects[::-1].index("start") :]


def test_the_offsets_are_written_last(scene: Scene) -> None:
    """Whoever reads the offsets finds the outputs and the state that go with them."""
    scene.hears(added(1, "shoes"), identified(2))
    scene.turns()

    assert since_joined(scene) == ["fetch"] * 2 + ["begin", "produce", "send_offsets", "commit"]
    (produced,) = scene.log.journal.details("produce")
    assert produced == ("stream", "stream", "states", "states")


def test_one_state_is_written_for_each_guest(scene: Scene) -> None:
    """A guest with ten events in a batch costs one value, not ten."""
    scene.hears(*(added(second, f"item-{second}") for second in range(10)))
    scene.turns()

    keys = [write.key for write in scene.log.written if write.topic == "states"]
    assert keys == [b"\x00began", b"ann"]


def test_a_repeat_moves_the_offset_and_writes_nothing(scene: Scene) -> None:
    """Else a topic published twice would be written twice."""
    scene.hears(viewed(1))
    scene.turns()
    written = len(scene.log.written)
    scene.hears(viewed(1))
    scene.turns()

    assert len(scene.log.written) == written
    assert scene.log.offsets[Input("commerce", 0)].offset == 2


def test_every_write_names_its_records_partition() -> None:
    """The state of a guest is read back with the input that it belongs to."""
    scene = Scene()
    scene.joins(0, 1)
    scene.hears(added(1, "shoes"), partition=1)
    scene.hears_junk(partition=0)
    scene.turns()

    placed_at = {(write.topic, write.partition) for write in scene.log.written}
    assert placed_at == {("stream", 1), ("states", 0), ("states", 1), ("letters", 0)}


@pytest.mark.parametrize("step", ["begin", "produce", "send_offsets"])
def test_a_failed_batch_leaves_nothing_and_is_done_again(scene: Scene, step: str) -> None:
    """What was decided in it must not be remembered: it would be taken for a repeat."""
    scene.log.errors[step] = [TransactionError("not now")]
    scene.hears(added(1, "shoes"), identified(2))
    scene.turns()

    assert scene.log.written == []
    assert scene.effects()[-3:] == ["abort", "seek", "pause"]

    scene.clock.moves(1)
    scene.turns()

    assert scene.kinds() == ["OwedCart", "OwedIdentity"]


def test_after_an_unclear_commit_the_producer_is_replaced_and_kafka_asked(scene: Scene) -> None:
    """To begin again on that producer could commit the batch twice, or half of two."""
    scene.log.errors["commit"] = [NoVerdictError("timed out")]
    scene.hears(added(1, "shoes"))
    scene.turns()

    assert since_joined(scene)[-5:] == ["commit", "reopen", "committed", "seek", "pause"]

    scene.clock.moves(1)
    scene.turns()

    assert scene.kinds() == ["OwedCart"]


def test_an_unclear_commit_that_was_kept_is_not_done_again(scene: Scene) -> None:
    """Kafka knows: the mark of this very transaction is at the committed offsets."""
    scene.log.errors["commit"] = [NoVerdictError("timed out")]
    scene.log.commits_despite_error = True
    scene.hears(added(1, "shoes"))
    scene.turns()
    scene.clock.moves(1)
    scene.turns(2)

    assert "seek" not in scene.effects()
    assert scene.kinds() == ["OwedCart"]


@pytest.mark.parametrize("kept", [True, False])
def test_an_unclear_commit_of_timers_alone_is_told_apart(scene: Scene, kept: bool) -> None:
    """Its offsets are those of before: only the mark says whether it was kept."""
    scene.hears(placed(1, "1001", line("shoes")))
    scene.turns()
    scene.clock.moves(700)
    scene.log.errors["commit"] = [NoVerdictError("timed out")]
    scene.log.commits_despite_error = kept
    scene.turns()
    scene.clock.moves(1)
    scene.turns(2)

    assert len(scene.log.values("letters")) == 1


def test_a_producer_that_cannot_abort_is_replaced(scene: Scene) -> None:
    """An abort that comes too early is fatal to the client (librdkafka issue 4849)."""
    scene.log.errors["send_offsets"] = [TransactionError("unknown member")]
    scene.log.errors["abort"] = [NoVerdictError("invalid state")]
    scene.hears(added(1, "shoes"))
    scene.turns()

    assert scene.effects()[-4:] == ["abort", "reopen", "seek", "pause"]


def test_fencing_ends_the_worker_and_it_leaves(scene: Scene) -> None:
    """Another member owns our work; to go on would be to write what it writes."""
    scene = Scene()
    scene.log.assign(0)
    scene.hears(added(1, "shoes"))
    scene.log.errors["send_offsets"] = [FencedError("taken over")]

    with pytest.raises(FencedError):
        scene.worker.run()

    assert scene.effects()[-1] == "leave"
    assert scene.log.written == []


def test_an_unreadable_record_is_set_aside_with_all_its_bytes(scene: Scene) -> None:
    """Whoever repairs it needs the record as it was, and the reason."""
    scene.hears_junk()
    scene.hears(added(1, "shoes"))
    scene.turns()

    (letter,) = [write for write in scene.log.written if write.topic == "letters"]
    headers = dict(letter.headers)
    assert (letter.key, letter.value) == (b"key", JUNK)
    assert letter.headers[:2] == (("trace", b"1"), ("empty", None))
    assert headers["dead-letter-reason"] == b"framing"
    assert headers["dead-letter-offset"] == b"0"
    assert scene.kinds() == ["OwedCart"]


def test_a_registry_outage_sets_nothing_aside_and_keeps_the_membership(scene: Scene) -> None:
    """The records are fine; they wait, while the worker goes on looking for rebalances."""
    scene.registry_down = True
    scene.hears(added(1, "shoes"))
    scene.turns(4)

    assert scene.log.written == []
    assert scene.effects()[-5:] == ["seek", "pause", "fetch", "fetch", "fetch"]

    scene.registry_down = False
    scene.clock.moves(10)
    scene.turns()

    assert scene.kinds() == ["OwedCart"]


def test_records_of_a_partition_that_has_just_gone_are_dropped() -> None:
    """Its new owner reads them; to take them too would owe everything twice."""
    scene = Scene()
    scene.joins(0, 1)
    scene.hears(added(1, "shoes"), partition=0)
    scene.hears(added(1, "shoes"), partition=1)
    scene.log.revoke(1)
    scene.turns()

    assert {write.partition for write in scene.log.written} == {0}
    assert Input("commerce", 1) not in scene.log.offsets


def test_what_is_read_twice_is_taken_once(scene: Scene) -> None:
    """A partition that went and came back within one read is read again from its offset."""
    scene.hears_junk()
    scene.hears(added(1, "shoes"))
    scene.turns()
    scene.log.reading[Input("commerce", 0)] = 0
    scene.hears(added(2, "coat"))
    scene.turns()

    carts = [owed for owed in scene.owed() if isinstance(owed, OwedCart)]
    assert [len(cart.lines) for cart in carts] == [1, 2]
    assert len(scene.log.values("letters")) == 1


def test_an_end_is_heard_of_again_after_an_undo() -> None:
    """It is told once; a timer would wait for ever for markers that nobody passes any more."""
    scene = Scene()
    scene.joins(0, 1)
    scene.hears(added(1, "shoes"), partition=1)
    scene.log.ends_told = {Input("commerce", 0): 3}
    scene.log.errors["commit"] = [TransactionError("not now")]
    scene.turns()

    assert scene.log.journal.details("seek") == [
        ({Input("commerce", 0): 0, Input("commerce", 1): 0},)
    ]


def test_a_timeout_does_not_overtake_what_lies_unread(scene: Scene) -> None:
    """After a downtime the payment is there, unread, when the wait for it is long over."""
    scene.hears(identified(1), placed(2, "1001", line("shoes"), payment=None))
    scene.turns()
    scene.clock.moves(3600)
    scene.log.paused = True
    scene.hears(paid(3))
    scene.turns(3)
    assert scene.kinds() == ["OwedIdentity"]

    scene.log.paused = False
    scene.turns()

    (order,) = [owed for owed in scene.owed() if isinstance(owed, OwedOrder)]
    assert order.payment is not None


def test_a_later_timer_is_not_let_through_by_an_earlier_look(scene: Scene) -> None:
    """What was published since then, and lies unread, may speak against this one."""
    scene.hears(identified(1), placed(2, "1001", line("shoes"), payment=None))
    scene.turns()
    scene.clock.moves(62)
    scene.turns()
    scene.hears(placed(70, "1002", line("coat"), payment=None))
    scene.turns()
    scene.clock.moves(100)
    scene.log.paused = True
    scene.hears(paid(80, "1002"))
    scene.turns(2)
    scene.log.paused = False
    scene.turns()

    orders = [owed for owed in scene.owed() if isinstance(owed, OwedOrder)]
    assert [order.payment is None for order in orders] == [True, False]


def test_one_timer_after_another_fires(scene: Scene) -> None:
    """Each needs a look of its own at where the topics end."""
    scene.hears(identified(1))
    for number, second in enumerate((2, 70, 140)):
        scene.hears(placed(second, str(number), line("shoes"), payment=None))
        scene.turns()
        scene.clock.moves(70)
        scene.turns()

    assert scene.kinds() == ["OwedIdentity"] + ["OwedOrder"] * 3


def test_a_timer_waits_for_every_source() -> None:
    """The payment may lie in another topic than the order."""
    scene = Scene(TWO_SOURCES)
    scene.joins(0)
    scene.hears(identified(1), placed(2, "1001", line("shoes"), payment=None))
    scene.turns()
    scene.clock.moves(3600)
    scene.log.reading.pop(Input("payments", 0))
    scene.hears(paid(3), topic="payments")
    scene.turns(2)
    assert scene.kinds() == ["OwedIdentity"]

    scene.log.reading[Input("payments", 0)] = 0
    scene.turns()

    (order,) = [owed for owed in scene.owed() if isinstance(owed, OwedOrder)]
    assert order.payment is not None


def test_a_timer_fires_once_and_names_where_it_fired(scene: Scene) -> None:
    """A verifier fires it at the same place and gets the same."""
    scene.hears(identified(1), placed(2, "1001", line("shoes"), payment=None))
    scene.turns()
    scene.clock.moves(62)
    scene.turns(3)

    (order,) = [owed for owed in scene.owed() if isinstance(owed, OwedOrder)]
    assert order.cause.timestamp == at(62)
    assert [str(position) for position in order.cause.positions] == ["commerce/0@2"]
    assert order.payment is None


def test_nobody_says_where_the_topics_end_and_the_timer_waits(scene: Scene) -> None:
    """Without the ends nothing is known of what lies unread."""
    scene.hears(identified(1), placed(2, "1001", line("shoes"), payment=None))
    scene.turns()
    scene.clock.moves(62)
    scene.log.errors["ends"] = [UnavailableError("no answer")]
    scene.turns()
    assert scene.kinds() == ["OwedIdentity"]

    scene.clock.moves(1)
    scene.turns()

    assert scene.kinds() == ["OwedIdentity", "OwedOrder"]


def test_a_restart_goes_on_where_it_was(scene: Scene) -> None:
    """The state, the timers and the positions all come back from Kafka."""
    scene.hears(added(1, "shoes"), placed(2, "1001", line("shoes")))
    scene.turns()
    scene.restart()
    scene.joins(0)
    scene.hears(added(1, "shoes"), identified(3))
    scene.turns()

    assert scene.kinds() == ["OwedCart", "OwedIdentity", "OwedOrder"]


def test_a_new_group_begins_where_the_settings_say() -> None:
    """Years of old events are not sent to Sitecore by accident."""
    scene = Scene(start_at="2026-01-01T00:00:05Z")
    scene.hears(viewed(1), viewed(5), viewed(9))
    scene.joins(0)
    scene.turns()

    assert len(scene.owed()) == 2
    assert scene.log.journal.details("first_offsets") == [(at(5),)]


def test_offsets_without_states_refuse_to_start(scene: Scene) -> None:
    """Orders that waited are gone with the states: only a person can say what to do."""
    scene.hears(added(1, "shoes"))
    scene.turns()
    scene.log.states.clear()
    scene.restart()

    with pytest.raises(StateError, match="the guest states of partition 0 are gone"):
        scene.joins(0)


def test_states_without_offsets_refuse_to_start(scene: Scene) -> None:
    """To begin anew would read events again that the states have seen."""
    scene.hears_junk()
    scene.turns()
    scene.log.offsets.clear()
    scene.restart()

    with pytest.raises(StateError, match="no offsets are committed"):
        scene.joins(0)


def test_a_worker_is_ready_once_everything_of_its_own_is_at_work() -> None:
    """A member without partitions is ready: nothing is asked of it."""
    scene = Scene()
    scene.worker.start()
    assert not scene.worker.ready()

    scene.log.assign()
    scene.turns()
    assert scene.worker.ready()

    scene.log.assign(0)
    scene.turns()
    assert not scene.worker.ready()

    scene.turns()
    assert scene.worker.ready()
    scene.worker.stop()
    assert not scene.worker.ready()


def test_records_are_waited_for_only_as_long_as_the_window_is_open(scene: Scene) -> None:
    """It opens with the last batch: what came while that was kept has waited long enough."""
    scene.joins(0)
    for busy_s in (0.0, 0.012, 1.0):
        scene.turns()
        scene.clock.moves(busy_s)
    scene.turns()

    assert scene.log.windows[-3:] == pytest.approx([0.02, 0.008, 0.0])


def test_a_loop_that_does_not_turn_is_not_alive(scene: Scene) -> None:
    """A hanging worker is restarted; a busy one is not."""
    assert scene.worker.alive()

    scene.clock.moves(200)

    assert not scene.worker.alive()
