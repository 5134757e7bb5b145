"""Reads what is checked here, as it is shipped."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

ROOT = Path(__file__).resolve().parents[2]
RULES = sorted((ROOT / "helm/files/rules").glob("*.yaml"))
DASHBOARDS = sorted((ROOT / "helm/files/dashboards").glob("*.json"))
RUNBOOKS = ROOT / "docs/runbooks"
ALERT_TESTS = sorted((Path(__file__).parent / "alerts").glob("*.yaml"))

_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_TEXT = re.compile(r'"[^"]*"')


class Asked(NamedTuple):
    """A query, and who asks it."""

    by: str
    query: str


def rules() -> list[dict[str, Any]]:
    """Every rule, recording and alerting, in order."""
    files = [yaml.safe_load(path.read_text()) for path in RULES]
    return [rule for file in files for group in file["groups"] for rule in group["rules"]]


def alerts() -> list[dict[str, Any]]:
    """Every alerting rule; one name may have several."""
    return [rule for rule in rules() if "alert" in rule]


def recorded() -> set[str]:
    """The names of all recording rules."""
    return {rule["record"] for rule in rules() if "record" in rule}


def boards() -> dict[str, dict[str, Any]]:
    """Every dashboard by its uid."""
    return {board["uid"]: board for board in map(_parsed, DASHBOARDS)}


def panels() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every panel that shows something, with a name for messages."""
    for uid, board in boards().items():
        for panel in board["panels"]:
            if panel["type"] != "row":
                yield f"{uid}: {panel['title']}", panel


def of_rules() -> Iterator[Asked]:
    """What rules ask."""
    for rule in rules():
        yield Asked(rule.get("alert") or rule["record"], rule["expr"])


def of_dashboards() -> Iterator[Asked]:
    """What panels, variables and annotations ask; of variables the part that is a selector."""
    for name, panel in panels():
        for target in panel["targets"]:
            yield Asked(name, target["expr"])
    for uid, board in boards().items():
        for annotation in board["annotations"]["list"]:
            yield Asked(f"{uid}: {annotation['name']}", annotation["expr"])
        for variable in board["templating"]["list"]:
            if variable["type"] == "query":
                found = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["query"]["query"])
                assert found, variable["query"]
                yield Asked(f"{uid}: ${variable['name']}", found[1])


def of_runbooks() -> Iterator[Asked]:
    """What runbooks tell people to ask."""
    for page in sorted(RUNBOOKS.glob("*.md")):
        for query in blocks(page, "promql"):
            yield Asked(page.name, query)


def blocks(page: Path, language: str) -> list[str]:
    """The code blocks of a page that are in a language."""
    found: list[str] = re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.M | re.S)
    return found


def names(query: str) -> set[str]:
    """The names in a query that are of metrics or of recording rules."""
    found = _NAME.findall(_TEXT.sub("", query))
    prefixes = ("pipeline_", "process_", "python_")
    return {name for name in found if ":" in name or name.startswith(prefixes)}


def selectors(query: str) -> Iterator[tuple[str, set[str]]]:
    """Metrics of the program in a query, each with the labels by which it is selected."""
    for name, inside in re.findall(r"(pipeline_[a-z_]+)\{([^}]*)\}", query):
        yield name, set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", _TEXT.sub("", inside)))


def filled(query: str, **values: str) -> str:
    """A panel's query as Grafana sends it."""
    defaults = {"namespace": ".*", "job": ".*", "pod": ".*"}
    defaults |= {"__rate_interval": "5m", "__range": "6h"}
    for name, value in (defaults | values).items():
        query = query.replace(f"${name}", value)
    return query


def _parsed(path: Path) -> dict[str, Any]:
    board: dict[str, Any] = json.loads(path.read_text())
    return board
