"""What a reset says that it will do."""

from click.testing import CliRunner

from pipeline.assemble.log import Input
from pipeline.cli.main import main
from pipeline.reset.plan import Plan, said

FIRST, SECOND = Input("commerce", 0), Input("commerce", 1)
PLAN = Plan(
    begins={FIRST: 10, SECOND: 40},
    committed={FIRST: 25, SECOND: None},
    ends={FIRST: 30, SECOND: 50},
    owed=7,
    members={"shop-assemble": 0, "shop-deliver": 2},
)


def test_what_is_read_again_and_what_is_left_out_are_counted() -> None:
    """A wrong time is seen by its numbers before it does harm."""
    first = next(said(PLAN))

    assert first.startswith("commerce: 2 partitions")
    assert "30 offsets, 15 of them again; 40 that were not read are left out" in first


def test_everything_that_is_forgotten_is_named() -> None:
    """Who says yes has been told."""
    text = "\n".join(said(PLAN))

    assert "every guest is forgotten" in text
    assert "7 offsets are deleted" in text
    assert "are sent again" in text
    assert "rekey" in text


def test_those_who_must_be_stopped_first_are_named() -> None:
    """And those without members are not."""
    text = "\n".join(said(PLAN))

    assert "shop-deliver: 2 live members" in text
    assert "shop-assemble" not in text


def test_a_time_without_its_zone_is_refused() -> None:
    """An hour too early sends orders twice."""
    refused = CliRunner().invoke(main, ["reset", "--to", "2026-01-31T00:00:00"])

    assert refused.exit_code == 64
    assert "2026-01-31T00:00:00Z" in refused.output
