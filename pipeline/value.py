"""Values that nobody changes, and that cost little to make."""

import dataclasses
from functools import partial
from typing import TYPE_CHECKING

__all__ = ["value"]

if TYPE_CHECKING:
    from dataclasses import dataclass as value
else:

    def value(*, frozen, slots, kw_only=False):
        """Make a frozen dataclass; that nobody changes it is checked with the types, not here.

        A dataclass that guards itself sets each field by a call: it takes six times
        as long to make, and an event takes a dozen of them on its way.
        """
        assert frozen  # noqa: S101 — the type checker reads it; a value that changes is none
        return partial(dataclasses.dataclass, slots=slots, kw_only=kw_only, unsafe_hash=True)
