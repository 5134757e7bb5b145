"""How long orders waited, and for what."""

from pipeline.assemble.waits import ended
from pipeline.commerce.events import CommerceEvent
from tests.unit.assemble.scene import Scene
from tests.unit.orders.story import Story, added, identified, line, paid, placed


def waited(*events: CommerceEvent, until: float | None = None) -> list[tuple[str, float]]:
    """The waits that the last event ends, or the timers up to that second."""
    story = Story()
    story.hears(*(events if until is not None else events[:-1]))
    before = story.steps[-1].guest
    assert before is not None
    step = story.hears(events[-1]) if until is None else story.waits_until(until).steps[-1]
    return list(ended(before, step))


def test_an_order_waited_until_what_it_lacked_came() -> None:
    """This is the part of the delay that settings ask for, not that Kafka or we take."""
    order = placed(2, "1001", line("shoes"))

    assert waited(order, identified(32)) == [("identity", 30.0)]


def test_an_order_waited_for_its_payment() -> None:
    """Each kind of wait has a setting of its own."""
    order = placed(2, "1001", line("shoes"), payment=None)

    assert waited(identified(1), order, paid(12)) == [("payment", 10.0)]


def test_an_order_that_is_set_aside_waited_too() -> None:
    """The longest waits end so: without them all would look well."""
    assert waited(placed(2, "1001", line("shoes")), until=602) == [("identity", 600.0)]


def test_what_lets_an_order_wait_on_ends_no_wait() -> None:
    """Another event of the guest is owed meanwhile."""
    assert waited(placed(2, "1001", line("shoes")), added(3, "hat")) == []


def test_what_a_partition_holds_is_counted_in_bytes() -> None:
    """Memory runs out by bytes and not by guests."""
    scene = Scene()
    scene.joins(0)
    scene.hears(added(1, "shoes"), added(2, "hat"))
    scene.turns()
    scene.hears(identified(3))
    scene.turns()
    (partition,) = scene.worker._members.active.values()
    assert partition.state_bytes == sum(map(len, partition.store.values())) > 0

    scene.restart()
    scene.joins(0)
    (restored,) = scene.worker._members.active.values()
    assert restored.state_bytes == partition.state_bytes

    restored.forget(next(iter(restored.store)))
    assert restored.state_bytes == 0
