"""What to do next for the first unfinished delivery of a guest."""

from dataclasses import replace
from functools import partial
from typing import assert_never

from pipeline.record import Instant, seconds_between
from pipeline.refusal import Refusal
from pipeline.sitecore import digest, messages
from pipeline.sitecore.browsers import browser_at
from pipeline.sitecore.cart import add_missing, clear_elsewhere, clear_for, clear_here
from pipeline.sitecore.delivery import Delivery, Head, erase, head_of
from pipeline.sitecore.orders import delivered, order_step, payment_step
from pipeline.sitecore.owed import (
    Owed,
    OwedBehaviour,
    OwedCart,
    OwedErasure,
    OwedIdentity,
    OwedOrder,
    OwedPayment,
)
from pipeline.sitecore.point_of_sale import Protocol
from pipeline.sitecore.policy import DeliveryPolicy
from pipeline.sitecore.request import SendEvent
from pipeline.sitecore.rules import broken_by_behaviour
from pipeline.sitecore.scene import Scene, scene_of
from pipeline.sitecore.step import Finished, Send, SetAside, Step, Wait, finished, set_aside
from pipeline.sitecore.tries import is_possible_repeat

__all__ = ["Finished", "Send", "SetAside", "Step", "Wait", "next_step"]

TOO_OLD = "too_old"


def next_step(delivery: Delivery, owed: Owed, now: Instant, policy: DeliveryPolicy) -> Step:
    """Say what comes next for *owed*.

    Total and deterministic: it follows from what Sitecore has accepted and nothing else, so that
    after a crash at any point the same comes next.
    """
    if isinstance(owed, OwedErasure):
        return Finished(erase(delivery))
    if delivery.erased:
        return set_aside(delivery, Refusal("guest_erased", "guestId", ""))
    head = head_of(delivery, owed.delivery_id)
    if head.refusal is not None:
        return set_aside(delivery, head.refusal)
    if head.done:
        return finished(delivery)
    scene = scene_of(delivery, owed, now, policy)
    if scene is None:
        unknown = owed.context.point_of_sale[:100]
        return set_aside(delivery, Refusal("unknown_point_of_sale", "pointOfSale", unknown))
    return _when_due(_step(owed, scene), head, now)


def _when_due(step: Step, head: Head, now: Instant) -> Step:
    if not isinstance(step, Send):
        return step
    if now < head.not_before:
        return Wait(head.not_before, "retry")
    if isinstance(step.request, SendEvent) and is_possible_repeat(step.request, head):
        return Send(replace(step.request, possible_repeat=True))
    return step


def _step(owed: Owed, scene: Scene) -> Step:
    match owed:
        case OwedIdentity():
            return _identity(owed, scene)
        case OwedCart():
            return _cart(owed, scene)
        case OwedOrder():
            return order_step(owed, scene)
        case OwedPayment():
            return payment_step(owed, scene)
        case OwedBehaviour():
            return _behaviour(owed, scene)
        case OwedErasure():
            return Finished(erase(scene.delivery))
        case _:
            assert_never(owed)


def _identity(owed: OwedIdentity, scene: Scene) -> Step:
    who = digest.of_identity(owed.identity, owed.guest_id, scene.shop)
    if browser_at(scene.delivery, scene.browser_id).identity == who:
        return delivered(scene, "identity_accepted")
    return Send(scene.request(partial(messages.identity, owed.identity, scene.shop)))


def _behaviour(owed: OwedBehaviour, scene: Scene) -> Step:
    if _is_too_old(scene):
        return finished(scene.delivery, TOO_OLD)
    if refusal := broken_by_behaviour(owed, scene.shop):
        return set_aside(scene.delivery, refusal)
    return Send(scene.request(partial(messages.behaviour, owed, scene.shop)))


def _cart(owed: OwedCart, scene: Scene) -> Step:
    """The difference to what the session holds; Sitecore takes arrival for the time of a cart."""
    if scene.shop.protocol is Protocol.SINGLE:
        return finished(scene.delivery, "orders_only")
    if _is_too_old(scene):
        return finished(scene.delivery, TOO_OLD)
    clear = clear_for(scene, owed.lines) if owed.lines else clear_here(scene)
    missing = clear_elsewhere(scene) or clear or add_missing(scene, owed.lines, owed.occurred_at)
    return delivered(scene, "cart_accepted") if missing is None else Send(missing)


def _is_too_old(scene: Scene) -> bool:
    age_s = seconds_between(scene.owed.occurred_at, scene.now)
    return age_s > scene.policy.behaviour_age_max_s
