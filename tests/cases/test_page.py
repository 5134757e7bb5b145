"""The page of cases says what the tests show, and the rule book names every rule that there is."""

import ast
from collections.abc import Iterator
from pathlib import Path

from pipeline.errors import Unreadable
from pipeline.rulebook import PAGE, RULES, link
from tests.cases.page import CASES, ROOT, cases, page

_NAMING = {"refuse", "Refusal", "OrderRule"}
"""What takes the name of a rule first."""
_OF_REKEY = {"guest_id_missing", "record_too_large"}


def test_every_case_has_one_test() -> None:
    """A case without a test is a promise without proof."""
    assert [case.number for case in cases()] == list(range(1, CASES + 1))


def test_every_case_says_what_happens_and_what_is_done() -> None:
    """A row of the page with an empty cell tells nobody anything."""
    assert [case.number for case in cases() if not (case.said and case.does)] == []
    assert [case.number for case in cases() if "|" in case.said + case.does] == []


def test_the_page_is_current() -> None:
    """`make docs` writes it anew."""
    assert (ROOT / PAGE).read_text() == page()


def test_the_rule_book_has_every_rule_and_no_other() -> None:
    """Whoever finds a letter looks its reason up."""
    used = {name for file in (ROOT / "pipeline").rglob("*.py") for name in _rules_in(file)}

    assert used | _OF_REKEY | {reason.value for reason in Unreadable} == set(RULES)


def test_preview_links_to_a_place_that_is_there() -> None:
    """A link that leads nowhere is worse than none."""
    text = page()

    assert [rule for rule in RULES if f'id="{link(rule).partition("#")[2]}"' not in text] == []


def _rules_in(file: Path) -> Iterator[str]:
    """The names of rules that a module gives, as literals or by constants of its own."""
    tree = ast.parse(file.read_text())
    constants = {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Constant)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        for name in _namings(node):
            if isinstance(name, ast.Constant) and isinstance(name.value, str):
                yield name.value
            elif isinstance(name, ast.Name) and name.id in constants:
                yield str(constants[name.id])


def _namings(node: ast.AST) -> Iterator[ast.AST]:
    """What stands where a rule is named: in a call, or in what is kept as `rule`."""
    match node:
        case ast.Call(func=ast.Name(id=called) | ast.Attribute(attr=called)):
            if called in _NAMING:
                yield from node.args[:1]
            if called == "DeadLetter":
                yield from (word.value for word in node.keywords if word.arg == "reason")
        case ast.Assign(targets=[ast.Name(id="rule")], value=ast.IfExp(body=one, orelse=other)):
            yield from (one, other)
        case ast.Assign(targets=[ast.Name(id="rule")], value=value):
            yield value
