"""Reads a settings file: YAML in which `no` is a word, and a key stands once."""

import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from pipeline.errors import ConfigError


class _Loader(yaml.SafeLoader):
    """Takes only the words of YAML 1.2's core schema for something else than text."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 — replaces the base's own table

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 — the base's signature
        """Refuse a key that stands twice: PyYAML would keep the last in silence."""
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"the key `{key.value}` stands twice", key.start_mark
                    )
                seen.add(key.value)
        return super().construct_mapping(node, deep)


for _tag, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?[0-9]+", list("-+0123456789")),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", list("-+.0123456789")),
):
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), _first
    )


def read(file: Path) -> dict[str, Any]:
    """Read a settings file; an empty one has no settings.

    Raises:
        ConfigError: It cannot be read, or is not one mapping; says where, and
            nothing of what stands there.
    """
    try:
        tree = yaml.load(file.read_text("utf-8"), _Loader)  # noqa: S506 — a safe loader
    except OSError as error:
        raise ConfigError(
            f"settings file {file}: {error.strerror}; give one that can be read by --config"
        ) from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"settings file {file}: byte {error.start} is not UTF-8") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"settings file {file}{_where(error)}") from None
    if tree is None:
        return {}
    if not isinstance(tree, dict) or not all(isinstance(key, str) for key in tree):
        raise ConfigError(f"settings file {file}: write `name: value` lines, one a setting")
    return tree


def _where(error: yaml.YAMLError) -> str:
    """Say the place and the reason, without what stands there in quotes."""
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return ": is not YAML"
    mark = error.problem_mark
    reason = re.sub(r"'.*'", "this", error.problem or "is not YAML")
    return f", line {mark.line + 1}, column {mark.column + 1}: {reason}"
