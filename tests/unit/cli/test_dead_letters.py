"""What `pipeline dead-letters` refuses before it asks Kafka anything."""

import pytest
from click.testing import CliRunner, Result

from pipeline.cli.main import main


def ran(*arguments: str) -> Result:
    """Run a command line."""
    return CliRunner().invoke(main, arguments)


@pytest.mark.parametrize("name", ["list", "show", "replay", "discard"])
def test_each_of_them_shows_an_example(name: str) -> None:
    """One that works when it is pasted says more than its options."""
    found = ran("dead-letters", name, "--help")

    assert found.exit_code == 0
    example = f"pipeline --config pipeline.example.yaml dead-letters {name}"
    assert f"Example:\n    {example}" in found.output


@pytest.mark.parametrize("name", ["list", "replay", "discard"])
@pytest.mark.parametrize(
    ("filters", "said"),
    [
        (("--offset", "3"), "--offset needs --partition"),
        (("--since", "yesterday"), "say a time such as"),
        (("--until", "2026-01-31T00:00:00"), "say a time such as"),
        (("--partition", "-1"), "-1 is not in the range"),
    ],
)
def test_a_filter_that_makes_no_sense_is_refused(
    name: str, filters: tuple[str, ...], said: str
) -> None:
    """One that was passed over would mean more letters than were meant."""
    found = ran("dead-letters", name, *filters)

    assert found.exit_code == 64
    assert said in found.output
