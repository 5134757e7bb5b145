"""Partitions on their way to work, and on their way out."""

import pytest

from pipeline.assemble.log import Committed, Input, Listener, Topics
from pipeline.assemble.partition import BEGAN_KEY
from pipeline.errors import StateError, UnavailableError
from pipeline.kafka.entries import Entry
from tests.unit.assemble.scene import Scene
from tests.unit.orders.story import added, identified, line, placed, viewed

TWO_SOURCES = Topics(("commerce", "payments"), "states", "stream", "letters")


def test_the_offsets_are_asked_for_before_the_end_of_the_states() -> None:
    """The other way round, a commit in between would be in the offsets and not in the states."""
    scene = Scene()
    scene.joins(0)

    asked = [effect for effect in scene.effects() if effect in {"committed", "state_ends", "start"}]
    assert asked == ["committed", "state_ends", "start"]


def test_a_partition_is_read_no_further_than_restored() -> None:
    """States that go on to be followed would be read twice, and by a stranger."""
    scene = Scene()
    scene.joins(0)

    order = [effect for effect in scene.effects() if effect in {"follow", "unfollow", "start"}]
    assert order == ["follow", "unfollow", "start"]


def test_others_work_while_one_partition_is_restored() -> None:
    """A large partition must not stop the orders of all others."""
    scene = Scene()
    scene.joins(0)
    scene.log.errors["committed"] = [UnavailableError("pending")] * 3
    scene.log.assign(1)
    scene.hears(added(1, "shoes"))
    scene.turns(2)

    assert scene.kinds() == ["OwedCart"]
    assert not scene.worker.ready()

    scene.turns(3)

    assert scene.worker.ready()


def test_a_partition_is_ours_once_every_source_has_it() -> None:
    """Half of it could neither fire timers nor restore where both are."""
    scene = Scene(TWO_SOURCES)
    scene.worker.start()
    scene.log.changes.append(lambda listener: listener.assigned([Input("commerce", 0)]))
    scene.turns(2)
    assert scene.log.reading == {}

    scene.log.changes.append(lambda listener: listener.assigned([Input("payments", 0)]))
    scene.turns(2)

    assert scene.log.reading.keys() == {Input("commerce", 0), Input("payments", 0)}


def test_what_comes_back_reads_only_what_changed() -> None:
    """An eager rebalance takes everything away and gives most of it back."""
    scene = Scene()
    scene.joins(0)
    scene.hears(added(1, "shoes"))
    scene.turns()
    scene.log.revoke(0)
    scene.log.assign(0)
    scene.hears(placed(2, "1001", line("shoes")), identified(3))
    scene.turns(3)

    assert scene.log.journal.details("follow") == [(0, 0), (0, 2)]
    assert scene.kinds() == ["OwedCart", "OwedIdentity", "OwedOrder"]


def test_what_another_member_did_meanwhile_is_read_too() -> None:
    """The state that was kept aside is old by then."""
    scene = Scene()
    scene.joins(0)
    scene.hears(added(1, "shoes"))
    scene.turns()
    scene.log.revoke(0)
    scene.turns()
    other = Scene()
    other.joins(0)
    other.hears(added(1, "shoes"), viewed(2))
    other.turns()
    scene.log.states[0].extend(other.log.states[0])
    scene.log.assign(0)
    scene.hears(viewed(2))
    scene.turns(2)

    assert scene.kinds() == ["OwedCart"]


def test_what_goes_to_another_is_forgotten_at_the_next_assignment() -> None:
    """Else a worker would keep the guests of every partition that it ever had."""
    scene = Scene()
    scene.joins(0)
    scene.hears(added(1, "shoes"))
    scene.turns()
    scene.log.revoke(0)
    scene.log.assign(1)
    scene.turns(2)
    scene.log.assign(0)
    scene.turns(2)

    assert scene.log.journal.details("follow") == [(0, 0), (1, 0), (0, 0)]


@pytest.mark.parametrize(("minutes", "again_from"), [(59, 2), (61, 0)])
def test_what_was_kept_aside_for_long_is_read_from_the_start(minutes: int, again_from: int) -> None:
    """Kafka drops tombstones after a day: who reads only what changed would remember the dead."""
    scene = Scene()
    scene.joins(0)
    scene.hears(added(1, "shoes"))
    scene.turns()
    scene.log.revoke(0)
    scene.turns()
    scene.clock.moves(minutes * 60)
    scene.log.assign(0)
    scene.turns(2)

    assert scene.log.journal.details("follow") == [(0, 0), (0, again_from)]


