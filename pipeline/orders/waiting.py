"""Orders and payments that wait: what they lack, and what becomes of them."""

from pipeline.commerce.events import Contact, Line, OrderPlaced, Payment, PaymentReceived
from pipeline.orders.bounds import ORDERS_MAX, WAITING_BYTES_MAX, WAITING_MAX
from pipeline.orders.cart import lines_at, purchase_key
from pipeline.orders.content import adds_up, digest_of
from pipeline.orders.guest import KnownOrder, WaitingOrder
from pipeline.orders.line_rules import refuse, refuse_order_lines
from pipeline.orders.turn import Turn, context_of
from pipeline.record import DAY_S, Instant, Record, later
from pipeline.refusal import Refusal
from pipeline.sitecore.owed import Identity, OwedOrder, OwedPayment, WrittenCart, WrittenLine
from pipeline.sitecore.point_of_sale import PointOfSale, Protocol


def release(turn: Turn) -> None:
    """Owe every waiting order that lacks nothing any more, then the cart they held back."""
    ready: list[WaitingOrder] = []
    still: list[WaitingOrder] = []
    for waiting in turn.waiting:
        (still if _lacks_anything(waiting, turn) else ready).append(waiting)
    if not ready:
        return
    turn.waiting = tuple(still)
    told = [_owe_order(waiting, turn) for waiting in ready]
    owe_cart_after_order(turn, even_if_empty=not all(told))


def owe_cart_after_order(turn: Turn, *, even_if_empty: bool) -> None:
    """Owe what the guest has put into the cart since, once no order waits any more.

    Args:
        turn: The turn in which the last order was owed or set aside.
        even_if_empty: The order was set aside, and Sitecore still holds its cart.
    """
    if turn.waiting:
        return
    lines = lines_at(turn.cart.log, turn.policy.fact_codec)
    if lines or even_if_empty:
        owe_cart(turn, tuple(lines.values()))


def owe_cart(turn: Turn, lines: tuple[WrittenLine, ...]) -> None:
    """Owe the cart, where carts are told at all: in the newest cart event's circumstances."""
    context = turn.cart.context
    if context is None or not tells_carts(turn):
        return
    happened_at = max(turn.cart.context_at, turn.happened_at)
    turn.owed.append(WrittenCart(**turn.owing(context, happened_at), lines=lines))


def tells_carts(turn: Turn) -> bool:
    """Whether Sitecore is told of carts where the newest cart event happened."""
    context = turn.cart.context
    pos = None if context is None else turn.policy.points_of_sale.get(context.point_of_sale)
    return pos is not None and pos.protocol is not Protocol.SINGLE


def owe_payment(turn: Turn, event: PaymentReceived, known: KnownOrder) -> None:
    """Owe the payment of an order that was owed without one."""
    turn.orders = {**turn.orders, event.order_id: known._replace(paid=True)}
    turn.owed.append(
        OwedPayment(
            **turn.owing(context_of(event), event.occurred_at),
            order_id=event.order_id,
            payment=event.payment,
        )
    )


def identity_for(identity: Identity, pos: PointOfSale) -> Identity:
    """An identity as far as a point of sale lets it be told."""
    return identity if pos.personal_fields else Identity(identity.identifiers, Contact())


def is_too_much(turn: Turn, waiting: tuple[WaitingOrder, ...], record: Record) -> bool:
    """Whether a record cannot wait beside these orders and the guest's payments."""
    held = [order.record for order in waiting]
    held.extend(payment.record for payment in turn.payments)
    size = sum(len(other.value or b"") for other in (*held, record))
    return len(held) >= WAITING_MAX or size > WAITING_BYTES_MAX


def cart_needed_from(waiting: tuple[WaitingOrder, ...]) -> Instant | None:
    """The oldest instant whose cart may still be asked for; None: none. Orders are in order."""
    return waiting[0].event.occurred_at if waiting else None


def _lacks_anything(waiting: WaitingOrder, turn: Turn) -> bool:
    event = waiting.event
    if turn.identity is None:
        # Sitecore takes an order only for a guest it knows, and would not say so.
        return True
    if not waiting.payment_waived and _payment_of(event, turn) is None:
        return True
    if event.lines or waiting.lines_waived:
        return False
    lines = _lines_for(event, turn)
    return not lines or not adds_up(lines, event.total)


def _owe_order(waiting: WaitingOrder, turn: Turn) -> bool:
    event = waiting.event
    lines = event.lines or _lines_for(event, turn)
    pos = turn.policy.points_of_sale.get(event.point_of_sale)
    if pos is None or turn.identity is None:
        turn.refuse(
            refuse("unknown_point_of_sale", "pointOfSale", event.point_of_sale), waiting.record
        )
        return False
    refusal = (None if event.lines else refuse_order_lines(lines, pos)) or _refuse_for_room(turn)
    if refusal is not None:
        turn.refuse(refusal, waiting.record)
        return False
    payment = _payment_of(event, turn)
    turn.owed.append(
        OwedOrder(
            **turn.owing(context_of(event), event.occurred_at),
            order_id=event.order_id,
            ordered_at=event.ordered_at,
            status=event.status,
            total=event.total,
            lines=lines,
            payment=payment,
            identity=identity_for(turn.identity.identity, pos),
            attributes=event.attributes,
        )
    )
    _remember(event, turn, paid=payment is not None)
    return True


def _remember(event: OrderPlaced, turn: Turn, *, paid: bool) -> None:
    known = KnownOrder(digest_of(event), event.ordered_at, paid)
    turn.orders = {**turn.orders, event.order_id: known}
    if turn.payments:
        turn.payments = tuple(
            payment for payment in turn.payments if payment.event.order_id != event.order_id
        )


def _refuse_for_room(turn: Turn) -> Refusal | None:
    if len(turn.orders) < ORDERS_MAX:
        return None
    # An order this old would be refused as historic, so it need not be known as a repeat.
    oldest = later(turn.now, -turn.policy.order_age_max_days * DAY_S)
    turn.orders = {
        order_id: known for order_id, known in turn.orders.items() if known.ordered_at >= oldest
    }
    turn.orders_after = max(turn.orders_after, oldest)
    return refuse("too_many_orders", "", ORDERS_MAX) if len(turn.orders) >= ORDERS_MAX else None


def _payment_of(event: OrderPlaced, turn: Turn) -> Payment | None:
    if event.payment is not None:
        return event.payment
    for waiting in turn.payments:
        if waiting.event.order_id == event.order_id:
            return waiting.event.payment
    return None


def _lines_for(event: OrderPlaced, turn: Turn) -> tuple[Line, ...]:
    lines = lines_at(turn.cart.log, turn.policy.fact_codec, purchase_key(event))
    return tuple(map(turn.policy.line_codec.read, lines.values()))
