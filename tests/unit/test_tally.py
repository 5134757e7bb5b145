"""A counter of our own shows what the library's would."""

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter
from prometheus_client.exposition import generate_latest

from pipeline.metrics.tally import Tally

LABEL = st.sampled_from(["VIEW", "ADD", "CHECKOUT"])


@given(st.lists(st.tuples(LABEL, LABEL, st.integers(1, 5))))
def test_it_shows_what_the_librarys_own_shows(counted: list[tuple[str, str, int]]) -> None:
    """Dashboards and alerts cannot tell them apart."""
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    mine = Tally("done", "How often.", ["type", "outcome"], registry=ours)
    known = Counter("done", "How often.", ["type", "outcome"], registry=theirs)

    for kind, outcome, times in counted:
        mine.add(kind, outcome, times=times)
        known.labels(kind, outcome).inc(times)

    assert generate_latest(ours) == generate_latest(theirs)
