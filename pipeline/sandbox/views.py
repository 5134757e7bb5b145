"""What the sandbox shows: guests, orders, unseen messages, requests, a summary. Plain JSON."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict
from decimal import Decimal
from typing import TypeAlias

from pipeline.sandbox.assumptions import ASSUMPTIONS
from pipeline.sandbox.guests import Guest
from pipeline.sandbox.orders import Item, Order, iso
from pipeline.sandbox.request_log import LoggedRequest
from pipeline.sandbox.sandbox import Sandbox
from pipeline.sandbox.sessions import Session

View: TypeAlias = dict[str, object]


def guest(sandbox: Sandbox, browser_id: str) -> View | None:
    """Show the guest behind a browser id: sessions, carts, orders, what was never seen."""
    found = sandbox.tenant.guests.behind(browser_id)
    if found is None:
        return None
    sandbox.tenant.settle(sandbox.now())
    unseen = (one for one in sandbox.log.unseen if one.guest and one.guest.current() is found)
    return {
        "guest": found.ref,
        "type": found.type,
        "identifiers": [{"provider": name, "id": id_} for name, id_ in found.identifiers],
        "browser_ids": list(found.browser_ids),
        "shared_browser": found.shared_browser,
        "sessions": [session(one) for one in sandbox.tenant.sessions.of(found.browser_ids)],
        "ended_sessions": [session(one) for one in found.ended],
        "orders": [order(one) for one in found.orders],
        "unseen": [request(one) for one in unseen],
        "assumptions": ASSUMPTIONS,
    }


def session(one: Session) -> View:
    """Show a session and its cart; *revenue* is what Sitecore would call abandoned."""
    return {
        "session": one.ref,
        "browser_id": one.browser_id,
        "channel": one.channel,
        "point_of_sale": one.point_of_sale,
        "status": "OPEN" if one.ended_at is None else "CLOSED",
        "cart_type": one.cart_type,
        "started_at": iso(one.started_at),
        "last_at": iso(one.last_at),
        "ended_at": None if one.ended_at is None else iso(one.ended_at),
        "lines": [cart_line(line) for line in one.lines.values()],
        "confirmed": list(one.confirmed),
        "broken": [violation._asdict() for violation in one.broken.values()],
        "has_contact": one.has_contact,
        "revenue": one.revenue,
        "orders": [placed.reference_id for placed in one.orders],
    }


def order(one: Order) -> View:
    """Show an order."""
    return {
        "ref": one.ref,
        "reference_id": one.reference_id,
        "guest": one.guest.ref,
        "browser_id": one.browser_id,
        "channel": one.channel,
        "point_of_sale": one.point_of_sale,
        "session": one.session_ref,
        "form": one.form,
        "status": one.status,
        "total": one.total,
        "currency": one.currency,
        "ordered_at": one.ordered_at,
        "arrived_at": iso(one.arrived_at),
        "payment_type": one.payment_type,
        "card_type": one.card_type,
        "extension": one.extension,
        "items": [cart_line(line) if one.form == "cart" else asdict(line) for line in one.items],
        "duplicate": one.duplicate,
        "flags": one.flags,
    }


def cart_line(one: Item) -> View:
    """Show a line with its amount, which only a cart's line has for certain."""
    return {**asdict(one), "amount": one.amount}


def request(one: LoggedRequest) -> View:
    """Show one request of the log."""
    return {
        "seq": one.seq,
        "time": iso(one.at),
        "endpoint": one.endpoint,
        "type": one.type,
        "browser_id": one.browser_id,
        "guest": one.guest.current().ref if one.guest else None,
        "reference": one.reference,
        "status": one.status,
        "taken": one.taken,
        "mishap": one.mishap.value,
        "delivery_id": one.delivery_id,
        "possible_repeat": one.possible_repeat,
        "reason": one.unseen.reason if one.unseen else None,
        "field": one.unseen.field if one.unseen else None,
        "found": one.unseen.found if one.unseen else None,
    }


def requests(sandbox: Sandbox, *, after: int, limit: int, texts: bool) -> View:
    """Show the log from one sequence number on, in arrival order, with or without messages."""
    chosen = [one for one in sandbox.log.newest if one.seq > after][:limit]
    shown = [{**request(one), **({"text": one.text} if texts else {})} for one in chosen]
    return {"total": sandbox.log.total, "requests": shown}


def orders(sandbox: Sandbox) -> View:
    """Show every order in the order of arrival."""
    return {"orders": [order(one) for one in sandbox.tenant.orders]}


def unseen(sandbox: Sandbox) -> View:
    """Show what was accepted and will never be seen, with reasons."""
    return {
        "total": sum(sandbox.log.reasons.values()),
        "unseen": [request(one) for one in sandbox.log.unseen],
    }


def summary(sandbox: Sandbox) -> View:
    """Count everything."""
    tenant, log = sandbox.tenant, sandbox.log
    tenant.settle(sandbox.now())
    guests = list(tenant.guests)
    by_type: defaultdict[str, dict[str, int]] = defaultdict(dict)
    answers: defaultdict[str, int] = defaultdict(int)
    for (name, answer), count in log.answers.items():
        by_type[name][answer] = count
        answers[answer] += count
    return {
        "now": iso(sandbox.now()),
        "requests": log.total,
        "by_type": by_type,
        "answers": answers,
        "guests": len(guests),
        "customers": sum(one.type == "customer" for one in guests),
        "orders": _counted(tenant.orders),
        "abandoned_carts": _abandoned(guests),
        "unseen": log.reasons,
        "faults": asdict(sandbox.faults),
    }


def _counted(placed: list[Order]) -> View:
    return {
        "total": len(placed),
        "cart": sum(one.form == "cart" for one in placed),
        "single": sum(one.form == "single" for one in placed),
        "duplicates": sum(one.duplicate for one in placed),
        "flagged": sum(bool(one.flags) for one in placed),
    }


def _abandoned(guests: Iterable[Guest]) -> View:
    left = [one for who in guests for one in who.ended if one.cart_type == "ABANDONED"]
    return {"total": len(left), "revenue": sum((one.revenue for one in left), Decimal())}
