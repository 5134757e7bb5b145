"""How an order and its payment are told, one request at a time.

The sequence is the documented one: IDENTITY, then ADD of each line, ADD_CONTACTS where an order
needs an owner, CONFIRM, CHECKOUT and PAYMENT; or IDENTITY, then ORDER_CHECKOUT.
"""

from functools import partial

from pipeline.commerce.events import OrderId
from pipeline.record import DAY_S
from pipeline.refusal import Refusal
from pipeline.sitecore import digest, messages
from pipeline.sitecore.browsers import browser_at
from pipeline.sitecore.cart import add_missing, clear_elsewhere, clear_for, clear_here
from pipeline.sitecore.delivery import AcceptedOrder, Delivery, Form, head_of
from pipeline.sitecore.forms import choose, is_confirmed
from pipeline.sitecore.owed import OwedOrder, OwedPayment
from pipeline.sitecore.point_of_sale import DataModel
from pipeline.sitecore.request import Request
from pipeline.sitecore.scene import Scene
from pipeline.sitecore.sessions import SessionKey, is_open, session_at
from pipeline.sitecore.step import Finished, Send, SetAside, Step, finished, set_aside
from pipeline.sitecore.tidy import age_max_ms
from pipeline.sitecore.tries import MAY_HAVE_ARRIVED

PAYMENT_NOT_POSSIBLE = "payment_not_possible"


def order_step(order: OwedOrder, scene: Scene) -> Step:
    """What comes next for an order."""
    if accepted := accepted_order(scene.delivery, order.order_id):
        return _after_order(order, accepted, scene)
    if refusal := _refusal_before(order, scene):
        return set_aside(scene.delivery, refusal)
    match choose(order, scene):
        case Refusal() as refusal:
            return set_aside(scene.delivery, _as_it_left(refusal, order, scene))
        case Form.SINGLE:
            return Send(_single(order, scene))
        case Form.CART:
            return Send(_cart(order, scene))


def accepted_order(delivery: Delivery, order_id: OrderId) -> AcceptedOrder | None:
    """What was accepted of an order; None: nothing that we know of."""
    return next((order for order in delivery.orders if order.order_id == order_id), None)


def _refusal_before(order: OwedOrder, scene: Scene) -> Refusal | None:
    age_ms = scene.now - order.ordered_at
    if age_ms > age_max_ms(scene.policy):
        days = age_ms / (1000 * DAY_S)
        return Refusal("historic_order", "orderedAt", f"{days:.1f} days old: use the Batch API")
    who = digest.of_identity(order.identity, order.guest_id, scene.shop)
    if browser_at(scene.delivery, scene.browser_id).identity_refused == who:
        # Sitecore shows orders of known guests only, and would not say so.
        return Refusal("identity_refused", "identifiers", "refused before")
    return None


def _as_it_left(refusal: Refusal, order: OwedOrder, scene: Scene) -> Refusal:
    """A form that is impossible now, of an order that may have arrived in it or another."""
    if head_of(scene.delivery, order.delivery_id).left is None:
        return refusal
    return Refusal(MAY_HAVE_ARRIVED, refusal.field, f"{refusal.rule}: {refusal.found}"[:100])


def _single(order: OwedOrder, scene: Scene) -> Request:
    return (
        clear_elsewhere(scene)
        or clear_here(scene)
        or _identify(order, scene)
        or scene.request(partial(messages.order_checkout, order, scene.shop))
    )


def _cart(order: OwedOrder, scene: Scene) -> Request:
    return (
        clear_elsewhere(scene)
        or clear_for(scene, order.lines)
        or _identify(order, scene)
        or add_missing(scene, order.lines, order.ordered_at)
        or _own(order, scene)
        or _confirm(order, scene)
        or scene.request(partial(messages.checkout, order, scene.shop))
    )


def _identify(order: OwedOrder, scene: Scene) -> Request | None:
    who = digest.of_identity(order.identity, order.guest_id, scene.shop)
    if browser_at(scene.delivery, scene.browser_id).identity == who:
        return None
    return scene.request(partial(messages.identity, order.identity, scene.shop))


def _own(order: OwedOrder, scene: Scene) -> Request | None:
    who = digest.of_identity(order.identity, order.guest_id, scene.shop)
    if scene.shop.data_model is not DataModel.V2_0 or scene.session.contact == who:
        return None
    return scene.request(partial(messages.add_contacts, order.identity, scene.shop))


def _confirm(order: OwedOrder, scene: Scene) -> Request | None:
    if is_confirmed(order, scene):
        return None
    return scene.request(partial(messages.confirm, [line.item_id for line in order.lines]))


def _after_order(order: OwedOrder, accepted: AcceptedOrder, scene: Scene) -> Step:
    """Its payment, which the cart form says apart; otherwise nothing is left."""
    kind = messages.pay_type(order, scene.shop)
    if accepted.form is Form.SINGLE or accepted.paid or not kind:
        return delivered(scene, "order_accepted")
    return _pay(kind, accepted, scene)


def payment_step(payment: OwedPayment, scene: Scene) -> Step:
    """What comes next for a payment that came after its order was owed."""
    accepted = accepted_order(scene.delivery, payment.order_id)
    if accepted is None:
        found = Refusal(PAYMENT_NOT_POSSIBLE, "orderId", "no accepted order")
        return set_aside(scene.delivery, found)
    if accepted.paid == payment.payment.type:
        return delivered(scene, "payment_accepted")
    return _pay(payment.payment.type, accepted, scene)


def _pay(kind: str, accepted: AcceptedOrder, scene: Scene) -> Send | SetAside:
    if obstacle := _payment_obstacle(accepted, scene):
        return set_aside(scene.delivery, Refusal(PAYMENT_NOT_POSSIBLE, "payment", obstacle))
    key = key_of_order(accepted)
    return Send(scene.request_in(key, partial(messages.payment, kind)))


def _payment_obstacle(accepted: AcceptedOrder, scene: Scene) -> str | None:
    """Why PAYMENT would not reach this order: it names none, and so means the session's last."""
    key = key_of_order(accepted)
    if accepted.form is Form.SINGLE:
        return "the order left as one event"
    session = session_at(scene.delivery, key)
    if not is_open(session, scene.now, scene.policy):
        return "its session is not provably open"
    if session.ordered == accepted.order_id:
        return None
    followed = "another order followed in its session"
    return followed if session.ordered else "another session has begun since"


def key_of_order(accepted: AcceptedOrder) -> SessionKey:
    """The session in which an order was accepted."""
    return SessionKey(accepted.browser_id, accepted.channel, accepted.point_of_sale)


def delivered(scene: Scene, known: str) -> Finished:
    """Done: *known* says why, if nothing of it was tried."""
    head = scene.delivery.head
    tried = head is not None and head.delivery_id == scene.owed.delivery_id
    return finished(scene.delivery, None if tried else known)
