"""Where a new group begins."""

import pytest

from pipeline.assemble.start import Beginning, go_on, start_at
from pipeline.errors import ConfigError, StateError


def test_earliest_is_the_first_record_that_there_is() -> None:
    """Nothing is left out unless somebody says so."""
    assert start_at("earliest") is None


@pytest.mark.parametrize("said", ["2026-01-31T00:00:00Z", "2026-01-31T01:00:00+01:00"])
def test_a_time_says_which_zone_it_means(said: str) -> None:
    """An hour too late would leave out an hour of orders."""
    assert start_at(said) == 1_769_817_600_000


@pytest.mark.parametrize("said", ["latest", "", "2026-01-31T00:00:00", "yesterday"])
def test_anything_else_is_refused_before_anything_is_read(said: str) -> None:
    """A misread setting would begin at the wrong place, and be noticed days later."""
    with pytest.raises(ConfigError, match=r"assemble\.start_at"):
        start_at(said)


def test_what_is_there_is_read_on() -> None:
    """A restart goes on behind what was committed."""
    assert go_on("commerce/0", 5, first=2, end=9) == Beginning(5, expired=0)
    assert go_on("commerce/0", 9, first=2, end=9) == Beginning(9, expired=0)


def test_what_retention_has_deleted_is_counted_and_the_rest_read() -> None:
    """Waiting brings nothing back; to begin at the end would lose what is left too."""
    assert go_on("commerce/0", 5, first=7, end=9) == Beginning(7, expired=2)
    assert go_on("commerce/0", 5, first=9, end=9) == Beginning(9, expired=4)


def test_what_was_read_and_is_no_longer_there_is_refused() -> None:
    """Offsets that are given out again would be taken for read."""
    with pytest.raises(StateError, match=r"commerce/0 ends at 4, but 5 was committed: .*reset"):
        go_on("commerce/0", 5, first=0, end=4)
