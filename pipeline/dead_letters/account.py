"""Which letters are open: all that was read of the dead letters, by the names of letters."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from pipeline.dead_letters.letter import Letter, Marker
from pipeline.record import Instant

OPEN = "open"


@dataclass(slots=True)
class Case:
    """All letters of one name, and what was done with them."""

    letter: Letter
    """The last one."""
    reasons: list[str] = field(default_factory=list)
    """Of the letters since it was last closed, the first one first."""
    letters: int = 1
    """How many there are."""
    done: str = ""
    """What was done with it last; empty: nothing."""
    closed: int = 0
    """Letters that had been replayed less often are closed."""
    may_have_arrived: bool = False
    """Whether Sitecore may have it by any try, this one or an earlier one."""

    @property
    def is_open(self) -> bool:
        """Whether something can still be done with it."""
        return self.letter.replay >= self.closed

    @property
    def state(self) -> str:
        """``open``, ``replayed`` or ``discarded``."""
        return OPEN if self.is_open else self.done


class Wanted(NamedTuple):
    """Which letters are meant; what is None leaves all."""

    reason: str | None = None
    guest: bytes | None = None
    topic: str | None = None
    """Where the record lay that was set aside."""
    since: Instant | None = None
    until: Instant | None = None
    """Exclusive; both by the time at which the letter was written."""
    partition: int | None = None
    offset: int | None = None
    """Of the letter itself, with its partition."""

    def means(self, case: Case) -> bool:
        """Whether a case is meant."""
        letter = case.letter
        same = (
            (self.guest, letter.guest),
            (self.topic, letter.origin.topic),
            (self.partition, letter.at.partition),
            (self.offset, letter.at.offset),
        )
        return (
            all(wanted is None or wanted == found for wanted, found in same)
            and (self.reason is None or self.reason in case.reasons)
            and (self.since is None or letter.timestamp >= self.since)
            and (self.until is None or letter.timestamp < self.until)
        )


class Account:
    """Takes letters and markers in the order of each partition."""

    def __init__(self) -> None:
        self._cases: dict[str, Case] = {}
        self._early: dict[str, Marker] = {}
        """The last markers of letters that were not read yet."""

    def take(self, one: Letter | Marker) -> None:
        """Take what was read next."""
        case = self._cases.get(one.name)
        if isinstance(one, Marker):
            if case is not None:
                _close(case, one)
            elif (early := self._early.get(one.name)) is None or early.replay < one.replay:
                self._early[one.name] = one
        elif case is None:
            opened = Case(one, [one.reason], may_have_arrived=one.may_have_arrived)
            self._cases[one.name] = opened
            if (early := self._early.pop(one.name, None)) is not None:
                _close(opened, early)
        else:
            case.letters += 1
            _reopen(case, one)

    def cases(self, wanted: Wanted, *, closed: bool = False) -> Iterator[Case]:
        """Give the cases that are meant, in the order of their letters.

        Args:
            wanted: Which.
            closed: Give also those with which something was done.
        """
        found = (case for case in self._cases.values() if closed or case.is_open)
        yield from sorted(filter(wanted.means, found), key=lambda case: case.letter.at[1:])

    def case(self, name: str) -> Case | None:
        """Give the case of a name."""
        return self._cases.get(name)


def _close(case: Case, marker: Marker) -> None:
    if marker.replay > case.closed:
        case.closed, case.done = marker.replay, marker.what


def _reopen(case: Case, letter: Letter) -> None:
    """Put a later letter in the place of an earlier one, unless that one knows more."""
    case.may_have_arrived |= letter.may_have_arrived
    if letter.replay < case.letter.replay:
        return
    if letter.replay > case.letter.replay:
        case.reasons = []
    if letter.reason not in case.reasons:
        case.reasons.append(letter.reason)
    case.letter = letter
