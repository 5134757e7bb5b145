"""Registering schemas, as far as it needs no registry."""

from click.testing import CliRunner

from pipeline.cli.main import main


def test_without_a_registry_nothing_is_registered() -> None:
    """Silence would look like success."""
    result = CliRunner().invoke(main, ["schemas", "register"])

    assert result.exit_code == 78
    assert "set `registry.url`" in result.stderr


def test_a_registry_that_is_not_there_is_named() -> None:
    """With the exit code of an outside system that does not answer."""
    environment = {"PIPELINE_REGISTRY__URL": "http://127.0.0.1:1"}

    result = CliRunner().invoke(main, ["schemas", "register", "--check"], env=environment)

    assert result.exit_code == 69
    assert "the schema registry does not answer" in result.stderr
