"""One event, or one timer, at work on a guest.

A guest is a frozen value. While an event or a timer works on it, its parts are
gathered here, with what comes out, and made into one new guest at the end: the
only mutable thing in the core, and it never outlives a call of it.
"""

from typing import TypedDict

from pipeline.commerce.events import Event, Identifier
from pipeline.orders.deadlines import next_wake
from pipeline.orders.delivery_id import delivery_id
from pipeline.orders.guest import NEVER, Became, Guest, SetAside, Step
from pipeline.orders.policy import OrderPolicy
from pipeline.record import GuestId, Instant, Position, Record
from pipeline.refusal import Refusal
from pipeline.sitecore.owed import Cause, Context, DeliveryId, Owed, WrittenCart, WrittenLine

FOR_ANOTHER_API = frozenset(
    {"historic_order", "order_cancelled", "order_refunded", "order_changed"}
)
"""Rules by which an order is none for the Stream API, but one for REST or Batch."""


class Owing(TypedDict):
    """What everything owed says first."""

    delivery_id: DeliveryId
    guest_id: GuestId
    sequence: int
    occurred_at: Instant
    context: Context
    cause: Cause


class Turn:
    """A guest's parts while they change, and what comes out."""

    __slots__ = (
        "_before",
        "_cause_name",
        "_is_new",
        "cart",
        "cause",
        "happened_at",
        "identity",
        "is_erased",
        "now",
        "orders",
        "orders_after",
        "owed",
        "payments",
        "policy",
        "seen",
        "sequence",
        "set_aside",
        "waiting",
    )

    def __init__(
        self,
        guest: Guest,
        policy: OrderPolicy,
        cause: Cause,
        happened_at: Instant = NEVER,
        *,
        is_new: bool = False,
    ) -> None:
        """Begin.

        Args:
            guest: As the last step left it.
            policy: Waits, memory, and the points of sale.
            cause: The event at work, or the timer; its timestamp is the time.
            happened_at: When the event happened by the shop's clock; none for a timer.
            is_new: Nothing was known of the guest: if it leaves no trace, nothing is.
        """
        self._before = guest
        self._is_new = is_new
        self._cause_name: str = cause.event_id or ""
        self.cause = cause
        self.now = cause.timestamp
        self.happened_at = happened_at
        self.policy = policy
        (
            _,
            self.sequence,
            _,
            self.cart,
            self.identity,
            self.waiting,
            self.payments,
            self.orders,
            self.orders_after,
            self.seen,
            self.is_erased,
        ) = guest
        self.owed: list[Owed | WrittenCart] = []
        self.set_aside: list[SetAside] = []

    def because(self, timer: str) -> None:
        """Go on for this timer: what follows is owed, or set aside, by it."""
        self.cause = self.cause._replace(timer=str(timer))  # a plain one, as read back from Avro
        self._cause_name = f"{timer}:{self.now}:{self._before.guest_id}"

    def owing(self, context: Context, occurred_at: Instant) -> Owing:
        """Number and name the next thing owed."""
        sequence = self.sequence
        self.sequence = sequence + 1
        return {
            "delivery_id": delivery_id(self.policy.application, self._cause_name, sequence),
            "guest_id": self._before.guest_id,
            "sequence": sequence,
            "occurred_at": occurred_at,
            "context": context,
            "cause": self.cause,
        }

    def refuse(self, refusal: Refusal, record: Record, lines: tuple[WrittenLine, ...] = ()) -> None:
        """Set a whole record aside; *lines* are what it bought, if only the cart says that."""
        identifiers: tuple[Identifier, ...] = ()
        if refusal.rule not in FOR_ANOTHER_API:
            lines = ()
        elif self.identity is not None:
            identifiers = self.identity.identity.identifiers
        aside = SetAside(refusal, record.position, record, self.cause, identifiers, lines)
        self.set_aside.append(aside)

    def refuse_by_position(self, refusal: Refusal, position: Position) -> None:
        """Set a record aside of which nothing but its place may be kept."""
        self.set_aside.append(SetAside(refusal, position, None, self.cause))

    def step(self, became: Became) -> Step:
        """End the turn; a guest that did not change is the very object that came in."""
        guest = self._guest()
        return Step(
            guest,
            became,
            tuple(self.owed),
            tuple(self.set_aside),
            None if guest is None else next_wake(guest, self.policy),
        )

    def _guest(self) -> Guest | None:
        before = self._before
        if self._is_unchanged():
            return None if self._is_new else before
        seen_at = before.seen_at
        if self.now > seen_at and self.cause.timer is None:
            seen_at = self.now
        if self.is_erased:
            return Guest(before.guest_id, self.sequence, seen_at, erased=True)
        return Guest(
            before.guest_id,
            self.sequence,
            seen_at,
            self.cart,
            self.identity,
            self.waiting,
            self.payments,
            self.orders,
            self.orders_after,
            self.seen,
        )

    def _is_unchanged(self) -> bool:
        before = self._before
        return (
            self.sequence == before.sequence
            and self.cart is before.cart
            and self.waiting is before.waiting
            and self.identity is before.identity
            and self.payments is before.payments
            and self.orders is before.orders
            and self.seen is before.seen
        )


def context_of(event: Event) -> Context:
    """The circumstances of an event."""
    return Context(
        event.browser_id,
        event.channel,
        event.point_of_sale,
        event.language,
        event.currency,
        event.page,
    )
