"""Guests and the browsers behind which they are: simple, deterministic identity resolution."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from pipeline.sandbox.orders import Order
from pipeline.sandbox.sessions import Session

Identifier: TypeAlias = tuple[str, str]
"""Provider and id."""

SESSIONS_KEPT = 1000
"""Ended sessions of a guest that stay; the documentation names this number."""


@dataclass(slots=True, eq=False)
class Guest:
    """One profile."""

    ref: str
    browser_ids: dict[str, None] = field(default_factory=dict)
    identifiers: dict[Identifier, None] = field(default_factory=dict)
    orders: list[Order] = field(default_factory=list)
    ended: deque[Session] = field(default_factory=lambda: deque(maxlen=SESSIONS_KEPT))
    shared_browser: bool = False
    """Whether two people seem to sit behind one browser id: that is not documented to work."""
    retired_into: "Guest | None" = None

    @property
    def type(self) -> str:
        """Visitor, customer, or retired: merged away and inaccessible."""
        if self.retired_into is not None:
            return "retired"
        return "customer" if self.identifiers else "visitor"

    def current(self) -> "Guest":
        """The profile that this one has become part of, or itself."""
        guest = self
        while guest.retired_into is not None:
            guest = guest.retired_into
        return guest


class Guests:
    """All profiles, by browser id and by identifier."""

    def __init__(self, providers: tuple[str, ...] | None, new_ref: Callable[[], str]) -> None:
        self._providers = providers
        self._new_ref = new_ref
        self._by_browser: dict[str, Guest] = {}
        self._by_identifier: dict[Identifier, Guest] = {}

    def __iter__(self) -> Iterator[Guest]:
        return iter(dict.fromkeys(self._by_browser.values()))

    def browse(self, browser_id: str) -> Guest:
        """Create the anonymous profile of a new browser."""
        guest = Guest(self._new_ref())
        self._attach(browser_id, guest)
        return guest

    def behind(self, browser_id: str) -> Guest | None:
        """The profile of a browser; None when Sitecore never issued its id."""
        return self._by_browser.get(browser_id)

    def identify(self, browser_id: str, said: list[Identifier]) -> Guest | None:
        """Apply the identity rules; None when no rule has a provider that was named.

        The first rule that finds a profile decides: what the browser did moves there. If none
        finds one, the profile of the browser becomes that customer.
        """
        useful = self._useful(said)
        if not useful:
            return None
        guest = self._by_browser[browser_id]
        found = next(
            (self._by_identifier[one] for one in useful if one in self._by_identifier), guest
        )
        guest = self._settle(browser_id, guest, found, useful)
        for one in useful:
            if one not in self._by_identifier:
                self._by_identifier[one] = guest
                guest.identifiers[one] = None
        return guest

    def _useful(self, said: list[Identifier]) -> list[Identifier]:
        """Order identifiers by the priority of their rules; those without a rule do not count."""
        if self._providers is None:
            return said
        return [one for provider in self._providers for one in said if one[0] == provider]

    def _settle(
        self, browser_id: str, guest: Guest, found: Guest, useful: list[Identifier]
    ) -> Guest:
        """Say who sits behind the browser now."""
        if found is not guest and not guest.identifiers:
            self._merge(guest, found)
            return found
        if self._somebody_else(guest, useful):
            # Not documented. Both are flagged, and only the browser changes hands.
            new = found if found is not guest else Guest(self._new_ref())
            guest.shared_browser = new.shared_browser = True
            del guest.browser_ids[browser_id]
            self._attach(browser_id, new)
            return new
        if found is not guest:
            self._merge(guest, found)
        return found

    @staticmethod
    def _somebody_else(guest: Guest, useful: list[Identifier]) -> bool:
        """Whether a customer was named by another id of one provider, and by none of theirs."""
        if any(one in guest.identifiers for one in useful):
            return False
        known = {provider for provider, _ in guest.identifiers}
        return any(provider in known for provider, _ in useful)

    def _merge(self, guest: Guest, into: Guest) -> None:
        """Move everything of a profile to another, and retire it."""
        for browser_id in guest.browser_ids:
            self._attach(browser_id, into)
        for identifier in guest.identifiers:
            self._by_identifier[identifier] = into
        for order in guest.orders:
            order.guest = into
        into.identifiers.update(guest.identifiers)
        into.orders.extend(guest.orders)
        into.ended.extend(guest.ended)
        guest.browser_ids = {}
        guest.orders = []
        guest.ended.clear()
        guest.retired_into = into

    def _attach(self, browser_id: str, guest: Guest) -> None:
        self._by_browser[browser_id] = guest
        guest.browser_ids[browser_id] = None
