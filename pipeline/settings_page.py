"""Writes the reference of settings: `python -m pipeline.settings_page docs`."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from pipeline.config import Settings
from pipeline.config_problems import alternatives, is_section

_HEAD = """# Settings

From a YAML file (`--config`, or `PIPELINE_CONFIG`), the environment
(`PIPELINE_SITECORE__ENDPOINT`; lists and mappings as JSON) and secret files (in the directory
that `PIPELINE_SECRETS_DIR` names, called like `sitecore__client_key`); later ones win.
Unknown names are refused. `pipeline.example.yaml` shows a file, `settings.schema.json` checks
one. This page is written from the program by `make docs`.
"""


def page() -> str:
    """Describe every setting, section by section."""
    return "\n".join([_HEAD, *_section("", Settings)])


def schema() -> str:
    """Describe a settings file as JSON schema."""
    return json.dumps(Settings.model_json_schema(), indent=2) + "\n"


def _section(path: str, section: type[BaseModel]) -> Iterator[str]:
    if path:
        yield f"## `{path}`\n\n{section.__doc__}\n"
    yield "| setting | default | meaning |\n| --- | --- | --- |"
    for name, field in section.model_fields.items():
        if field.description is not None:
            yield f"| `{name}` | {_default(field)} | {field.description} |"
    yield ""
    for name, field in section.model_fields.items():
        for inner, many in _inner(field):
            yield from _section(f"{path}.{name}{many}".removeprefix("."), inner)


def _inner(field: FieldInfo) -> Iterator[tuple[type[BaseModel], str]]:
    """Find the section that a setting is, or those of which it holds a list."""
    yield from ((one, "") for one in alternatives(field.annotation) if is_section(one))
    if get_origin(field.annotation) is tuple:
        yield from ((one, "[]") for one in get_args(field.annotation) if is_section(one))


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    default = field.get_default(call_default_factory=True)
    if default is None:
        return "unset"
    if isinstance(default, float):
        return f"`{default:g}`"
    return f"`{json.dumps(default, default=str)}`"


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(exist_ok=True)
    (folder / "settings.md").write_text(page())
    (folder / "settings.schema.json").write_text(schema())
