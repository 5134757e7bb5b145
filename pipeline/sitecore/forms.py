"""The form that an order takes: free until the order has left in one."""

from pipeline.refusal import Refusal
from pipeline.sitecore import digest
from pipeline.sitecore.cart import refused_among
from pipeline.sitecore.cost import cost_of
from pipeline.sitecore.delivery import Form, head_of
from pipeline.sitecore.messages import item_price
from pipeline.sitecore.owed import OwedOrder
from pipeline.sitecore.point_of_sale import PointOfSale, Protocol
from pipeline.sitecore.rules import CART_RULES, SINGLE_RULES, broken
from pipeline.sitecore.scene import Scene
from pipeline.sitecore.sessions import held

LINE_REFUSED = "line_refused"


def choose(order: OwedOrder, scene: Scene) -> Form | Refusal:
    """Say in which form an order goes out now, or why in none.

    ``automatic`` takes the cart form only where it is sure to hold: orders over several devices,
    channels or time-outs are lost in it without a word.
    """
    match scene.shop.protocol:
        case Protocol.SINGLE:
            return _single_refusal(order, scene) or Form.SINGLE
        case Protocol.MULTIPLE:
            return _cart_refusal(order, scene) or Form.CART
        case Protocol.AUTOMATIC:
            return _automatic(order, scene)


def _automatic(order: OwedOrder, scene: Scene) -> Form | Refusal:
    no_single, no_cart = _single_refusal(order, scene), _cart_refusal(order, scene)
    if no_single is None:
        return Form.CART if no_cart is None and _is_cart_sure(order, scene) else Form.SINGLE
    if no_cart is None:
        return Form.CART
    return no_cart if no_cart.rule == LINE_REFUSED else no_single


def _single_refusal(order: OwedOrder, scene: Scene) -> Refusal | None:
    return broken(SINGLE_RULES, order, scene.shop)


def _cart_refusal(order: OwedOrder, scene: Scene) -> Refusal | None:
    if line := refused_among(scene, order.lines):
        return Refusal(LINE_REFUSED, "lines", f"{line.item_id}: {line.found}"[:100])
    return broken(CART_RULES, order, scene.shop)


def _is_cart_sure(order: OwedOrder, scene: Scene) -> bool:
    if not scene.is_open:
        return False
    if head_of(scene.delivery, order.delivery_id).left is Form.CART:
        return is_confirmed(order, scene)
    return (
        _holds_a_line_of(order, scene)
        and _is_fresh(order, scene)
        and is_carried_by_cart(order, scene.shop)
    )


def _is_fresh(order: OwedOrder, scene: Scene) -> bool:
    """Whether a CHECKOUT would give it about its own time: Sitecore takes the arrival for it."""
    return scene.now - order.ordered_at < scene.shop.session_timeout_s * 1000


def _holds_a_line_of(order: OwedOrder, scene: Scene) -> bool:
    holds = held(scene.session)
    return any(holds.get(line.item_id) for line in order.lines)


def is_carried_by_cart(order: OwedOrder, point_of_sale: PointOfSale) -> bool:
    """Whether the cart form can say all of an order.

    It has no total but the sum of its lines, in the currency that they are told in, and no
    extension data of an order.
    """
    told = (
        (line.quantity, item_price(line, point_of_sale) or line.unit_price) for line in order.lines
    )
    return not order.attributes and cost_of(told, order.total.currency) == order.total.amount


def is_confirmed(order: OwedOrder, scene: Scene) -> bool:
    """Whether the session has this order's lines confirmed."""
    items = (line.item_id for line in order.lines)
    return scene.session.confirmed == digest.of_confirmed(order.order_id, items)
