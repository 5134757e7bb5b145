"""Whether topics are still those that they were."""

from pipeline.kafka.identity import Identity, changed

KNOWN = {"a": Identity("id-a", 8), "b": Identity("id-b", 8)}


def test_the_same_topics_are_no_change() -> None:
    """What was not known before does not matter."""
    assert changed(KNOWN, {**KNOWN, "c": Identity("id-c", 3)}) is None


def test_a_topic_that_was_deleted_is_a_change() -> None:
    """To wait for records that nobody can publish is to look healthy and do nothing."""
    why = changed(KNOWN, {"a": KNOWN["a"]})

    assert why is not None
    assert "'b' of id id-b was deleted" in why
    assert "pipeline reset" in why


def test_a_topic_that_was_made_again_is_a_change_with_both_ids() -> None:
    """Both names in one line are what a person needs to find out who did it."""
    why = changed(KNOWN, {**KNOWN, "b": Identity("id-new", 8)})

    assert why is not None
    assert "it had id id-b and now has id-new" in why


def test_another_number_of_partitions_is_a_change() -> None:
    """Guests move to other partitions, away from what is known of them."""
    why = changed(KNOWN, {**KNOWN, "b": Identity("id-b", 9)})

    assert why is not None
    assert "'b' had 8 partitions and now has 9" in why
