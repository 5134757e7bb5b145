"""Commerce events as NDJSON: one object a line, such as `{"event":"PageViewed", ...}`."""

import json
from collections.abc import Iterable, Iterator
from decimal import Decimal
from difflib import get_close_matches
from typing import NamedTuple, NoReturn

from pipeline.commerce.build import BUILDERS
from pipeline.commerce.encode import schema_of
from pipeline.commerce.events import CommerceEvent
from pipeline.commerce.json_form import Json, to_json, to_plain
from pipeline.commerce.values import FieldError
from pipeline.errors import DataError


class NumberedEvent(NamedTuple):
    """An event and the line that it stood in, counted from 1."""

    line: int
    event: CommerceEvent


def read(lines: Iterable[bytes]) -> Iterator[NumberedEvent]:
    """Read events line by line; empty lines are passed over.

    Raises:
        DataError: a line is refused; it names the line's number, the field, what was found
            and what to do.
    """
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield NumberedEvent(number, parse(line, number))


def parse(text: bytes | str, line: int = 1) -> CommerceEvent:
    """Read one event; *line* is named when it is refused.

    Raises:
        DataError: see `read`.
    """
    try:
        return event_of(_loaded(text))
    except FieldError as error:
        where = f"field {error.field}" if error.field else "the line"
        raise DataError(f"line {line}: {where} {error.detail}") from None


def event_of(value: Json) -> CommerceEvent:
    """Make an event of a JSON object.

    Raises:
        FieldError: it is none; the field is empty when the whole is refused.
    """
    if not isinstance(value, dict):
        raise FieldError("", "is no JSON object")
    name = value.get("event")
    if not isinstance(name, str) or name not in BUILDERS:
        raise FieldError("event", _no_event(name))
    fields = {key: item for key, item in value.items() if key != "event"}
    return BUILDERS[name](to_plain(schema_of(name), fields))


def format_event(event: CommerceEvent) -> str:
    """Write an event as one line that `parse` reads back; without the line's end."""
    name = type(event).__name__
    shown = {"event": name, **to_json(schema_of(name), event)}
    return json.dumps(shown, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _no_event(name: object) -> str:
    if name is None:
        return f"is missing; want one of {', '.join(BUILDERS)}"
    close = get_close_matches(str(name), BUILDERS, n=1)
    hint = f"did you mean {close[0]}?" if close else f"want one of {', '.join(BUILDERS)}"
    return f"is {str(name)[:40]!r}, which is no event; {hint}"


def _loaded(text: bytes | str) -> Json:
    try:
        loaded: Json = json.loads(
            text,
            parse_float=Decimal,
            parse_int=_whole,
            parse_constant=_no_number,
            object_pairs_hook=_once,
        )
    except UnicodeDecodeError:
        raise FieldError("", "is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise FieldError("", f"is not JSON: {error.msg} at column {error.colno}") from None
    except RecursionError:
        raise FieldError("", "is nested too deeply") from None
    return loaded


def _whole(digits: str) -> int:
    if len(digits) > 30:
        raise FieldError("", f"holds a number of {len(digits)} digits")
    return int(digits)


def _no_number(name: str) -> NoReturn:
    raise FieldError("", f"holds {name}, which is no JSON number")


def _once(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise FieldError(twice, "is there twice; leave one out")
    return found
