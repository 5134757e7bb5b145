"""An answer counts for the commit that it answers."""

from pipeline.deliver.asked import Asked


def test_the_answer_to_an_earlier_commit_does_not_count() -> None:
    """It may have lain there while the process was frozen and its partitions went to another."""
    asked = Asked()
    earlier, later = asked.next(), asked.next()

    assert not asked.answered([earlier])
    assert asked.answered([later, later])


def test_a_commit_is_answered_once() -> None:
    """Nothing else that comes, such as the commit of a release, speaks for it."""
    asked = Asked()
    name = asked.next()

    assert not asked.answered(["released"])
    assert not asked.answered([])
    assert asked.answered([name])
    assert not asked.answered([name])
