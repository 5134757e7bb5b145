"""ADD, CONFIRM, CHECKOUT, PAYMENT: the state machine of an order over one session.

Sitecore accepts each of these whatever the state and reports no failure; what is returned here is
what it would keep to itself. Its documentation says what fails, not how a session recovers: the
sandbox lets a later correct ADD mend its line, and lets a CONFIRM that cannot be used spoil the
session until CLEAR_CART.
"""

from decimal import Decimal

from pipeline.sandbox.orders import Item, Order, cart_line, flags_of, iso
from pipeline.sandbox.rules import orders as rules
from pipeline.sandbox.rules.fields import Violation, entries, first, said
from pipeline.sandbox.sessions import Session
from pipeline.sandbox.visit import Visit

ALREADY_ORDERED = "already_ordered"
CART_CLEARED = "cart_cleared"


def add(visit: Visit) -> Violation | None:
    """Put a line into the cart, or replace the one of its item id."""
    violation = first(rules.add(visit.message))
    product = visit.message.get("product")
    item_id = str(product.get("item_id", "")) if isinstance(product, dict) else ""
    if violation is not None:
        visit.session.broken[item_id] = violation
        return violation
    assert isinstance(product, dict)  # noqa: S101 — the rule has just said so
    visit.session.broken.pop(item_id, None)
    visit.session.gone.pop(item_id, None)
    visit.session.lines[item_id] = cart_line(product)
    return None


def confirm(visit: Visit) -> Violation | None:
    """Name the lines that are about to be bought."""
    session = visit.session
    violation = first(rules.confirm(visit.message)) or _without_add(visit)
    if violation is not None:
        session.confirm_fault = session.confirm_fault or violation
        return violation
    for product in entries(visit.message, "product"):
        session.confirmed[str(product["item_id"])] = None
    return None


def _without_add(visit: Visit) -> Violation | None:
    for product in entries(visit.message, "product"):
        item_id = str(product["item_id"])
        if item_id in visit.session.broken:
            return Violation("add_invalid", "product", said(item_id))
        if item_id not in visit.session.lines:
            why = _why_gone(visit, item_id) or "confirm_without_add"
            return Violation(why, "product", said(item_id))
    return None


def _why_gone(visit: Visit, item_id: str) -> str | None:
    """Say where a line is that this session does not have."""
    if item_id in visit.session.gone:
        return visit.session.gone[item_id]
    holder = next((one for one in visit.elsewhere() if item_id in one.lines), None)
    return _why_there(visit.session, holder) if holder else None


def _why_there(session: Session, holder: Session) -> str:
    return "session_timed_out" if holder.key == session.key else "cross_session"


def checkout(visit: Visit) -> Violation | None:
    """Make the order of the confirmed lines, and begin a new cart."""
    violation = first(rules.checkout(visit.message)) or _not_ready(visit)
    if violation is not None:
        return violation
    session = visit.session
    items = tuple(session.lines[item_id] for item_id in session.confirmed)
    session.orders.append(_order(visit, items))
    session.forget_cart(ALREADY_ORDERED)
    return None


def _not_ready(visit: Visit) -> Violation | None:
    session = visit.session
    if session.broken:
        fault = next(iter(session.broken.values()))
        return Violation("add_invalid", fault.field, fault.reason)
    if session.confirm_fault is not None:
        return Violation(session.confirm_fault.reason, "", "at CONFIRM")
    if not session.lines:
        return Violation(_why_empty(visit), "")
    if not session.confirmed:
        return Violation("checkout_without_confirm", "")
    if not visit.guest.identifiers:
        return Violation("not_a_customer", "")
    if visit.model == "2.0" and not session.has_contact:
        return Violation("contact_missing", "")
    return None


def _why_empty(visit: Visit) -> str:
    session = visit.session
    if session.gone:
        return next(reversed(session.gone.values()))
    holder = next((one for one in visit.elsewhere() if one.lines), None)
    return _why_there(session, holder) if holder else "checkout_without_add"


def _order(visit: Visit, items: tuple[Item, ...]) -> Order:
    """Build the order: price, currency and items come from the ADDs, its time is its arrival."""
    session = visit.session
    order = Order(
        ref=visit.ref,
        reference_id=str(visit.message["reference_id"]),
        guest=visit.guest,
        browser_id=session.browser_id,
        channel=session.channel,
        point_of_sale=str(visit.message["pos"]),
        session_ref=session.ref,
        form="cart",
        status=str(visit.message["status"]),
        total=sum((item.amount for item in items), Decimal()),
        currency=items[0].currency,
        items=items,
        ordered_at=iso(visit.now),
        arrived_at=visit.now,
    )
    order.flags = flags_of(order)
    return order


def pay(visit: Visit) -> Violation | None:
    """Add the payment method to the session's latest order."""
    violation = first(rules.payment(visit.message))
    if violation is not None:
        return violation
    checked_out = [order for order in visit.session.orders if order.form == "cart"]
    if not checked_out:
        return Violation(_why_unpaid(visit), "")
    checked_out[-1].payment_type = str(visit.message["pay_type"])
    return None


def _why_unpaid(visit: Visit) -> str:
    holder = next((one for one in visit.elsewhere() if one.orders), None)
    return _why_there(visit.session, holder) if holder else "payment_before_checkout"


def clear(visit: Visit) -> Violation | None:
    """Ignore all products and contacts passed so far in the session."""
    visit.session.forget_cart(CART_CLEARED)
    visit.session.cleared = True
    return None
