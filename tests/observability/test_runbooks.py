"""Runbooks have the same four parts, and what they tell people to type works."""

import re
import shlex
from pathlib import Path

import click
import pytest
import yaml

from pipeline.cli.main import main
from pipeline.config import Settings
from pipeline.config_problems import alternatives, is_section
from tests.components.prometheus import promtool
from tests.observability.sources import ROOT, RUNBOOKS, blocks, filled, of_dashboards, of_runbooks

PAGES = sorted(path for path in RUNBOOKS.glob("*.md") if path.stem != "README")
PARTS = ["Meaning", "Impact", "Diagnosis", "Mitigation"]
STANDS_FOR = {"PARTITION": "3", "OFFSET": "1044"}


def commands() -> list[list[str]]:
    """Every `pipeline` command of every page, without what stands before it."""
    lines = [
        line.partition(" -- ")[2] or line
        for page in RUNBOOKS.glob("*.md")
        for block in blocks(page, "sh")
        for line in block.splitlines()
    ]
    found = [shlex.split(line) for line in lines if line.startswith("pipeline ")]
    return [[STANDS_FOR.get(word, word) for word in words] for words in found]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_has_its_four_parts(page: Path) -> None:
    """In this order, each with something in it."""
    text = page.read_text()
    parts = re.findall(r"^## (\w+)\n\n(\S)", text, re.M)

    assert text.startswith(f"# {page.stem}\n")
    assert [name for name, _ in parts] == PARTS


@pytest.mark.parametrize("page", sorted(RUNBOOKS.glob("*.md")), ids=lambda page: page.stem)
def test_links_lead_to_pages(page: Path) -> None:
    """Nobody should have to search."""
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
        assert (page.parent / target).is_file(), target


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_commands_are_understood(words: list[str]) -> None:
    """Options and arguments exist, and mean what they should."""
    command: click.Command = main
    name, *arguments = words
    context = click.Context(main, info_name=name)
    while isinstance(command, click.Group):
        inner = command.get_command(context, arguments[0])
        assert inner is not None, words
        command, arguments = inner, arguments[1:]

    command.make_context(name, arguments, parent=context)


@pytest.mark.parametrize("page", sorted(RUNBOOKS.glob("*.md")), ids=lambda page: page.stem)
def test_what_is_searched_for_is_written(page: Path) -> None:
    """Log lines and settings have the names that the program gives them."""
    written = "".join(path.read_text() for path in (ROOT / "pipeline/metrics").glob("*.py"))
    searched = [
        event
        for block in blocks(page, "sh")
        for pattern in re.findall(r"grep (?:-E )?(.*)", block)
        for event in re.findall(r"[a-z_]+\.[a-z_]+", pattern)
    ]
    settings = re.findall(
        r"`(assemble|deliver|kafka|rekey|server|sitecore|topics)\.([a-z_]+)`", page.read_text()
    )

    assert [event for event in searched if f'"{event}"' not in written] == []
    assert [(part, name) for part, name in settings if name not in fields_of(part)] == []


def fields_of(part: str) -> set[str]:
    """The settings of a section."""
    (section,) = (
        one for one in alternatives(Settings.model_fields[part].annotation) if is_section(one)
    )
    return set(section.model_fields)


def test_there_are_commands() -> None:
    """The test above is about something."""
    assert len(commands()) > 15


def test_queries_are_understood(tmp_path: Path, prometheus_tools: None) -> None:
    """Those of runbooks, and those of dashboards as Grafana sends them."""
    asked = [*of_runbooks(), *of_dashboards()]
    rules = [
        {"record": f"asked:query{nth}", "expr": filled(one.query)} for nth, one in enumerate(asked)
    ]
    file = tmp_path / "asked.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "asked", "rules": rules}]}))

    done = promtool("check", "rules", "--lint=none", str(file))

    assert done.returncode == 0, done.stdout + done.stderr
    assert len(asked) > 100
