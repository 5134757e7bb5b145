"""A histogram of our own shows what the library's would."""

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.exposition import generate_latest

from pipeline.metrics import SECONDS
from pipeline.metrics.durations import Durations

TIMES = st.one_of(st.floats(0, 20_000), st.sampled_from(SECONDS))


@given(st.lists(TIMES))
def test_it_shows_what_the_librarys_own_shows(seconds: list[float]) -> None:
    """Dashboards and alerts cannot tell them apart."""
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    mine = Durations("took_seconds", "How long.", registry=ours)
    known = Histogram("took_seconds", "How long.", buckets=SECONDS, registry=theirs)

    for one in seconds:
        mine.observe(one)
        known.observe(one)

    assert generate_latest(ours) == generate_latest(theirs)


@given(st.lists(st.tuples(TIMES, st.sampled_from(["retry", "pacing"]))))
def test_it_shows_labels_as_the_librarys_own_does(waits: list[tuple[float, str]]) -> None:
    """A cause that never came is not shown."""
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    mine = Durations("took_seconds", "How long.", ["cause"], registry=ours)
    known = Histogram("took_seconds", "How long.", ["cause"], buckets=SECONDS, registry=theirs)

    for seconds, cause in waits:
        mine.observe(seconds, cause)
        known.labels(cause).observe(seconds)

    assert generate_latest(ours) == generate_latest(theirs)
