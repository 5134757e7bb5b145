"""Topics as they should be, and how those differ that are there."""

import pytest

from pipeline.config import TopicSettings
from pipeline.errors import ConfigError
from pipeline.kafka.topics import (
    LETTER_EXTRA_BYTES,
    Found,
    Topic,
    check_partitions,
    differences,
    planned,
)

WANTED = Topic("states", 4, 3, {"cleanup.policy": "compact", "max.message.bytes": "4000"})


def _plan(**changes: int) -> dict[str, Topic]:
    topics = TopicSettings(**changes)
    return {topic.name: topic for topic in planned(topics, partitions=8, source_bytes=5_000_000)}


def test_states_are_kept_as_long_as_a_guest_is_known() -> None:
    """A state topic that deletes by age forgets who bought what."""
    assert _plan()["guest-states"].config["cleanup.policy"] == "compact"
    assert _plan()["deliveries"].config["cleanup.policy"] == "compact"
    assert _plan()["stream-events"].config["cleanup.policy"] == "delete"


def test_a_dead_letter_is_larger_than_the_record_it_holds() -> None:
    """A topic that takes no more than the source would refuse the largest letters."""
    limit = int(_plan()["dead-letters"].config["max.message.bytes"])

    assert limit == 5_000_000 + LETTER_EXTRA_BYTES


def test_all_topics_have_the_commerce_topics_partitions() -> None:
    """State, output and input of a guest share one partition number."""
    assert {topic.partitions for topic in _plan().values()} == {8}


def test_two_replicas_must_have_a_record_where_there_are_three() -> None:
    """With one, a broker's crash loses what was acknowledged."""
    assert _plan()["guest-states"].config["min.insync.replicas"] == "2"
    assert "min.insync.replicas" not in _plan(replication_factor=1)["guest-states"].config


def test_a_missing_topic_is_a_difference() -> None:
    """It is the first thing that goes wrong."""
    (difference,) = differences(WANTED, None)

    assert str(difference) == "states: topic is missing, wanted there"


def test_more_room_than_wanted_is_no_difference() -> None:
    """Nobody must be asked to lower what does no harm."""
    found = Found(4, {"cleanup.policy": "compact", "max.message.bytes": "9000"})

    assert differences(WANTED, found) == ()


def test_what_would_do_harm_is_named() -> None:
    """A person must be able to mend it from this line alone."""
    found = Found(6, {"cleanup.policy": "delete", "max.message.bytes": "100"})

    assert [str(one) for one in differences(WANTED, found)] == [
        "states: partitions is 6, wanted 4",
        "states: cleanup.policy is delete, wanted compact",
        "states: max.message.bytes is 100, wanted 4000",
    ]


@pytest.mark.parametrize(
    ("counts", "said"),
    [({"a": 4}, "'b' does not exist"), ({"a": 4, "b": 5}, "'b' has 5 partitions and 'a' has 4")],
)
def test_topics_that_do_not_fit_stop_the_worker(counts: dict[str, int], said: str) -> None:
    """With other counts a guest's records would not meet their state."""
    with pytest.raises(ConfigError, match=said):
        check_partitions(counts, ["a", "b"])


def test_topics_that_fit_say_how_many_partitions_there_are() -> None:
    """It is the number of partitions that the group shares."""
    assert check_partitions({"a": 4, "b": 4}, ["a", "b"]) == 4
