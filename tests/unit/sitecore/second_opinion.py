"""What sessions hold, thought out a second time from the messages and the clock alone."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pipeline.record import Instant
from pipeline.sitecore.outcome import Delivered, Outcome, Unknown, UnknownBrowser
from pipeline.sitecore.request import Request, SendEvent
from tests.unit.sitecore.talk import Answerer, Talk

TIMEOUT_S = 100.0
MARGIN_S = 10.0


@dataclass
class Held:
    """What one session holds for sure, and what it may hold."""

    lines: dict[str, Any] = field(default_factory=dict)
    confirmed: set[str] = field(default_factory=set)
    maybe: set[str] = field(default_factory=set)
    gone: bool = False
    """Whether its lines may have gone."""
    at: int = 0
    asked_at: int = 0

    def age(self, now: Instant) -> None:
        """What is not provably open holds nothing for sure; in the end it holds nothing."""
        if now - self.at >= (TIMEOUT_S - MARGIN_S) * 1000:
            self.maybe |= set(self.lines)
            self.lines, self.confirmed = {}, set()
        if now - self.asked_at >= 2 * TIMEOUT_S * 1000:
            self.maybe, self.gone = set(), False

    def take(self, message: dict[str, Any]) -> None:
        """A message was accepted."""
        match message["type"]:
            case "ADD":
                item = message["product"]["item_id"]
                self.lines[item] = message["product"]
                self.maybe.discard(item)
                self.confirmed = set()
            case "CLEAR_CART" | "CHECKOUT":
                self.lines, self.confirmed, self.maybe, self.gone = {}, set(), set(), False
            case "CONFIRM":
                self.confirmed = {product["item_id"] for product in message["product"]}

    def may_take(self, message: dict[str, Any]) -> None:
        """A message may have been accepted."""
        match message["type"]:
            case "ADD":
                item = message["product"]["item_id"]
                self.lines.pop(item, None)
                self.maybe.add(item)
            case "CLEAR_CART":
                self.maybe |= set(self.lines)
                self.lines, self.gone = {}, True
            case "CHECKOUT":
                self.gone = True


class Sitecore:
    """Sees every message, and asserts what must hold of it."""

    def __init__(self, *, single: bool) -> None:
        self._single = single
        self._sessions: dict[tuple[object, ...], Held] = defaultdict(Held)
        self._identified: set[object] = set()

    def watching(self, answer: Answerer, talk: Talk) -> Callable[[Request], Outcome]:
        """See every message and what becomes of it."""

        def watch(request: Request) -> Outcome:
            outcome = answer(request)
            if isinstance(request, SendEvent):
                self._see(dict(request.message), outcome, talk.now)
            return outcome

        return watch

    def _see(self, message: dict[str, Any], outcome: Outcome, now: Instant) -> None:
        for held in self._sessions.values():
            held.age(now)
        here = self._sessions[message["browser_id"], message["channel"]]
        self._check(here, message)
        if isinstance(outcome, Delivered):
            here.at = here.asked_at = now
            if message["type"] == "IDENTITY":
                self._identified.add(message["browser_id"])
            here.take(message)
        elif isinstance(outcome, UnknownBrowser):
            self._forget(message["browser_id"])
        elif isinstance(outcome, Unknown) or getattr(outcome, "possible_repeat", False):
            here.asked_at = now
            here.may_take(message)

    def _forget(self, browser_id: object) -> None:
        """What Sitecore does not know holds nothing."""
        for key in [key for key in self._sessions if key[0] == browser_id]:
            del self._sessions[key]

    def _check(self, here: Held, message: dict[str, Any]) -> None:
        match message["type"]:
            case "ADD":
                assert not self._single
                assert not here.gone
            case "CONFIRM":
                confirmed = {product["item_id"] for product in message["product"]}
                assert confirmed == set(here.lines)
                assert here.maybe <= confirmed
                assert not here.gone
            case "CHECKOUT":
                assert here.confirmed
                assert here.confirmed == set(here.lines)
                self._check_order(message)
            case "ORDER_CHECKOUT":
                assert not here.lines
                self._check_order(message)

    def _check_order(self, message: dict[str, Any]) -> None:
        """Its guest is known, and no cart is left behind in another session."""
        key = (message["browser_id"], message["channel"])
        assert message["browser_id"] in self._identified
        assert not any(held.lines for other, held in self._sessions.items() if other != key)
