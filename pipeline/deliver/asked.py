"""Which commit an answer of the coordinator is for.

An answer that lay unread while the process was frozen proves nothing about now, and offsets do not
tell it from that of a later commit when nothing has moved. So each commit bears its number.
"""

from collections.abc import Iterable
from typing import Final

_PREFIX: Final = "commit "


def name_of(number: int) -> str:
    """The metadata of a commit; numbers count from 1."""
    return f"{_PREFIX}{number}"


def number_of(metadata: Iterable[str | None]) -> int:
    """Which commit an answer with these is for; 0: one that a number was not given to."""
    names = set(metadata)
    name = names.pop() if len(names) == 1 else None
    return int(name.removeprefix(_PREFIX)) if name and name.startswith(_PREFIX) else 0
