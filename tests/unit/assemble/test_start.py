"""Where a new group begins."""

import pytest

from pipeline.assemble.start import start_at
from pipeline.errors import ConfigError


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
