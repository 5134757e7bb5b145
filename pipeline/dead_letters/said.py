"""Letters as text and as JSON: without a guest's id, and without what the records hold."""

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import Enum
from typing import Any, Final

from pipeline.dead_letters.account import Case
from pipeline.dead_letters.letter import hashed
from pipeline.dead_letters.replay import Plan
from pipeline.errors import RecordError, UnknownSchema
from pipeline.kafka.dead_letters import DELIVERY_ID, IDENTIFIERS, LINES, PREFIX, SEQUENCE
from pipeline.record import Record, in_utc

_OPEN_HEADERS: Final = frozenset({DELIVERY_ID, SEQUENCE})
_WITHHELD: Final = frozenset({PREFIX + IDENTIFIERS, PREFIX + LINES})
_EXAMPLES_MAX: Final = 3


def line(case: Case) -> str:
    """One case in a line."""
    letter = case.letter
    parts = [
        f"{letter.at.partition}@{letter.at.offset}",
        in_utc(letter.timestamp),
        f"guest {hashed(letter.guest)}",
        ",".join(case.reasons),
        letter.kind.rpartition(".")[2] or "-",
        f"{letter.worker}: {letter.origin}",
    ]
    if letter.replay:
        parts.append(f"replayed {letter.replay}x before")
    if not case.is_open:
        parts.append(case.state)
    elif letter.obstacle is not None:
        parts.append(f"not to be replayed: {letter.obstacle}")
    return "  ".join(parts)


def document(case: Case) -> dict[str, Any]:
    """One case as JSON."""
    letter = case.letter
    return {
        "partition": letter.at.partition,
        "offset": letter.at.offset,
        "written_at": in_utc(letter.timestamp),
        "name": letter.name,
        "guest": hashed(letter.guest),
        "worker": letter.worker,
        "reasons": case.reasons,
        "field": letter.field,
        "origin": str(letter.origin),
        "target": letter.target,
        "kind": letter.kind,
        "delivery_id": letter.delivery_id or None,
        "letters": case.letters,
        "replayed_before": letter.replay,
        "state": case.state,
        "may_have_arrived": case.may_have_arrived,
        "obstacle": letter.obstacle,
    }


def summary(plan: Plan, done: str) -> Iterator[str]:
    """Say what would be done, a line a thing; *done* is a word such as ``replayed``."""
    yield f"{len(plan.cases)} letters can be {done}"
    for (reason, target), count in _counted(plan.cases):
        where = f" to {target}" if done == "replayed" else ""
        yield f"  {reason}: {count}{where}"
    doubtful = sum(case.may_have_arrived for case in plan.cases)
    if doubtful and done == "replayed":
        yield f"{doubtful} of them MAY HAVE ARRIVED: Sitecore may then have them twice"
    why = Counter(obstacle for _, obstacle in plan.left_out)
    for obstacle, count in sorted(why.items()):
        places = [f"{c.letter.at[1]}@{c.letter.at[2]}" for c, o in plan.left_out if o == obstacle]
        more = ", ..." if count > _EXAMPLES_MAX else ""
        yield f"{count} cannot be: {obstacle} ({', '.join(places[:_EXAMPLES_MAX])}{more})"


def headers(record: Record, *, with_value: bool) -> dict[str, str]:
    """The headers of a letter; without *with_value* those of ours that name nobody."""
    return {
        name: (value or b"").decode(errors="backslashreplace")
        if with_value or _is_open(name)
        else "(withheld)"
        for name, value in record.headers
    }


def _is_open(name: str) -> bool:
    ours = name.startswith(PREFIX) and name not in _WITHHELD
    return ours or name in _OPEN_HEADERS


def content(record: Record, decode: Callable[[Record], object]) -> object:
    """What a record says, decoded; where nobody can read it, its first bytes."""
    try:
        return _plain(decode(record))
    except (RecordError, UnknownSchema) as error:
        return {"unreadable": str(error), "begins": (record.value or b"")[:200].hex()}


def _counted(cases: Sequence[Case]) -> Iterable[tuple[tuple[str, str], int]]:
    keys = ((",".join(case.reasons), case.letter.target) for case in cases)
    return sorted(Counter(keys).items())


def _plain(one: Any) -> Any:
    """Turn dataclasses and named tuples into objects."""
    if dataclasses.is_dataclass(one):
        fields = {
            f.name: _plain(getattr(one, f.name)) for f in dataclasses.fields(one) if f.compare
        }
        return {"is": type(one).__name__, **fields}
    if hasattr(one, "_asdict"):
        return {name: _plain(value) for name, value in one._asdict().items()}
    if isinstance(one, Mapping):
        return {str(name): _plain(value) for name, value in one.items()}
    if isinstance(one, tuple | list):
        return [_plain(value) for value in one]
    return one.value if isinstance(one, Enum) else _scalar(one)


def _scalar(one: object) -> object:
    return one if one is None or isinstance(one, str | int | float | bool) else str(one)
