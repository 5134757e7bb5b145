"""What a partition remembers of its topics, and which changes it refuses."""

import pytest

from pipeline.assemble import began
from pipeline.assemble.partition import BEGAN_VALUE
from pipeline.errors import StateError
from pipeline.kafka.identity import Identity
from tests.fake_log import TOPICS
from tests.unit.assemble.scene import Scene
from tests.unit.orders.story import added

ONE = TOPICS._replace(identities={"commerce": Identity("first-id", 8)})


def test_the_same_topics_are_taken() -> None:
    """A restart changes nothing."""
    began.check(began.encode(ONE), ONE)


def test_a_topic_that_was_made_again_is_refused_with_both_ids() -> None:
    """Its offsets begin at 0 again: what is known of guests belongs to another history."""
    made_again = ONE._replace(identities={"commerce": Identity("second-id", 8)})

    with pytest.raises(StateError, match=r"'commerce' .* first-id .* second-id: .*pipeline reset"):
        began.check(began.encode(ONE), made_again)


def test_another_number_of_partitions_is_refused() -> None:
    """Even if every topic got more: guests have moved, and their states have not."""
    more = ONE._replace(identities={"commerce": Identity("first-id", 12)})

    with pytest.raises(StateError, match=r"had 8 partitions and now has 12: .*new topic"):
        began.check(began.encode(ONE), more)


def test_a_topic_that_was_not_read_before_is_no_contradiction() -> None:
    """Shops may bring one more; it begins where a new one does."""
    two = ONE._replace(
        commerce=("commerce", "payments"),
        identities={**ONE.identities, "payments": Identity("third-id", 8)},
    )

    began.check(began.encode(ONE), two)

    assert began.encode(two) != began.encode(ONE)


def test_where_no_broker_tells_nothing_is_compared() -> None:
    """The embedded broker has no ids."""
    began.check(began.encode(ONE), TOPICS)
    began.check(began.encode(TOPICS), ONE)
    began.check(b"", ONE)

    assert began.encode(TOPICS) == BEGAN_VALUE


@pytest.mark.parametrize("value", [b"\x02", b"[2]", b'[1, [["a"]]]', b"{}"])
def test_what_another_program_wrote_is_refused(value: bytes) -> None:
    """To guess would be to compare nothing."""
    with pytest.raises(StateError, match="another program"):
        began.check(value, ONE)


def test_it_is_written_with_the_first_offsets_and_when_topics_are_added() -> None:
    """And never else: it costs a record a partition."""
    scene = Scene(topics=ONE)
    scene.joins(0)
    for second in range(2):
        scene.hears(added(second, f"item-{second}"))
        scene.turns()

    written = [write for write in scene.log.written if write.key == b"\x00began"]
    assert [write.value for write in written] == [began.encode(ONE)]


def test_a_worker_refuses_a_topic_that_was_made_again() -> None:
    """Kafka has deleted the offsets with the topic: the states alone can tell."""
    scene = Scene(topics=ONE)
    scene.joins(0)
    scene.hears(added(1, "shoes"))
    scene.turns()
    scene.log.offsets.clear()
    scene.log.topics = ONE._replace(identities={"commerce": Identity("second-id", 8)})
    scene.restart()

    with pytest.raises(StateError, match="first-id"):
        scene.joins(0)
