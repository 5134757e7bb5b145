"""What each part may do in Kafka: no more than it does."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from pipeline.acls_page import page
from pipeline.cli.main import main
from pipeline.config import RekeySettings, Settings, TopicSettings
from pipeline.kafka.rights import DELETE, PARTS, READ, WRITE, Kind, Right, needed

ROOT = Path(__file__).parents[3]


def _shown() -> str:
    rekey = {"PIPELINE_REKEY": '{"sources": ["payments-by-order"], "target": "commerce-events"}'}
    result = CliRunner().invoke(main, ["topics", "--acls"], env=rekey)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_page_says_what_the_command_prints() -> None:
    """`make docs` writes it anew; whoever grants by hand reads it there."""
    assert (ROOT / "docs" / "acls.md").read_text() == page()
    assert f"```\n{_shown()}```" in page()
    assert "operate: " in _shown()


def test_without_rekey_nobody_is_asked_to_grant_it() -> None:
    """A right that nothing uses is one that somebody else may use."""
    with_rekey = Settings(rekey=RekeySettings(sources=("payments",), target="commerce-events"))

    assert PARTS.keys() - needed(Settings()).keys() == {"rekey"}
    assert needed(with_rekey).keys() == PARTS.keys()


def test_no_part_has_a_right_twice() -> None:
    """Kafka refuses to be given the same twice in one request."""
    for rights in needed(Settings()).values():
        assert len(set(rights)) == len(rights)


def test_only_an_operator_may_delete_and_only_what_a_reset_deletes() -> None:
    """A worker that is taken over must not be able to empty a topic."""
    topics = TopicSettings(commerce=("a", "b"), stream_events="s")
    rights = needed(Settings(application="shop", topics=topics))

    deletes = {part: [r for r in found if r.operation is DELETE] for part, found in rights.items()}

    assert deletes.pop("operate") == [
        Right(DELETE, Kind.TOPIC, "s"),
        Right(DELETE, Kind.GROUP, "shop-assemble"),
        Right(DELETE, Kind.GROUP, "shop-deliver"),
    ]
    assert not any(deletes.values())


def test_shops_only_write_and_deliver_never_reads_what_they_wrote() -> None:
    """Each sees no more personal data than it needs."""
    rights = needed(Settings())

    assert rights["publish"] == (Right(WRITE, Kind.TOPIC, "commerce-events"),)
    assert Right(READ, Kind.TOPIC, "commerce-events") not in rights["deliver"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("--acls", "--principal", "assemble"),
            "say PART=PRINCIPAL such as assemble=User:assemble",
        ),
        (("--acls", "--principal", "asemble=User:a"), "is 'asemble=User:a'"),
        (("--acls", "--principal", "rekey=User:a"), "names 'rekey', which is not set up"),
        (("--acls", "--yes"), "whom to grant rights to"),
        (("--acls", "create"), "do not go together"),
        (("--yes",), "say `create`, `compare` or `--acls`"),
    ],
)
def test_a_command_line_that_grants_nobody_anything_is_refused(
    arguments: tuple[str, ...], said: str
) -> None:
    """A typing error must not grant a right to somebody else."""
    result = CliRunner().invoke(main, ["topics", *arguments])

    assert result.exit_code == 64
    assert said in result.stderr
