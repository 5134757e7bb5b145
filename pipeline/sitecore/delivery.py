"""What Sitecore has of a guest: all that the deliverer remembers, and all it decides from.

Plain values throughout, small and without personal data: ids, digests, instants. They are kept
in `deliveries` by the order of their fields: a new one comes last, with a default.
"""

from enum import StrEnum
from typing import NamedTuple

from pipeline.commerce.events import BrowserId, ItemId, OrderId
from pipeline.record import GuestId, Instant
from pipeline.refusal import Refusal
from pipeline.sitecore.owed import DeliveryId

NEVER = Instant(0)
"""An instant that stands for: has not happened."""


class Form(StrEnum):
    """How an order is told."""

    CART = "cart"
    """CONFIRM and CHECKOUT of the lines that a session holds."""
    SINGLE = "single"
    """One ORDER_CHECKOUT."""


class Browser(NamedTuple):
    """A browser id under which something was accepted, or that was issued to us."""

    id: BrowserId
    issued: bool = False
    """Whether Sitecore issued it at our request, for this guest alone."""
    guest_ref: str = ""
    """Sitecore's own reference of the guest, told when it issued the id."""
    identity: str = ""
    """Digest of the identity accepted last under it; empty: none."""
    identity_refused: str = ""
    """Digest of the identity refused last under it; empty: none."""


class Replacement(NamedTuple):
    """A browser id that Sitecore does not know, and the one issued instead."""

    old: BrowserId
    new: BrowserId | None = None
    """None: not issued yet."""


class HeldLine(NamedTuple):
    """A line that a session holds."""

    item_id: ItemId
    digest: str
    """Of what was accepted; empty when an ADD of it has an unknown outcome."""


class Session(NamedTuple):
    """What one session holds, as far as Sitecore has accepted it."""

    browser_id: BrowserId
    channel: str
    point_of_sale: str
    accepted_at: Instant = NEVER
    """When the last message of it was accepted."""
    lines: tuple[HeldLine, ...] = ()
    contact: str = ""
    """Digest of the contact accepted in it; empty: none."""
    confirmed: str = ""
    """Digest of the order whose lines were confirmed in it last; empty: none."""
    doubtful: bool = False
    """Whether it may hold lines that we do not know of: it wants a CLEAR_CART first."""
    unanswered_at: Instant = NEVER
    """When a change of its lines last went without an answer that tells whether it was taken."""
    ordered: str = ""
    """The order that was accepted in it last; empty: none."""


class RefusedLine(NamedTuple):
    """A line whose ADD was refused: not asked again with the same content for a session's time."""

    item_id: ItemId
    digest: str
    at: Instant
    found: str


class AcceptedOrder(NamedTuple):
    """An order that Sitecore has: never sent again."""

    order_id: OrderId
    form: Form
    browser_id: BrowserId
    channel: str
    point_of_sale: str
    at: Instant
    """When it was accepted, or ordered if that is later: it is remembered from then on."""
    paid: str = ""
    """The payment type that was accepted with it or after it; empty: none."""
    ref: str = ""
    """Sitecore's own reference of the event that placed it; empty when it named none."""
    unconfirmed: bool = False
    """Whether the answer's status alone said that it was accepted."""


class Head(NamedTuple):
    """How far the first unfinished delivery of the guest has come."""

    delivery_id: DeliveryId
    left: Form | None = None
    """The form whose CHECKOUT or ORDER_CHECKOUT has left; None: the form is still free."""
    tries: int = 0
    """Failed tries of any of its requests that count."""
    failures: int = 0
    """Failed tries since the last acceptance: they decide the backoff."""
    unknowns: int = 0
    """Unanswered tries since the last acceptance; once the order has left, since then."""
    waited_s: float = 0.0
    """Time spent in backoff. Outages, throttling, holds and downtime are not in it."""
    first_try_at: Instant = NEVER
    not_before: Instant = NEVER
    """The backoff's end."""
    answer: str = ""
    """What came of the last try, as a short word."""
    doubt: str = ""
    """Key of the request that Sitecore may have taken although no answer says so."""
    done: bool = False
    """Nothing of it is left to send, though what was accepted would not show it."""
    refusal: Refusal | None = None
    """Why it will not go on."""


class Delivery(NamedTuple):
    """What Sitecore has of one guest."""

    guest_id: GuestId
    browsers: tuple[Browser, ...] = ()
    """The one used last comes last."""
    replaced: tuple[Replacement, ...] = ()
    sessions: tuple[Session, ...] = ()
    refused_lines: tuple[RefusedLine, ...] = ()
    orders: tuple[AcceptedOrder, ...] = ()
    head: Head | None = None
    finished: int = 0
    """Offset below which every record of this guest is finished."""
    topic_id: str = ""
    """The topic that *finished* counts in; empty: none yet."""
    sequence: int = 0
    """The highest sequence of a finished record; 0: none had one."""
    erased: bool = False
    """An erasure mark: it holds nothing else of the guest and never ends."""

    @classmethod
    def new(cls, guest_id: GuestId) -> "Delivery":
        """A guest of whom Sitecore has nothing."""
        return cls(guest_id)


def finish(delivery: Delivery, offset: int, topic_id: str, sequence: int = 0) -> Delivery:
    """Note that the record at *offset*, and so every earlier one of the guest, is finished.

    Args:
        delivery: What Sitecore has of the guest.
        offset: Where the record lies.
        topic_id: In which topic.
        sequence: That of the record; 0: it has none.
    """
    return delivery._replace(
        head=None,
        finished=max(delivery.finished, offset + 1),
        topic_id=topic_id,
        sequence=max(delivery.sequence, sequence),
    )


def arrive_at(delivery: Delivery, offset: int, topic_id: str) -> Delivery:
    """Note that every record of the guest before the one at *offset* is finished.

    Those that needed no request are written down with it: decided again after a crash, they would
    be compared with what Sitecore has by then, and overtake.
    """
    return delivery._replace(finished=max(delivery.finished, offset), topic_id=topic_id)


def erase(delivery: Delivery) -> Delivery:
    """Turn into an erasure mark; what it had of the guest is gone."""
    return Delivery(
        delivery.guest_id,
        finished=delivery.finished,
        topic_id=delivery.topic_id,
        sequence=delivery.sequence,
        erased=True,
    )


def head_of(delivery: Delivery, delivery_id: DeliveryId) -> Head:
    """How far a delivery has come; a fresh head when nothing of it was tried."""
    head = delivery.head
    return head if head is not None and head.delivery_id == delivery_id else Head(delivery_id)
