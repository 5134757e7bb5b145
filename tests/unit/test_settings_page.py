"""The example file, the reference page and the schema say what the program says."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.config import Settings, load
from pipeline.policies import delivery_policy, order_policy
from pipeline.settings_page import page, schema

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "pipeline.example.yaml"


def names(tree: Any) -> set[str]:
    """Every key that stands in a tree, at any depth."""
    if isinstance(tree, dict):
        return set(tree).union(*map(names, tree.values()))
    return set().union(*map(names, tree)) if isinstance(tree, list) else set()


def set_by_people(section: dict[str, Any], definitions: dict[str, Any]) -> set[str]:
    """Every setting of the schema, at any depth."""
    found = set(section.get("properties", {}))
    for part in definitions.values():
        found |= set(part.get("properties", {}))
    return found


def test_the_example_can_be_used_as_it_is() -> None:
    """A new user copies it; whatever it says has been read by the program."""
    settings = load(EXAMPLE, {})

    assert order_policy(settings).points_of_sale.keys() == {"shop/dublin", "kiosk/lisbon"}
    assert delivery_policy(settings).points_of_sale == order_policy(settings).points_of_sale


def test_the_example_shows_every_setting() -> None:
    """What is not shown is not found; those that are commented out count."""
    described = Settings.model_json_schema()
    text = EXAMPLE.read_text()
    shown = names(yaml.safe_load(text))

    missing = set_by_people(described, described["$defs"]) - shown

    assert {name for name in missing if f"#   {name}:" not in text} == set()


def test_the_example_has_the_defaults_that_hold() -> None:
    """Deleting a line that stands at its default changes nothing."""
    ours = load(EXAMPLE, {}).model_dump(exclude={"sitecore": {"points_of_sale"}})

    assert ours == Settings().model_dump(exclude={"sitecore": {"points_of_sale"}})


@pytest.mark.parametrize(
    ("name", "text"), [("settings.md", page()), ("settings.schema.json", schema())]
)
def test_the_reference_is_current(name: str, text: str) -> None:
    """`make docs` writes it anew."""
    assert (ROOT / "docs" / name).read_text() == text
