"""An order was placed, or paid: it is owed at once, waits, is a repeat, or is set aside."""

from pipeline.commerce.events import OrderId, OrderPlaced, PaymentReceived
from pipeline.orders.cart import (
    knows,
    lines_at,
    pruned,
    purchase,
    purchase_key,
    with_fact,
    without,
)
from pipeline.orders.content import digest_of
from pipeline.orders.guest import Became, WaitingOrder, WaitingPayment
from pipeline.orders.line_rules import refuse
from pipeline.orders.turn import Turn
from pipeline.orders.validate import refuse_order, refuse_payment
from pipeline.orders.waiting import (
    cart_needed_from,
    is_too_much,
    owe_cart_after_order,
    owe_payment,
    release,
)
from pipeline.record import Record
from pipeline.refusal import Refusal
from pipeline.sitecore.owed import WrittenLine
from pipeline.sitecore.point_of_sale import PointOfSale

_TOO_MUCH = refuse("too_much_waiting", "", "this guest's orders and payments that wait")


def take_order(turn: Turn, event: OrderPlaced, record: Record, pos: PointOfSale) -> Became:
    """Take an order: once owed, its id is known as long as the guest."""
    known = turn.orders.get(event.order_id)
    if known is not None:
        return _known_again(turn, event, record, known.digest)
    held = _waiting(turn, event.order_id)
    if held is not None:
        verdict = _compare(event, held.event)
        if verdict is not None:
            return verdict
    refusal = _refuse(turn, event, pos)
    if refusal is not None:
        turn.refuse(refusal, record, _bought(turn, event))
        if held is None:
            _take_cart_of_refused(turn, event)
        return Became.SET_ASIDE
    return _wait_or_owe(turn, event, record, held)


def take_payment(turn: Turn, event: PaymentReceived, record: Record) -> Became:
    """Take a payment: for an order that was owed, that waits, or that is to come."""
    refusal = refuse_payment(event)
    if refusal is not None:
        turn.refuse(refusal, record)
        return Became.SET_ASIDE
    known = turn.orders.get(event.order_id)
    if known is not None:
        if known.paid:
            return Became.REPEAT
        owe_payment(turn, event, known)
        return Became.OWED
    held = _waiting(turn, event.order_id)
    if held is not None and held.event.payment is not None:
        return Became.REPEAT
    if any(other.event.order_id == event.order_id for other in turn.payments):
        return Became.REPEAT
    if is_too_much(turn, turn.waiting, record):
        turn.refuse(_TOO_MUCH, record)
        return Became.SET_ASIDE
    turn.payments = (*turn.payments, WaitingPayment(event, record, record.timestamp))
    release(turn)
    waits = any(other.event.order_id == event.order_id for other in turn.payments)
    return Became.WAITING if waits else Became.OWED


def _known_again(turn: Turn, event: OrderPlaced, record: Record, digest: bytes) -> Became:
    if digest_of(event) == digest:
        return Became.REPEAT
    found = "other content than was owed before: update it by the REST or Batch API"
    turn.refuse(refuse("order_changed", "", found), record)
    return Became.SET_ASIDE


def _compare(event: OrderPlaced, held: OrderPlaced) -> Became | None:
    """What an event is to an order that waits; None: it replaces it."""
    key, held_key = purchase_key(event), purchase_key(held)
    if key == held_key or digest_of(event) == digest_of(held):
        return Became.REPEAT
    return Became.LATE if key < held_key else None


def _refuse(turn: Turn, event: OrderPlaced, pos: PointOfSale) -> Refusal | None:
    if event.ordered_at < turn.orders_after:
        return refuse("historic_order", "orderedAt", "older than what is remembered of this guest")
    return refuse_order(event, pos, turn.now, turn.policy)


def _wait_or_owe(
    turn: Turn, event: OrderPlaced, record: Record, held: WaitingOrder | None
) -> Became:
    if held is None:
        waiting = WaitingOrder(event, record, record.timestamp)
    else:
        turn.cart = without(turn.cart, purchase_key(held.event), turn.policy.fact_codec)
        waiting = WaitingOrder(event, record, held.since, held.lines_waived, held.payment_waived)
    others = (other for other in turn.waiting if other is not held)
    turn.waiting = tuple(sorted((*others, waiting), key=lambda order: purchase_key(order.event)))
    _empty_cart(turn, event)
    release(turn)
    if any(other is waiting for other in turn.waiting):
        return _wait(turn, waiting)
    return Became.OWED if event.order_id in turn.orders else Became.SET_ASIDE


def _wait(turn: Turn, waiting: WaitingOrder) -> Became:
    others = tuple(other for other in turn.waiting if other is not waiting)
    if not is_too_much(turn, others, waiting.record):
        return Became.WAITING
    turn.waiting = others
    turn.refuse(_TOO_MUCH, waiting.record)
    owe_cart_after_order(turn, even_if_empty=True)
    return Became.SET_ASIDE


def _bought(turn: Turn, event: OrderPlaced) -> tuple[WrittenLine, ...]:
    """What only the cart says that an order bought, before the order empties it."""
    if event.lines:
        return ()
    return tuple(lines_at(turn.cart.log, turn.policy.fact_codec, purchase_key(event)).values())


def _take_cart_of_refused(turn: Turn, event: OrderPlaced) -> None:
    """What was bought is in the cart no more, whether or not the order can be told."""
    codec = turn.policy.fact_codec
    before = lines_at(turn.cart.log, codec)
    _empty_cart(turn, event)
    if lines_at(turn.cart.log, codec) != before:
        owe_cart_after_order(turn, even_if_empty=True)


def _empty_cart(turn: Turn, event: OrderPlaced) -> None:
    fact = purchase(event)
    codec = turn.policy.fact_codec
    if not knows(turn.cart.log, fact, codec):
        turn.cart = pruned(
            with_fact(turn.cart, fact, turn.now, codec),
            horizon_s=turn.policy.cart_horizon_s,
            until=cart_needed_from(turn.waiting),
            codec=codec,
        )


def _waiting(turn: Turn, order_id: OrderId) -> WaitingOrder | None:
    for waiting in turn.waiting:
        if waiting.event.order_id == order_id:
            return waiting
    return None
