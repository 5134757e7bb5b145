"""Whether what is set aside is so for a reason that has really occurred, and counts."""

import math
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from pipeline.kafka.dead_letters import DeadLetter
from pipeline.record import GuestId
from pipeline.sitecore.outcome import NoAnswer, Reply
from pipeline.sitecore.owed import OwedOrder, OwedPayment
from tests.simulation_deliver.call import Call
from tests.simulation_deliver.setting import TRIES_MAX, UNKNOWN_TRIES_MAX
from tests.simulation_deliver.shop import Due

if TYPE_CHECKING:
    from tests.simulation_deliver.process import Process
    from tests.simulation_deliver.world import World

_REFUSED: Final = frozenset({"refused", "line_refused", "payment_refused", "identity_refused"})
_FAILED: Final = frozenset({"gateway", "timeout", "unsent", "garbage"})
_OUTAGE: Final = 3
"""Failures in a row that mean an outage: no further one counts."""
_MASS: Final = 20
"""Guests refused in a row that mean a fault of ours: nothing is set aside for that."""


class Evidence:
    """Counts what the destination has answered."""

    def __init__(self, breaks: Callable[[str], None], world: "World") -> None:
        self._breaks = breaks
        self._world = world
        self._failed: Counter[str] = Counter()
        self._unheard: Counter[str] = Counter()
        self._doubted: Counter[str] = Counter()
        """Answers that do not say whether an event was taken."""
        self._refused: Counter[GuestId] = Counter()
        self._unknown: Counter[GuestId] = Counter()
        self._refused_at: dict[str, float] = {}
        self._in_a_row: Counter[str] = Counter()
        """Failures of a process since it last heard anything else."""
        self._mass: dict[str, set[GuestId]] = defaultdict(set)
        """Guests refused to a process since anything was last taken from it."""
        self._held_at: dict[str, float] = {}
        """Since when a process must set nothing aside that is refused to it."""

    def heard(self, call: Call, reply: Reply) -> None:
        """A process learns what became of a request."""
        kind, delivery_id, name = call.fate.kind, call.request.delivery_id, call.process.name
        is_unheard = isinstance(reply, NoAnswer) or kind == "garbage"
        odd = not call.is_event and kind in {"unreadable", "refused"}
        is_failure = is_unheard or kind in _FAILED or odd
        self._in_a_row[name] = self._in_a_row[name] + 1 if is_failure else 0
        if self._in_a_row[name] < _OUTAGE:
            self._unheard[delivery_id] += is_unheard
            self._failed[delivery_id] += is_failure
        self._doubted[delivery_id] += is_unheard or kind in {"gateway", "throttled"}
        self._refused[call.due.guest] += kind == "refused"
        self._unknown[call.due.guest] += kind == "unknown_browser"
        self._look_for_holds(call)

    def asked(self, process: "Process", letter: DeadLetter, due: Due) -> None:
        """A process is about to set something aside."""
        if not self._is_true(letter.reason, due):
            self._breaks(f"{due} is set aside as {letter.reason}: {letter.found}")
        held_at = self._held_at.get(process.name, math.inf)
        refused_at = self._refused_at.get(due.owed.delivery_id, -math.inf) if due.owed else 0.0
        if letter.reason in _REFUSED and refused_at > held_at:
            self._breaks(f"{due} is set aside as {letter.reason} while everything is held")

    def _look_for_holds(self, call: Call) -> None:
        now, name, kind = self._world.schedule.now, call.process.name, call.fate.kind
        if call.fate.confirms:
            self._mass[name].clear()
            self._held_at.pop(name, None)
        elif kind == "refused" and call.is_event:
            self._refused_at[call.request.delivery_id] = now
            self._mass[name].add(call.due.guest)
        if kind == "set_up" or len(self._mass[name]) >= _MASS:
            self._held_at.setdefault(name, now)

    def _is_true(self, reason: str, due: Due) -> bool:
        owed = due.owed
        if owed is None:
            return True
        if reason in _REFUSED:
            return self._refused[due.guest] > 0
        tries, is_order = self._failed[owed.delivery_id], isinstance(owed, OwedOrder)
        # An order of which nobody knows whether it arrived may be possible in no form any more.
        in_doubt = is_order and self._doubted[owed.delivery_id] > 0
        unheard = self._unheard[owed.delivery_id] >= UNKNOWN_TRIES_MAX
        reasons = {
            "browser_id_unknown": self._unknown[due.guest] > 0,
            "guest_erased": bool(self._world.shop.erasures[due.guest]),
            "may_have_arrived": in_doubt or unheard or tries >= TRIES_MAX,
            "retries_exhausted": tries >= TRIES_MAX,
            "payment_not_possible": isinstance(owed, OwedPayment | OwedOrder),
            "payment_type_missing": isinstance(owed, OwedOrder) and owed.payment is None,
        }
        return reasons.get(reason, False)
