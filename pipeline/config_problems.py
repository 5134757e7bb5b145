"""Says what is wrong with settings: the key, what was found and where, and what to do."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from types import UnionType
from typing import Any, NamedTuple, TypeAlias, TypeGuard, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic_core import ErrorDetails

Path: TypeAlias = tuple[str | int, ...]

_ABSENT = object()
_PLAIN = (str, int, float, bool)
_FOUND_MAX = 60
_A_LIST = 'should be a list, in the environment written as JSON: ["a", "b"]'
_A_MAPPING = 'should be a mapping, in the environment written as JSON: {"a": "b"}'
_EMPTY = "is empty: set it, or remove it"
_REASONS = {
    "tuple_type": _A_LIST,
    "list_type": _A_LIST,
    "frozen_set_type": _A_LIST,
    "dict_type": _A_MAPPING,
    "model_type": _A_MAPPING,
    "too_short": _EMPTY,
    "string_too_short": _EMPTY,
}
_KINDS = {"str": "text", "dict": "a mapping", "list": "a list", "NoneType": "nothing"}


class Layer(NamedTuple):
    """The settings of one origin."""

    tree: Mapping[str, Any]
    place: Callable[[Sequence[str]], str]
    """Names where a path of the tree was written, for people."""


def problems(
    error: ValidationError, model: type[BaseModel], layers: Sequence[Layer]
) -> tuple[str, ...]:
    """Say each problem once, in the order of the settings."""
    said = {_key(path): line for path, line in _lines(error, model, layers)}
    return tuple(said.values())


def nearest(name: str, known: Sequence[str]) -> str | None:
    """Find the known name that was probably meant."""
    near = get_close_matches(name, known, n=1, cutoff=0.6)
    return near[0] if near else None


def _suggestion(name: str, known: Sequence[str]) -> str:
    near = nearest(name, known)
    if near is not None:
        return f"did you mean `{near}`?"
    return f"known are {', '.join(f'`{one}`' for one in known)}" if known else "remove it"


def _lines(
    error: ValidationError, model: type[BaseModel], layers: Sequence[Layer]
) -> Iterator[tuple[Path, str]]:
    for detail in reversed(error.errors(include_url=False, include_context=False)):
        path = _written(detail, layers)
        yield path, _line(detail, path, model, layers)


def _line(detail: ErrorDetails, path: Path, model: type[BaseModel], layers: Sequence[Layer]) -> str:
    value, place = _found(path, layers)
    if detail["type"] == "extra_forbidden":
        known = _names(_type_at(model, path[:-1]))
        return f"unknown setting `{_key(path)}`; {_suggestion(str(path[-1]), known)} (in {place})"
    if detail["type"] == "missing":
        return f"`{_key(path)}` is missing: set it"
    reason = detail["msg"].removeprefix("Value error, ")
    if detail["type"] == "value_error":
        return f"{_key(path)}: {reason}" if path else reason
    reason = _REASONS.get(detail["type"], re.sub("^(Input|String) ", "", reason))
    return f"`{_key(path)}` {reason}; found {_shown(_type_at(model, path), value)} (in {place})"


def _written(detail: ErrorDetails, layers: Sequence[Layer]) -> Path:
    """Cut from an error's location what pydantic adds for the branches of a union."""
    path = detail["loc"]
    if detail["type"] == "missing":
        return path
    while path and _found(path, layers)[0] is _ABSENT:
        path = path[:-1]
    return path


def _found(path: Path, layers: Sequence[Layer]) -> tuple[object, str]:
    """Look a path up in the strongest layer that has it."""
    for layer in reversed(layers):
        value: Any = layer.tree
        for step in path:
            value = _inside(value, step)
        if value is not _ABSENT:
            return value, layer.place([str(step) for step in path])
    return _ABSENT, "the defaults"


def _inside(value: Any, step: str | int) -> Any:
    if isinstance(value, Mapping):
        return value.get(step, _ABSENT)
    if isinstance(value, list) and isinstance(step, int) and step < len(value):
        return value[step]
    return _ABSENT


def _type_at(model: type[BaseModel], path: Path) -> Any:
    """Find the type that a path has in the model; None where the model has none."""
    found: Any = model
    for step in path:
        found = _type_inside(found, step)
    return found


def _type_inside(outer: Any, step: str | int) -> Any:
    if isinstance(step, int):
        return get_args(outer)[0] if get_args(outer) else None
    for one in alternatives(outer):
        if is_section(one):
            field = one.model_fields.get(step)
            return None if field is None else field.annotation
        if get_origin(one) is dict:
            return get_args(one)[1]
    return None


def alternatives(type_: Any) -> tuple[Any, ...]:
    """Split a union into its branches; anything else is its only branch."""
    return get_args(type_) if get_origin(type_) in (Union, UnionType) else (type_,)


def is_section(type_: Any) -> TypeGuard[type[BaseModel]]:
    """Whether a type is a group of settings."""
    return isinstance(type_, type) and issubclass(type_, BaseModel)


def _names(section: Any) -> tuple[str, ...]:
    return tuple(
        name for one in alternatives(section) if is_section(one) for name in one.model_fields
    )


def _shown(type_: Any, value: object) -> str:
    """Show what was found, unless it may hold a secret: one, or a whole section."""
    if SecretStr in alternatives(type_):
        return "a secret that is not shown"
    holds_more = any(is_section(one) or get_origin(one) is dict for one in alternatives(type_))
    if type_ is None or holds_more or not isinstance(value, _PLAIN):
        kind = type(value).__name__
        return _KINDS.get(kind, f"a {kind}")
    text = re.sub(r"://[^/\s]*@", "://…@", str(value))
    return f"`{text[:_FOUND_MAX]}`"


def _key(path: Path) -> str:
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}"
    return text.removeprefix(".")
