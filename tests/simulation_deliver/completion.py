"""Whether a record is done: the destination has what it says, or it is known why not."""

from collections import defaultdict
from typing import TYPE_CHECKING

from pipeline.record import GuestId, seconds_between
from pipeline.sitecore.owed import (
    OwedBehaviour,
    OwedCart,
    OwedErasure,
    OwedIdentity,
    OwedOrder,
    OwedPayment,
)
from tests.simulation_deliver.shop import Due
from tests.simulation_deliver.truth import Lines, Truth

if TYPE_CHECKING:
    from tests.simulation_deliver.world import World


class Completion:
    """Decides by what was taken and what was set aside; of the deliverer it knows nothing."""

    def __init__(self, world: "World", truth: Truth) -> None:
        self._world = world
        self._truth = truth
        self._carts_seen: dict[GuestId, int] = defaultdict(int)
        """How many carts of each guest have ended, as far as that was looked at."""
        self._lost_carts: set[tuple[int, int]] = set()
        self.set_aside: set[tuple[int, int]] = set()
        """Partition and offset of each dead letter that Kafka has."""
        self.refused_items: dict[GuestId, set[str]] = defaultdict(set)

    def look_before(self, due: Due) -> None:
        """See how earlier carts of a guest have ended, before anything later changes it."""
        carts = self._world.shop.carts[due.guest]
        while self._carts_seen[due.guest] < len(carts):
            cart = carts[self._carts_seen[due.guest]]
            if cart.offset >= due.offset:
                return
            self._look_at(cart)

    def is_done(self, due: Due) -> bool:
        """Whether nothing of a record is left to do."""
        return (due.partition, due.offset) in self.set_aside or self._is_taken(due)

    def _is_taken(self, due: Due) -> bool:
        truth = self._truth
        match due.owed:
            case OwedBehaviour():
                return due.owed.delivery_id in truth.deliveries or self._is_too_old(due)
            case OwedIdentity(identity=who):
                return (due.guest, str(who.contact.email)) in truth.identities
            case OwedOrder(order_id=order_id):
                return (due.guest, order_id) in truth.orders
            case OwedPayment(order_id=order_id, payment=payment):
                return (due.guest, order_id, payment.type) in truth.payments
            case OwedErasure():
                return True
            case OwedCart():
                self.look_before(due)
                if due in self._world.shop.carts[due.guest][self._carts_seen[due.guest] :]:
                    self._look_at(due)
                return (due.partition, due.offset) not in self._lost_carts
        return False

    def _look_at(self, cart: Due) -> None:
        self._carts_seen[cart.guest] += 1
        if not self._is_cart_kept(cart):
            self._lost_carts.add((cart.partition, cart.offset))

    def _is_cart_kept(self, due: Due) -> bool:
        assert isinstance(due.owed, OwedCart)
        context = due.owed.context
        if context.point_of_sale == "kiosk" or self._is_too_old(due):
            return True
        if (due.partition, due.offset) in self.set_aside:
            return True
        wanted = self._without_refused(due, {x.item_id: x.quantity for x in due.owed.lines})
        sessions = self._truth.carts(due.guest, context.channel, context.point_of_sale)
        return not wanted or any(
            session.is_disturbed or self._without_refused(due, session.lines) == wanted
            for session in sessions
        )

    def _without_refused(self, due: Due, lines: Lines) -> Lines:
        refused = self.refused_items[due.guest]
        return {item: quantity for item, quantity in lines.items() if item not in refused}

    def _is_too_old(self, due: Due) -> bool:
        assert due.owed is not None
        age_s = seconds_between(due.owed.occurred_at, self._world.broker.now)
        return age_s > self._world.setting.behaviour_age_max_s
