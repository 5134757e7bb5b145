"""Writes the page of cases from the tests that show them: `python -m tests.cases.page docs`."""

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from pipeline.rulebook import RULES

CASES = 113
FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[1]
_NAME = re.compile(r"test_case_(\d{3})_\w+")
_HEAD = f"""# Cases

What the Stream API documents comes to {CASES} cases. This page says what the pipeline does in each
of them, and names the test that shows it: from what a shop says to the request that leaves, to
the refusal, or to what an answer leads to. Events are published, and points of sale set up, as
`docs/settings.md` says. It is written from the tests by `make docs`.

Unless a row says otherwise the point of sale has the defaults: protocol `automatic`, data model
2.1. "Refused where it is read" means that no commerce event can say it: `pipeline publish` names
line and field, and a record that says it all the same goes to the dead letters byte by byte.
"""
_RULES = """## Rules

What is set aside is in `dead-letters` under one of these names, with the field and what was found.
`pipeline preview` shows it before anything is published.
"""


class Case(NamedTuple):
    """One case, as its test tells it."""

    number: int
    said: str
    """What happens, in a sentence."""
    does: str
    """What the pipeline then does."""
    test: str
    place: str
    """Where the test stands, from the folder of the page."""
    rules: frozenset[str]
    """Rules that the test names."""


def cases() -> list[Case]:
    """Read every case from its test, in the order of their numbers."""
    found = [case for file in FOLDER.glob("test_*.py") for case in _cases_of(file)]
    return sorted(found)


def page() -> str:
    """The page, in Markdown."""
    return "\n".join([_HEAD, *_tables(cases()), _RULES, *_rules(cases()), ""])


def _cases_of(file: Path) -> Iterator[Case]:
    tree = ast.parse(file.read_text())
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and (match := _NAME.fullmatch(node.name)):
            said, _, does = (ast.get_docstring(node) or "").partition("\n\n")
            texts = {one.value for one in ast.walk(node) if isinstance(one, ast.Constant)}
            yield Case(
                int(match[1]),
                " ".join(said.split()),
                " ".join(does.split()),
                node.name,
                f"../{file.relative_to(ROOT)}",
                frozenset(text for text in texts if isinstance(text, str) and text in RULES),
            )


def _tables(all_cases: Iterable[Case]) -> Iterator[str]:
    by_file: defaultdict[str, list[Case]] = defaultdict(list)
    for case in all_cases:
        by_file[case.place].append(case)
    for place, group in by_file.items():
        yield f"## {_title((FOLDER / Path(place).name).read_text())}\n"
        yield "| case | what happens | what the pipeline does | test |\n| --- | --- | --- | --- |"
        yield from map(_row, group)
        yield ""


def _title(source: str) -> str:
    """What a module of tests says of itself, without the numbers."""
    said = (ast.get_docstring(ast.parse(source)) or "").splitlines()[0].rstrip(".")
    title = said.partition(": ")[2]
    return title[:1].upper() + title[1:]


def _row(case: Case) -> str:
    number = f'<a id="case-{case.number:03}"></a>{case.number}'
    test = f"[`case_{case.number:03}`]({case.place})"
    return f"| {number} | {case.said} | {case.does} | {test} |"


def _rules(all_cases: Iterable[Case]) -> Iterator[str]:
    shown: defaultdict[str, list[int]] = defaultdict(list)
    for case in all_cases:
        for rule in case.rules:
            shown[rule].append(case.number)
    yield "| rule | what it means | cases |\n| --- | --- | --- |"
    yield from (_rule(rule, RULES, shown[rule]) for rule in sorted(RULES))


def _rule(rule: str, rules: Mapping[str, str], numbers: Iterable[int]) -> str:
    links = ", ".join(f"[{number}](#case-{number:03})" for number in numbers)
    return f'| <a id="{rule}"></a>`{rule}` | {rules[rule]} | {links} |'


if __name__ == "__main__":
    (Path(sys.argv[1]) / "cases.md").write_text(page())
