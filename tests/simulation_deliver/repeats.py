"""Which events repeat others: only those of which nothing was known, and each is marked."""

from collections import defaultdict
from collections.abc import Callable, Hashable

from pipeline.sitecore.messages import (
    ADD,
    ADD_CONTACTS,
    CHECKOUT,
    CLEAR_CART,
    CONFIRM,
    IDENTITY,
    PAYMENT,
)
from tests.simulation_deliver.call import Call
from tests.simulation_deliver.setting import REQUEST_S, SESSION_TIMEOUT_S

_IN_SESSION = frozenset({ADD, ADD_CONTACTS, CLEAR_CART, CONFIRM})
_CLOSES_S = SESSION_TIMEOUT_S - 5.0 - 2 * REQUEST_S
"""A session that was left alone for so long may be thought to be closed."""


class Repeats:
    """Knows events by what they mean to the destination."""

    def __init__(self, breaks: Callable[[str], None]) -> None:
        self._breaks = breaks
        self._turns: dict[Hashable, int] = defaultdict(int)
        """How often a session was emptied, or may have been."""
        self._changes: dict[Hashable, int] = defaultdict(int)
        """How many lines were put into it."""
        self._used_at: dict[Hashable, float] = {}
        self.count = 0

    def left(self, call: Call, calls: list[Call]) -> None:
        """An event leaves: none whose answer was kept may leave again."""
        self._turn(call)
        call.key = self._key(call)
        for other in calls:
            if other.key == call.key and other.is_kept:
                self._breaks(f"{call} leaves again, although the answer was kept")
        if call.request.type in {CLEAR_CART, CHECKOUT}:
            self._turns[call.session] += 1
        self._changes[call.session] += call.request.type == ADD

    def taken(self, call: Call, calls: list[Call]) -> None:
        """An event was taken: of two that are the same, the one that left later is marked."""
        self._used_at[call.session] = call.left_at
        for other in calls:
            if other is call or other.taken_at is None or other.key != call.key:
                continue
            self.count += 1
            later = max(call, other, key=lambda one: one.left_at)
            if not later.is_marked:
                self._breaks(f"{later} repeats what was taken, without a mark")

    def _turn(self, call: Call) -> None:
        used_at = self._used_at.get(call.session)
        if used_at is not None and call.left_at - used_at > _CLOSES_S:
            self._turns[call.session] += 1
            del self._used_at[call.session]

    def _key(self, call: Call) -> Hashable:
        kind, session = call.request.type, call.session
        if call.is_order:
            return call.due.guest, "order", call.request.delivery_id
        if kind == CONFIRM:
            return call.request.delivery_id, kind, session, self._changes[session]
        if kind in _IN_SESSION:
            return call.request.delivery_id, kind, session, call.item, self._turns[session]
        assert kind in {IDENTITY, PAYMENT, "VIEW"}
        return call.request.delivery_id, kind, session
