"""The dashboards hold only what Grafana knows, and every panel says what it shows."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards.__main__ import BOARDS
from dashboards.grafana import written
from dashboards.overview import BUDGET
from tests.observability.sources import DASHBOARDS, boards, panels, rules

VARIABLES = ["datasource", "namespace", "job", "pod"]
UNITS = {value for value in vars(units).values() if isinstance(value, str)}
PANELS = dict(panels())

register_default_plugins()


def lost(given: Any, kept: Any, path: str = "") -> Iterator[str]:
    """Name every field that is not there any more, or says something else."""
    if isinstance(given, dict):
        for name, value in given.items():
            here = f"{path}.{name}"
            if not isinstance(kept, dict) or name not in kept:
                yield here
            else:
                yield from lost(value, kept[name], here)
    elif isinstance(given, list):
        if not isinstance(kept, list) or len(kept) != len(given):
            yield path
        else:
            for nth, (one, other) in enumerate(zip(given, kept, strict=True)):
                yield from lost(one, other, f"{path}[{nth}]")
    elif given != kept:
        yield path


@pytest.mark.parametrize("uid", boards())
def test_grafana_knows_every_field(uid: str) -> None:
    """It drops a misspelt one without a word."""
    board = boards()[uid]

    kept = json.loads(JSONEncoder().encode(Dashboard.from_json(board)))

    assert not list(lost(board, kept))


def test_a_misspelt_field_would_be_found() -> None:
    """In a panel, its options, its fields and its queries."""
    board = boards()["pipeline-overview"]
    (panel, *_) = (one for one in board["panels"] if one["type"] == "timeseries")
    panel["titel"] = panel["options"]["legnd"] = "?"
    panel["fieldConfig"]["defaults"]["custom"]["lineWidht"] = 1
    panel["targets"][0]["exprr"] = "up"

    kept = json.loads(JSONEncoder().encode(Dashboard.from_json(board)))

    found = {path.rpartition(".")[2] for path in lost(board, kept)}
    assert found == {"titel", "legnd", "lineWidht", "exprr"}


def test_the_files_are_those_of_the_code() -> None:
    """`make docs` writes them."""
    assert {path.stem: path.read_text() for path in DASHBOARDS} == {
        board.uid: written(board) for board in BOARDS
    }


@pytest.mark.parametrize("name", PANELS)
def test_a_panel_explains_itself(name: str) -> None:
    """Unit, sentence, what an empty one means, and colours that rise."""
    panel = PANELS[name]
    field = panel["fieldConfig"]["defaults"]
    steps = [step["value"] for step in field["thresholds"]["steps"]]

    assert re.fullmatch(r"[A-Z`].*\.", panel["description"])
    assert field["unit"] in UNITS | {"none"}
    assert field["noValue"]
    assert steps[0] is None
    assert steps[1:] == sorted(steps[1:])


@pytest.mark.parametrize("name", PANELS)
def test_a_panel_asks_for_what_is_chosen(name: str) -> None:
    """All variables in every selector, and windows that fit the zoom."""
    panel = PANELS[name]
    assert panel["datasource"]["uid"] == "${datasource}"
    for target in panel["targets"]:
        query = target["expr"]
        assert target["datasource"]["uid"] == "${datasource}"
        for metric, inside in re.findall(r"([a-z][a-z_:0-9]+)\{([^}]*)\}", query):
            chosen = ["namespace", "job"] if ":" in metric else ["namespace", "job", "pod"]
            assert all(f'{one}=~"${one}"' in inside for one in chosen), query
        assert set(re.findall(r"\[([^\]]+)\]", query)) <= {"$__rate_interval", "$__range"}
        assert not re.search(r"(pipeline|process|python)_[a-z_]+(?![a-z_:{0-9])", query), query


@pytest.mark.parametrize("uid", boards())
def test_a_board_has_its_variables_and_leads_to_the_others(uid: str) -> None:
    """With the choices and the time that are set."""
    board = boards()[uid]
    links = [link for link in board["links"] if set(link["tags"]) & set(board["tags"])]
    targets = [
        re.fullmatch(r"/d/([\w-]+)\?\$\{__url_time_range\}&\$\{__all_variables\}", link["url"])
        for panel in board["panels"]
        for link in panel.get("links", ())
    ]

    assert [one["name"] for one in board["templating"]["list"]] == VARIABLES
    assert links
    assert all(link["includeVars"] and link["keepTime"] for link in links)
    assert all(target is not None and target[1] in boards() for target in targets)


@pytest.mark.parametrize("uid", boards())
def test_panels_lie_side_by_side(uid: str) -> None:
    """None covers another, and each has a number of its own."""
    board = boards()[uid]["panels"]
    covered = [
        (x, y)
        for grid in (panel["gridPos"] for panel in board)
        for x in range(grid["x"], grid["x"] + grid["w"])
        for y in range(grid["y"], grid["y"] + grid["h"])
    ]

    assert len(set(covered)) == len(covered)
    assert max(x for x, _ in covered) < 24
    assert len({panel["id"] for panel in board}) == len(board)


def test_the_objective_is_the_same_in_the_rules() -> None:
    """A burn rate of 1 must mean the same on the board and in the alert."""
    burns = [rule["expr"] for rule in rules() if rule.get("alert") == "PipelineErrorBudgetBurn"]

    assert len(burns) == 4
    assert all(str(BUDGET) in expr for expr in burns)
