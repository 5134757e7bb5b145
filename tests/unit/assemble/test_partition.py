"""A partition's guests, as bytes and as objects."""

import tracemalloc
from uuid import UUID

from pipeline.assemble import state
from pipeline.assemble.draft import Draft
from pipeline.assemble.partition import BEGAN_KEY, Partition
from pipeline.orders.guest import Guest
from tests.unit.orders.story import GUEST, START, Story, at, placed


def _waiting_guest() -> tuple[bytes, Partition]:
    story = Story()
    step = story.hears(placed(1))
    assert step.guest is not None
    return state.encode(step.guest, step.wake_at), Partition(0)


def test_what_is_taken_over_is_known_with_its_timer() -> None:
    """A restart must not forget that somebody waits."""
    value, partition = _waiting_guest()
    partition.take(b"ann", value)
    partition.restored(soon=at(3600))

    guest = Draft(partition).guest(GUEST)
    assert guest is not None
    assert len(guest.waiting) == 1
    assert partition.waiting.keys() == {GUEST}
    assert [found for _, found in partition.timers.due(at(3600), 9)] == [GUEST]


def test_a_tombstone_forgets_a_guest() -> None:
    """Guests without business are removed so; they must not come back."""
    value, partition = _waiting_guest()
    partition.take(b"ann", value)
    partition.take(b"ann", None)

    assert Draft(partition).guest(GUEST) is None


def test_a_partition_knows_whether_it_was_assembled_before() -> None:
    """It is no guest that says so."""
    partition = Partition(0)
    partition.take(BEGAN_KEY, b"\x01")

    assert partition.began
    assert not partition.store


def test_a_forgotten_guest_has_no_timer() -> None:
    """It would fire for nobody."""
    value, partition = _waiting_guest()
    partition.put(GUEST, value, state.decode(value))
    partition.forget(GUEST)

    assert partition.timers.due(at(1e9), 9) == []
    assert not partition.waiting


def test_a_guest_who_is_idle_costs_little_beside_its_value() -> None:
    """Memory is for guests, not for what keeps them: a million are a pod's."""
    value = state.encode(Guest.new(GUEST, START), at(1e7))
    keys = [str(UUID(int=number)).encode() for number in range(20_000)]
    values = [bytes(bytearray(value)) for _ in keys]
    partition = Partition(0)
    tracemalloc.start()
    try:
        for key, one in zip(keys, values, strict=True):
            partition.take(key, one)
        partition.restored(soon=at(0))
        used, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert used / len(keys) < 600
