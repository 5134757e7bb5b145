"""Writes schema and table of the chart's values: `python -m tests.chart.values_page helm`."""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from pipeline.settings_page import schema as settings_schema

Schema = dict[str, Any]

DEFINITIONS: Final = Path(__file__).with_name("definitions.yaml")
_BEGIN, _END = "<!-- values: written by `make docs` -->", "<!-- end of values -->"
_KINDS: Final = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array"}


@dataclass(frozen=True, slots=True)
class Value:
    """One key of values.yaml, with what its comment says."""

    path: str
    default: Any
    description: str
    told: Schema
    """What the `@schema` line adds."""
    inner: tuple["Value", ...]
    """The keys below, where they are described one by one."""

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rpartition(".")[2]


def values(text: str) -> tuple[Value, ...]:
    """Read values.yaml with its comments.

    Raises:
        ValueError: A value has no description.
    """
    root = yaml.compose(text, yaml.SafeLoader)
    assert isinstance(root, yaml.MappingNode)
    return tuple(_values("", root, text.splitlines()))


def schema(found: tuple[Value, ...]) -> Schema:
    """Describe a file of values as JSON schema."""
    closed = _closed(found, {value.path: value for value in found})
    # Helm itself adds `global` where the chart is part of another.
    closed["properties"]["global"] = {"type": "object"}
    draft = {"$schema": "http://json-schema.org/draft-07/schema#", "title": "Values"}
    return {**draft, **closed, "definitions": _definitions()}


def table(found: tuple[Value, ...]) -> str:
    """Describe every value in a table."""
    rows = (
        f"| `{value.path}` | {_shown(value)} | {value.description} |"
        for value in _flat(found)
        if value.description
    )
    return "\n".join(["| value | default | meaning |", "| --- | --- | --- |", *rows])


def page(readme: str, found: tuple[Value, ...]) -> str:
    """Put the table where the README has its place."""
    before, _, rest = readme.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    assert end, f"the README has no place for the values: {_BEGIN} … {_END}"
    return f"{before}{_BEGIN}\n{table(found)}\n{_END}{after}"


def written(chart: Path) -> dict[Path, str]:
    """Say what the generated files of a chart should hold."""
    found = values((chart / "values.yaml").read_text())
    readme = chart / "README.md"
    return {
        chart / "values.schema.json": json.dumps(schema(found), indent=2) + "\n",
        readme: page(readme.read_text(), found),
    }


def _values(path: str, node: yaml.MappingNode, lines: list[str]) -> Iterator[Value]:
    for key, value in node.value:
        where = f"{path}.{key.value}".removeprefix(".")
        description, told = _comment(lines, key.start_mark.line)
        default = yaml.safe_load(yaml.serialize(value))
        inner: tuple[Value, ...] = ()
        if (
            isinstance(value, yaml.MappingNode)
            and value.value
            and not told.keys() & {"$ref", "open"}
        ):
            inner = tuple(_values(where, value, lines))
        elif not description:
            raise ValueError(f"`{where}` has no description: write `# -- what it is` above it")
        yield Value(where, default, description, told, inner)


def _comment(lines: list[str], line: int) -> tuple[str, Schema]:
    """Read what stands directly above a line: what is said, and what `@schema` adds."""
    indent = re.match(" *", lines[line])
    assert indent is not None
    above: list[str] = []
    while line and lines[line - 1].startswith(f"{indent[0]}#"):
        line -= 1
        above.insert(0, lines[line].strip().removeprefix("#").strip())
    told: Schema = {}
    if above and above[-1].startswith("@schema"):
        told = yaml.safe_load(above.pop().removeprefix("@schema"))
    text = " ".join(above)
    return (text.removeprefix("--").strip() if text.startswith("--") else ""), told


def _closed(inner: tuple[Value, ...], all_values: Mapping[str, Value]) -> Schema:
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {value.name: _schema(value, all_values) for value in inner},
    }


def _schema(value: Value, all_values: Mapping[str, Value]) -> Schema:
    about = {"description": value.description} if value.description else {}
    told = {key: one for key, one in value.told.items() if key not in {"like", "open"}}
    if value.inner:
        alike = all_values[value.told["like"]].inner if "like" in value.told else ()
        names = {one.name for one in value.inner}
        both = (*(one for one in alike if one.name not in names), *value.inner)
        return {**about, **_closed(both, all_values)}
    if "$ref" in told or "type" in told or "enum" in told:
        return {**about, **_referring(told)}
    kind = "object" if isinstance(value.default, dict) else _KINDS[type(value.default)]
    return {**about, "type": kind, **_referring(told)}


def _definitions() -> Schema:
    """Gather the shapes of Kubernetes, and of the program's own settings."""
    settings = json.loads(settings_schema())
    sections = settings.pop("$defs")
    for key in ("description", "title"):
        settings.pop(key, None)
    ours = yaml.safe_load(DEFINITIONS.read_text())
    return {**_referring(ours), "settings": _plain(settings), **_plain(sections)}


def _referring(part: Any) -> Any:
    """Write the whole address of what is referred to by name."""
    if isinstance(part, dict):
        return {
            key: f"#/definitions/{one}" if key == "$ref" else _referring(one)
            for key, one in part.items()
        }
    return [_referring(one) for one in part] if isinstance(part, list) else part


def _plain(part: Any) -> Any:
    """Say the program's schema in the older draft that both versions of Helm read."""
    if isinstance(part, dict):
        return {
            key: one.replace("#/$defs/", "#/definitions/") if key == "$ref" else _plain(one)
            for key, one in part.items()
            if not (key in {"title", "default"} and not isinstance(one, dict))
        }
    return [_plain(one) for one in part] if isinstance(part, list) else part


def _flat(found: tuple[Value, ...]) -> Iterator[Value]:
    for value in found:
        yield value
        yield from _flat(value.inner)


def _shown(value: Value) -> str:
    if value.inner:
        return ""
    return f"`{json.dumps(value.default)}`"


if __name__ == "__main__":
    for file, text in written(Path(sys.argv[1])).items():
        file.write_text(text)
