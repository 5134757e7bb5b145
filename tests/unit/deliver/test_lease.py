"""A worker that was frozen sends nothing when it wakes."""

from pipeline.deliver.lease import Lease


def test_nothing_starts_before_a_commit_was_acknowledged() -> None:
    """Being assigned says only what was true when it was decided."""
    assert not Lease(20).holds(0)


def test_it_counts_from_when_the_commit_was_asked_for() -> None:
    """The coordinator may have answered long before the answer was read."""
    lease = Lease(20)

    lease.renewed(100)

    assert lease.holds(120)
    assert not lease.holds(120.1)


def test_an_older_answer_does_not_shorten_it() -> None:
    """Answers may come out of order."""
    lease = Lease(20)
    lease.renewed(100)

    lease.renewed(90)

    assert lease.holds(115)


def test_losing_partitions_ends_it_at_once() -> None:
    """Another member has them."""
    lease = Lease(20)
    lease.renewed(100)

    lease.lost()

    assert not lease.holds(100)
