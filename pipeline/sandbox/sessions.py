"""Sessions: the events of one browser id on one channel, until they pause for too long."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal, TypeAlias

from pipeline.record import Instant, later
from pipeline.sandbox.orders import Item, Order
from pipeline.sandbox.rules.fields import Violation

Key: TypeAlias = tuple[str, str]
"""Browser id and channel."""

CartType: TypeAlias = Literal["BROWSED", "ABANDONED", "CONVERTED", "CLOSED"]


@dataclass(slots=True)
class Session:
    """One session, and what became of the cart in it."""

    ref: str
    browser_id: str
    channel: str
    point_of_sale: str
    started_at: Instant
    last_at: Instant
    timeout_s: float
    """Of the least patient point of sale that was named in it."""
    lines: dict[str, Item] = field(default_factory=dict)
    """By item id: of each the latest ADD."""
    broken: dict[str, Violation] = field(default_factory=dict)
    """ADDs that were accepted and cannot be used, by item id; they make CHECKOUT fail."""
    confirmed: dict[str, None] = field(default_factory=dict)
    """Item ids in the order of their CONFIRM."""
    confirm_fault: Violation | None = None
    """A CONFIRM that was accepted and cannot be used: CHECKOUT fails until CLEAR_CART."""
    has_contact: bool = False
    cleared: bool = False
    gone: dict[str, str] = field(default_factory=dict)
    """Why an item id that was in the cart is there no more."""
    orders: list[Order] = field(default_factory=list)
    ended_at: Instant | None = None

    @property
    def key(self) -> Key:
        """What tells sessions apart."""
        return self.browser_id, self.channel

    @property
    def revenue(self) -> Decimal:
        """Sum of latest quantity times latest price."""
        return sum((line.amount for line in self.lines.values()), Decimal())

    @property
    def cart_type(self) -> CartType:
        """What the session is, or would be if it ended now."""
        if self.orders:
            return "CONVERTED"
        if self.lines:
            return "ABANDONED"
        return "CLOSED" if self.cleared else "BROWSED"

    def expires_at(self) -> Instant:
        """When inactivity closes it."""
        return later(self.last_at, self.timeout_s)

    def forget_cart(self, why: str) -> None:
        """Ignore all products and contacts passed so far."""
        self.gone.update(dict.fromkeys(self.lines, why))
        self.lines.clear()
        self.broken.clear()
        self.confirmed.clear()
        self.confirm_fault = None
        self.has_contact = False


class Sessions:
    """The open sessions of all browsers."""

    def __init__(self) -> None:
        self._open: dict[str, dict[str, Session]] = {}

    def __iter__(self) -> Iterator[Session]:
        return (session for by_channel in self._open.values() for session in by_channel.values())

    def open(self, browser_id: str, channel: str) -> Session | None:
        """The session that has not been closed, though it may have expired."""
        return self._open.get(browser_id, {}).get(channel)

    def of(self, browser_ids: Iterable[str]) -> list[Session]:
        """The open sessions of some browsers."""
        return [one for browser in browser_ids for one in self._open.get(browser, {}).values()]

    def keep(self, session: Session) -> None:
        """Hold a session as the open one of its browser id and channel."""
        self._open.setdefault(session.browser_id, {})[session.channel] = session

    def end(self, session: Session, at: Instant) -> None:
        """Close a session."""
        session.ended_at = at
        self._open.get(session.browser_id, {}).pop(session.channel, None)
