"""What a flight says beside other lines: from where to where.

Of its further attributes no page shows the names; they go as extension data.
"""

from typing import NamedTuple

from pipeline.commerce.events import Attributes, Line
from pipeline.sitecore.normalise import attribute_name

FLIGHT = "FLIGHT"
"""The item type, and the type of a search, that is reserved for flights."""
PLACES = ("origin", "destination")
"""Attributes of such a line that go into ``product``: IATA codes of airports or cities."""


class Missing(NamedTuple):
    """What a flight lacks: the attribute, and what stands there."""

    attribute: str
    found: str


def is_flight(line: Line) -> bool:
    """Whether a line is a flight."""
    return line.type.upper() == FLIGHT


def places(line: Line) -> dict[str, str]:
    """From where to where, by the names that are sent; nothing for any other line."""
    if not is_flight(line):
        return {}
    said = {attribute_name(name): value for name, value in line.attributes.items()}
    return {name: str(said[name]).upper() for name in PLACES if name in said}


def others(line: Line) -> Attributes:
    """The attributes of a line that are extension data."""
    if not is_flight(line):
        return line.attributes
    return {
        name: value for name, value in line.attributes.items() if attribute_name(name) not in PLACES
    }


def missing(line: Line) -> Missing | None:
    """What a flight lacks to be told; None for a complete one, and for any other line."""
    if not is_flight(line):
        return None
    said = places(line)
    for name in PLACES:
        code = said.get(name, "")
        if len(code) != 3 or not (code.isascii() and code.isalpha()):
            return Missing(name, code or "nothing")
    return None
