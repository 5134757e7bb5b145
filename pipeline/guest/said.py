"""What is known of a guest, for people and as JSON: no contact data, no identifiers."""

from collections.abc import Iterator
from typing import Any, Final

from pipeline.guest.lookup import Behind, Known
from pipeline.orders.cart import lines_at
from pipeline.orders.deadlines import Timer, identity_due, lacks, lines_due, order_due, payment_due
from pipeline.orders.guest import Guest, WaitingOrder
from pipeline.orders.policy import OrderPolicy
from pipeline.record import Instant, in_utc
from pipeline.sitecore.delivery import NEVER, Delivery, Head

_ORDERS_SHOWN: Final = 20
"""Orders that are shown, the latest of however many."""
_ID_SHOWN: Final = 8
"""Characters of a browser id."""
_DUE: Final = {
    Timer.LINES: lines_due,
    Timer.PAYMENT: payment_due,
    Timer.IDENTITY: identity_due,
}


def document(known: Known, policy: OrderPolicy) -> dict[str, Any]:
    """Everything, as JSON."""
    return {
        "guest": known.guest_id,
        "known": not known.is_unknown,
        "partition": known.partition,
        "looked_in": list(known.looked_in),
        "assemble": None if known.guest is None else _guest(known, known.guest, policy),
        "deliver": None if known.delivery is None else _delivery(known.delivery),
        "committed_offset": known.committed,
        "hold": None if known.hold is None else known.hold.value,
        "behind_count": known.behind_count,
        "behind": [_waiting(one) for one in known.behind],
    }


def lines(document: dict[str, Any]) -> Iterator[str]:
    """The same for people."""
    if not document["known"]:
        where = ", ".join(document["looked_in"])
        yield f"nothing is known of this guest in partition {document['partition']} of {where}"
        yield "if producers place guests by another rule, name the partition: --partition"
        return
    yield f"partition {document['partition']}"
    yield "assemble:"
    yield from _told(document["assemble"])
    yield "deliver:"
    yield from _told(document["deliver"])
    if document["hold"] is not None:
        yield f"the partition is held ({document['hold']}): nothing leaves but probes"
    yield f"owed and not finished: {document['behind_count']}"
    for one in document["behind"]:
        yield f"  {_flat(one)}"


def _told(part: dict[str, Any] | None) -> Iterator[str]:
    if part is None:
        yield "  knows nothing of this guest"
        return
    for name, value in part.items():
        words = name.replace("_", " ")
        if isinstance(value, list):
            yield f"  {words}: {len(value) or 'none'}"
            for one in value:
                yield f"    {_flat(one)}"
        else:
            yield f"  {words}: {_flat(value)}"


def _flat(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name.replace('_', ' ')} {_flat(one)}" for name, one in value.items())
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value is None or value == "" else str(value)


def _guest(known: Known, guest: Guest, policy: OrderPolicy) -> dict[str, Any]:
    newest = sorted(guest.orders.items(), key=lambda one: one[1].ordered_at, reverse=True)
    return {
        "erased": guest.erased,
        "seen_at": _time(guest.seen_at),
        "identity": guest.identity is not None,
        "cart_lines": len(lines_at(guest.cart.log, policy.fact_codec)),
        "next_sequence": guest.sequence,
        "next_timer": _time(known.wake_at),
        "waiting_orders": [_order(order, guest, policy) for order in guest.waiting],
        "waiting_payments": [
            {
                "order_id": payment.event.order_id,
                "lacks": "order",
                "since": _time(payment.since),
                "until": _time(order_due(payment, policy)),
            }
            for payment in guest.payments
        ],
        "known_orders_count": len(newest),
        "known_orders": [
            {"order_id": order_id, "ordered_at": _time(order.ordered_at), "paid": order.paid}
            for order_id, order in newest[:_ORDERS_SHOWN]
        ],
    }


def _order(order: WaitingOrder, guest: Guest, policy: OrderPolicy) -> dict[str, Any]:
    what = lacks(order, guest)
    return {
        "order_id": order.event.order_id,
        "lacks": what.value.removesuffix("_wait"),
        "since": _time(order.since),
        "until": _time(_DUE[what](order, policy)),
        "position": str(order.record.position),
    }


def _delivery(delivery: Delivery) -> dict[str, Any]:
    return {
        "erased": delivery.erased,
        "finished_offset": delivery.finished,
        "last_sequence": delivery.sequence,
        "head": None if delivery.head is None else _head(delivery.head),
        "browser_ids": [
            {
                "id": _short(browser.id),
                "issued_to_us": browser.issued,
                "identity_accepted": browser.identity != "",
                "identity_refused": browser.identity_refused != "",
            }
            for browser in delivery.browsers
        ],
        "replaced_browser_ids": [
            {"old": _short(one.old), "new": None if one.new is None else _short(one.new)}
            for one in delivery.replaced
        ],
        "sessions": [
            {
                "browser_id": _short(session.browser_id),
                "channel": session.channel,
                "point_of_sale": session.point_of_sale,
                "accepted_at": _time(session.accepted_at),
                "lines": len(session.lines),
                "doubtful": session.doubtful,
            }
            for session in delivery.sessions
        ],
        "refused_lines": len(delivery.refused_lines),
        "accepted_orders_count": len(delivery.orders),
        "accepted_orders": [
            {
                "order_id": order.order_id,
                "form": order.form.value,
                "at": _time(order.at),
                "ref": order.ref or None,
                "unconfirmed": order.unconfirmed,
            }
            for order in delivery.orders[-_ORDERS_SHOWN:]
        ],
    }


def _head(head: Head) -> dict[str, Any]:
    return {
        "delivery_id": head.delivery_id,
        "form": "free" if head.left is None else head.left.value,
        "tries": head.tries,
        "unknowns": head.unknowns,
        "first_try_at": _time(head.first_try_at),
        "next_try_at": _time(head.not_before),
        "last_answer": head.answer,
        "may_have_arrived": head.doubt != "",
    }


def _waiting(one: Behind) -> dict[str, Any]:
    return {
        "position": str(one.position),
        "kind": one.kind,
        "delivery_id": one.delivery_id,
        "sequence": one.sequence,
        "since": _time(one.timestamp),
    }


def _short(browser_id: str) -> str:
    return f"{browser_id[:_ID_SHOWN]}..." if len(browser_id) > _ID_SHOWN else browser_id


def _time(at: Instant | None) -> str | None:
    """An instant in UTC; None for one that never was, or is out of all reason."""
    if at is None or at == NEVER:
        return None
    try:
        return in_utc(at)
    except OverflowError:
        return None
