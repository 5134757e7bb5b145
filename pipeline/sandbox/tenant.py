"""What Sitecore would make of every accepted message: pure, its clock is an argument."""

from collections.abc import Callable
from itertools import chain
from typing import NamedTuple

from pipeline.record import Instant
from pipeline.sandbox import carts
from pipeline.sandbox.guests import Guest, Guests
from pipeline.sandbox.orders import Order
from pipeline.sandbox.rules import guests as rules
from pipeline.sandbox.rules.every_event import Form, circumstances
from pipeline.sandbox.rules.extensions import KnownTypes
from pipeline.sandbox.rules.fields import JsonObject, Violation, Violations, first, said
from pipeline.sandbox.sessions import Session, Sessions
from pipeline.sandbox.settings import SandboxSettings, Shop
from pipeline.sandbox.single import order_checkout
from pipeline.sandbox.visit import Visit


class Taken(NamedTuple):
    """What became of one accepted message."""

    ref: str
    """Reference of the event."""
    guest: Guest
    """Behind the browser once the message was taken."""
    unseen: Violation | None
    """Why it, or what it stands for, will never be seen; None when it will be."""


class Tenant:
    """One customer's data: guests, their sessions, carts and orders."""

    def __init__(self, settings: SandboxSettings, new_ref: Callable[[], str]) -> None:
        self.guests = Guests(settings.identity_providers, new_ref)
        self.sessions = Sessions()
        self.orders: list[Order] = []
        self._references: set[str] = set()
        self._known_types = KnownTypes()
        self._settings = settings
        self._new_ref = new_ref
        for browser_id in settings.browser_ids:
            self.guests.browse(browser_id)

    def create_browser(self) -> tuple[str, Guest]:
        """Issue a browser id, and the anonymous guest behind it."""
        browser_id = self._new_ref()
        return browser_id, self.guests.browse(browser_id)

    def take(self, message: JsonObject, *, form: Form, now: Instant) -> Taken:
        """Process a message that has a text as type and a browser id that was issued.

        One that cannot be processed changes nothing but what its rule says, and does not keep
        its session open: the documentation is silent on that.
        """
        browser_id = str(message["browser_id"])
        guest = self.guests.behind(browser_id)
        if guest is None:
            raise ValueError("the browser id was never issued: answer 404 instead of taking this")
        ref = self._new_ref()
        pos = message.get("pos")
        shop = self._settings.shops.get(pos) if isinstance(pos, str) else None
        if shop is None:
            return Taken(ref, guest, Violation("unknown_point_of_sale", "pos", said(pos)))
        unseen = first(self._circumstances(message, form, shop))
        if unseen is None:
            session = self._session(message, shop, now)
            visit = Visit(message, guest, session, self.sessions, shop.data_model, now, ref)
            unseen = self._process(visit)
        return Taken(ref, self.guests.behind(browser_id) or guest, unseen)

    def settle(self, now: Instant) -> None:
        """Close every session that has been silent for its timeout."""
        for session in [one for one in self.sessions if one.expires_at() <= now]:
            self._end(session, session.expires_at())

    def _circumstances(self, message: JsonObject, form: Form, shop: Shop) -> Violations:
        yield from circumstances(message, form, shop.data_model)
        yield from self._known_types.check(_extension(message), _scope(message), "ext.")

    def _session(self, message: JsonObject, shop: Shop, now: Instant) -> Session:
        """Find the open session of a browser id and channel, or begin one."""
        browser_id, channel = str(message["browser_id"]), str(message["channel"])
        session = self.sessions.open(browser_id, channel)
        if session is not None:
            session.timeout_s = min(session.timeout_s, shop.session_timeout_s)
            if session.expires_at() > now:
                return session
            self._end(session, session.expires_at())
        session = Session(
            ref=self._new_ref(),
            browser_id=browser_id,
            channel=channel,
            point_of_sale=str(message["pos"]),
            started_at=now,
            last_at=now,
            timeout_s=shop.session_timeout_s,
        )
        self.sessions.keep(session)
        return session

    def _end(self, session: Session, at: Instant) -> None:
        self.sessions.end(session, at)
        guest = self.guests.behind(session.browser_id)
        if guest is not None and session.cart_type != "BROWSED":
            guest.ended.append(session)

    def _process(self, visit: Visit) -> Violation | None:
        """Do what the type says; then the session lives on from this message."""
        orders_before = len(visit.session.orders)
        unseen = self._dispatch(visit)
        if unseen is None:
            visit.session.last_at = visit.now
            self._known_types.learn(_extension(visit.message), _scope(visit.message))
        for order in visit.session.orders[orders_before:]:
            self._show(order)
        return unseen

    def _dispatch(self, visit: Visit) -> Violation | None:
        message = visit.message
        handle = _CART.get(str(message["type"]))
        if handle is not None:
            return handle(visit)
        match message["type"]:
            case "IDENTITY":
                return first(chain(rules.identity(message), self._identified(visit)))
            case "ADD_CONTACTS":
                return self._add_contacts(visit)
            case "ORDER_CHECKOUT":
                return order_checkout(visit, self._known_types, self._settings.item_types)
            case "ADD_CONSUMERS":
                return first(rules.consumers(message))
            case "SEARCH":
                return first(rules.search(message))
            case "FORCE_CLOSE":
                self._end(visit.session, visit.now)
        return None

    def _identified(self, visit: Visit) -> Violations:
        """Apply identity rules; without one for any provider the guest stays who they were."""
        said_ids = rules.identified_by(visit.message)
        guest = self.guests.identify(visit.session.browser_id, said_ids)
        if guest is None:
            yield Violation("provider_without_rule", "identifiers", said(said_ids[0][0]))

    def _add_contacts(self, visit: Visit) -> Violation | None:
        unseen = first(rules.contacts(visit.message, visit.model))
        if unseen is not None:
            return unseen
        if rules.identified_by(visit.message):
            unseen = first(self._identified(visit))
        visit.session.has_contact = unseen is None
        return unseen

    def _show(self, order: Order) -> None:
        order.duplicate = order.reference_id in self._references
        self._references.add(order.reference_id)
        self.orders.append(order)
        order.guest.orders.append(order)


_CART = {
    "ADD": carts.add,
    "CONFIRM": carts.confirm,
    "CHECKOUT": carts.checkout,
    "PAYMENT": carts.pay,
    "CLEAR_CART": carts.clear,
}


def _scope(message: JsonObject) -> str:
    return f"event {message['type']}"


def _extension(message: JsonObject) -> JsonObject:
    extension = message.get("ext")
    return extension if isinstance(extension, dict) else {}
