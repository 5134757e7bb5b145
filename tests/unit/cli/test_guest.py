"""What `pipeline guest` refuses before it asks Kafka anything."""

from click.testing import CliRunner

from pipeline.cli.main import main


def test_it_shows_an_example_and_refuses_what_makes_no_sense() -> None:
    """It says what it reads before anybody runs it on a large cluster."""
    runner = CliRunner()
    shown = runner.invoke(main, ["guest", "--help"]).output

    assert "pipeline --config pipeline.example.yaml guest guest-1" in shown
    assert "one partition of three topics" in shown
    assert runner.invoke(main, ["guest"]).exit_code == 64
    assert runner.invoke(main, ["guest", "ann", "--within-s", "0"]).exit_code == 64
