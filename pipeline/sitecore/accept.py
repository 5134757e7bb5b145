"""What an accepted message changes in what Sitecore has of a guest."""

from collections.abc import Callable, Mapping

from pipeline.sitecore import digest, messages
from pipeline.sitecore.attempt import Attempt
from pipeline.sitecore.browsers import browser_at, with_browser
from pipeline.sitecore.delivery import AcceptedOrder, Delivery, Form, HeldLine, head_of
from pipeline.sitecore.owed import OwedOrder, OwedPayment
from pipeline.sitecore.sessions import (
    change,
    emptied,
    session_at,
    sessions_with,
    touched,
    with_line,
)
from pipeline.sitecore.tries import accepted


def accept(delivery: Delivery, attempt: Attempt) -> Delivery:
    """Note that Sitecore has an event.

    Of a message that stands for itself, only that it is done shows that it was accepted.
    """
    key, changes = attempt.key, _BY_TYPE.get(attempt.request.type)
    session = touched(session_at(delivery, key), attempt.now, attempt.policy)
    head = head_of(delivery, attempt.owed.delivery_id)
    known = with_browser(delivery, browser_at(delivery, key.browser_id))._replace(
        sessions=sessions_with(delivery, session),
        head=accepted(
            head,
            attempt.message,
            done=head.done or changes is None,
            answer="unconfirmed" if attempt.said.unconfirmed else "accepted",
        ),
    )
    return known if changes is None else changes(known, attempt)


def _identity(delivery: Delivery, attempt: Attempt) -> Delivery:
    browser = browser_at(delivery, attempt.key.browser_id)
    known = browser._replace(identity=attempt.owner_digest, identity_refused="")
    return with_browser(delivery, known)


def _line(delivery: Delivery, attempt: Attempt) -> Delivery:
    line = HeldLine(attempt.item_id, attempt.line_digest)
    return change(delivery, attempt.key, lambda session: with_line(session, line))


def _contact(delivery: Delivery, attempt: Attempt) -> Delivery:
    who = attempt.owner_digest
    return change(delivery, attempt.key, lambda session: session._replace(contact=who))


def _confirmed(delivery: Delivery, attempt: Attempt) -> Delivery:
    owed = attempt.owed
    if not isinstance(owed, OwedOrder):
        return delivery
    said = digest.of_confirmed(owed.order_id, (line.item_id for line in owed.lines))
    return change(delivery, attempt.key, lambda session: session._replace(confirmed=said))


def _cleared(delivery: Delivery, attempt: Attempt) -> Delivery:
    return change(delivery, attempt.key, emptied)


def _checked_out(delivery: Delivery, attempt: Attempt) -> Delivery:
    """The cart became an order; that nothing is left in it is not documented, but what else."""
    return _ordered(_cleared(delivery, attempt), attempt, Form.CART)


def _order(delivery: Delivery, attempt: Attempt) -> Delivery:
    return _ordered(delivery, attempt, Form.SINGLE)


def _ordered(delivery: Delivery, attempt: Attempt, form: Form) -> Delivery:
    owed = attempt.owed
    if not isinstance(owed, OwedOrder):
        return delivery
    at = max(attempt.now, owed.ordered_at)
    paid = messages.pay_type(owed, attempt.shop) if form is Form.SINGLE else ""
    order = AcceptedOrder(
        *(owed.order_id, form, *attempt.key),
        at=at,
        paid=paid,
        ref=attempt.said.ref,
        unconfirmed=attempt.said.unconfirmed,
    )
    head = head_of(delivery, owed.delivery_id)._replace(left=None, unknowns=0)
    known = change(delivery, attempt.key, lambda s: s._replace(ordered=owed.order_id))
    return known._replace(orders=(*delivery.orders, order), head=head)


def _paid(delivery: Delivery, attempt: Attempt) -> Delivery:
    owed, kind = attempt.owed, str(attempt.message["pay_type"])
    if not isinstance(owed, OwedOrder | OwedPayment):
        return delivery
    orders = (
        order._replace(paid=kind) if order.order_id == owed.order_id else order
        for order in delivery.orders
    )
    return delivery._replace(orders=tuple(orders))


_BY_TYPE: Mapping[str, Callable[[Delivery, Attempt], Delivery]] = {
    messages.IDENTITY: _identity,
    messages.ADD: _line,
    messages.ADD_CONTACTS: _contact,
    messages.CONFIRM: _confirmed,
    messages.CLEAR_CART: _cleared,
    messages.CHECKOUT: _checked_out,
    messages.ORDER_CHECKOUT: _order,
    messages.PAYMENT: _paid,
}