def test_what_was_lost_is_read_from_the_start() -> None:
    """Another member has owned it for a while; nothing that we know of it is sure."""
    scene = Scene()
    scene.joins(0)
    scene.hears(added(1, "shoes"))
    scene.turns()
    scene.log.changes.append(lambda listener: listener.lost([Input("commerce", 0)]))
    scene.log.reading.clear()
    scene.log.assign(0)
    scene.turns(2)

    assert scene.log.journal.details("follow") == [(0, 0), (0, 0)]


def test_a_partition_taken_away_while_it_is_restored_is_dropped() -> None:
    """What was read of it may be half of the truth."""
    scene = Scene()
    scene.log.errors["first_offsets"] = [UnavailableError("no answer")]
    scene.joins(0)
    scene.log.revoke(0)
    scene.turns(2)

    assert scene.log.reading == {}
    assert scene.worker.ready()


def test_a_group_that_has_only_refused_is_known_after_a_restart() -> None:
    """Without a trace in the states its offsets would look like those of a lost changelog."""
    scene = Scene()
    scene.joins(0)
    scene.hears_junk()
    scene.turns()
    scene.restart()
    scene.joins(0)

    assert scene.log.states[0] == [Entry(0, BEGAN_KEY, b"\x01")]
    assert scene.worker.ready()


@pytest.mark.parametrize("kept", [True, False])
def test_where_the_states_end_is_asked_when_a_partition_goes(kept: bool) -> None:
    """Without an answer more is read again, and nothing less."""
    scene = Scene()
    scene.joins(0)
    scene.hears(added(1, "shoes"))
    scene.turns()
    if not kept:
        scene.log.errors["state_ends"] = [UnavailableError("no answer")]
    scene.log.revoke(0)
    scene.log.assign(0)
    scene.turns(2)

    assert scene.log.journal.details("follow")[-1] == (0, 2 if kept else 0)


def test_what_another_wrote_before_we_asked_is_read_too() -> None:
    """A member may be frozen in the callback itself, and ask when it is nobody any more."""
    scene = Scene()
    scene.joins(0)
    scene.hears(added(1, "shoes"))
    scene.turns()

    def others_write(_: Listener) -> None:
        scene.log.states[0].append(Entry(0, b"ann", None))
        scene.log.offsets[Input("commerce", 0)] = Committed(1, "another's")

    scene.log.changes.append(others_write)
    scene.log.revoke(0)
    scene.log.assign(0)
    scene.turns(2)

    assert scene.log.journal.details("follow")[-1] == (0, 0)
    assert scene.worker._members.active[0].store == {}


def test_what_another_began_while_we_were_frozen_is_no_contradiction() -> None:
    """The offsets were asked for before, the states read after: only asking again tells."""
    scene = Scene()
    other = Scene()
    other.joins(0)
    other.hears(added(1, "shoes"))
    other.turns()
    scene.log.errors["first_offsets"] = [UnavailableError("no answer")]
    scene.joins(0)
    scene.log.states[0].extend(other.log.states[0])
    scene.log.offsets |= other.log.offsets
    scene.log.publish(*other.log.records[Input("commerce", 0)])
    scene.worker._members.restoring[0].end = 2
    scene.turns(2)

    assert scene.worker.ready()
    assert scene.log.reading == {Input("commerce", 0): 1}


@pytest.mark.parametrize("key", [b"ann", b"\xff"])
def test_what_is_no_guests_state_is_refused_by_its_place(key: bytes) -> None:
    """Another program writes to the topic: only a person can say which of the two is wrong."""
    scene = Scene()
    scene.log.states[0] += [Entry(0, BEGAN_KEY, b"\x01"), Entry(0, key, b"junk")]
    scene.log.offsets[Input("commerce", 0)] = Committed(0, "")

    with pytest.raises(StateError, match="states/0: "):
        scene.joins(0)


def test_a_strange_key_that_was_forgotten_does_no_harm() -> None:
    """So `reset` leaves it: the value lies before its tombstone until Kafka compacts."""
    scene = Scene()
    scene.log.states[0] += [Entry(0, BEGAN_KEY, b"\x01"), Entry(0, b"\xff", b"junk")]
    scene.log.states[0] += [Entry(0, b"\xff", None)]
    scene.log.offsets[Input("commerce", 0)] = Committed(0, "")
    scene.joins(0)

    assert scene.worker.ready()


def test_states_of_which_the_first_are_gone_are_refused() -> None:
    """Whatever else says that the partition has begun."""
    scene = Scene()
    scene.log.errors["check_states"] = [StateError("states/0 begins at offset 7")]

    with pytest.raises(StateError, match="begins at offset 7"):
        scene.joins(0)


def test_guests_of_nobody_are_not_taken_over() -> None:
    """A group without offsets would work on with what it never read."""
    scene = Scene()
    scene.log.states[0].append(Entry(0, b"ann", b"a state"))

    with pytest.raises(StateError, match="no offsets"):
        scene.joins(0)
