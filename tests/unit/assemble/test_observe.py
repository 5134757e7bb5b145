"""What the loop shows of itself, as dashboards and alerts read it."""

from prometheus_client import REGISTRY

from pipeline.assemble.observe import EVERY_S
from pipeline.errors import UnavailableError
from tests.unit.assemble.scene import Scene
from tests.unit.orders.story import START, added, identified


def shown(name: str, **labels: str) -> float | None:
    """A sample as it is scraped; None: there is none."""
    return REGISTRY.get_sample_value(name, labels)


def backlog() -> float | None:
    """What lies unread of the one partition."""
    return shown("pipeline_backlog_records", topic="commerce", partition="0")


def oldest() -> float | None:
    """Since when the oldest record waits."""
    return shown("pipeline_oldest_pending_timestamp_seconds", worker="assemble")


def partitions(state: str) -> float | None:
    """How many partitions are in that state."""
    return shown("pipeline_partitions", state=state)


def observed(scene: Scene) -> None:
    """Turn often enough to be looked at."""
    scene.clock.moves(EVERY_S)
    scene.turns(2)


def test_what_lies_unread_is_shown_with_its_age() -> None:
    """While the registry is away nothing is lost, and somebody must know."""
    scene = Scene()
    scene.joins(0)
    scene.hears(identified(0))
    observed(scene)
    assert (backlog(), oldest()) == (0, 0)

    scene.registry_down = True
    scene.hears(added(11, "shoes"), added(12, "coat"))
    observed(scene)
    observed(scene)

    assert backlog() == 2
    assert oldest() == START / 1000 + EVERY_S


def test_what_was_taken_last_says_how_old_the_rest_can_be() -> None:
    """A topic that is never read to its end, as under steady load, may be on time all the same."""
    scene = Scene()
    scene.joins(0)
    scene.hears(identified(100))
    scene.turns(2)

    scene.registry_down = True
    scene.hears(added(101, "shoes"))
    observed(scene)

    assert oldest() == START / 1000 + 100


def test_a_partition_that_is_not_read_back_is_not_at_work() -> None:
    """It shows neither backlog nor age: this number must tell."""
    scene = Scene()
    scene.log.errors["committed"] = [UnavailableError("pending")] * 10
    scene.joins(0)
    observed(scene)
    assert (partitions("at_work"), partitions("waiting")) == (0, 1)

    scene.log.errors.clear()
    scene.turns(2)
    observed(scene)
    assert (partitions("at_work"), partitions("waiting")) == (1, 0)


def test_a_partition_that_has_has_gone_is_not_shown() -> None:
    """Two members would count its backlog."""
    scene = Scene()
    scene.joins(0)
    scene.hears(identified(0))
    observed(scene)
    assert backlog() is not None

    scene.log.revoke(0)
    observed(scene)

    assert backlog() is None
