"""What a refused message changes: what is set aside with it, and what goes on without it."""

from typing import NamedTuple

from pipeline.refusal import Refusal
from pipeline.sitecore import messages
from pipeline.sitecore.attempt import Attempt
from pipeline.sitecore.browsers import browser_at, with_browser, without_browser
from pipeline.sitecore.delivery import Delivery, RefusedLine, head_of
from pipeline.sitecore.outcome import Outcome, Refused, UnknownBrowser
from pipeline.sitecore.owed import Owed, OwedCart, OwedOrder
from pipeline.sitecore.request import Request, SendEvent
from pipeline.sitecore.scene import scene_of
from pipeline.sitecore.sessions import key_of_message
from pipeline.sitecore.tries import rested

LINES_MAX = 256
"""Refused lines remembered of one guest."""


class Refusing(NamedTuple):
    """What is known after a refusal."""

    delivery: Delivery
    letter: Refusal | None = None
    """A part that is set aside while the rest goes on."""


def refuse(delivery: Delivery, attempt: Attempt, found: str) -> Refusing:
    """Note that Sitecore refused an event, and what it said."""
    head = rested(head_of(delivery, attempt.owed.delivery_id), found)
    known = delivery._replace(head=head)
    match attempt.request.type:
        case messages.ADD:
            return _line(known, attempt, found)
        case messages.PAYMENT:
            return _payment(known, attempt.owed, Refusal("payment_refused", "payment", found))
        case messages.IDENTITY:
            return Refusing(_identity(known, attempt, found))
        case kind:
            refusal = Refusal("refused", "", f"{kind}: {found}"[:100])
            return Refusing(with_refusal(known, attempt.owed, refusal))


def with_refusal(delivery: Delivery, owed: Owed, refusal: Refusal) -> Delivery:
    """Note why something owed will not go on."""
    return delivery._replace(head=head_of(delivery, owed.delivery_id)._replace(refusal=refusal))


def _line(delivery: Delivery, attempt: Attempt, found: str) -> Refusing:
    """A cart goes on without the line; whether an order can is decided with its form."""
    line = RefusedLine(attempt.item_id, attempt.line_digest, attempt.now, found)
    others = (other for other in delivery.refused_lines if other.item_id != line.item_id)
    known = delivery._replace(refused_lines=(*others, line)[-LINES_MAX:])
    letter = Refusal("line_refused", "lines", f"{line.item_id}: {found}"[:100])
    return Refusing(known, letter if isinstance(attempt.owed, OwedCart) else None)


def _payment(delivery: Delivery, owed: Owed, refusal: Refusal) -> Refusing:
    if not isinstance(owed, OwedOrder):
        return Refusing(with_refusal(delivery, owed, refusal))
    # The order has arrived; only how it was paid has not.
    head = head_of(delivery, owed.delivery_id)._replace(done=True)
    return Refusing(delivery._replace(head=head), refusal)


def _identity(delivery: Delivery, attempt: Attempt, found: str) -> Delivery:
    """The guest's orders go behind its identity: Sitecore shows those of known guests only."""
    browser = browser_at(delivery, attempt.key.browser_id)
    known = with_browser(delivery, browser._replace(identity_refused=attempt.owner_digest))
    return with_refusal(known, attempt.owed, Refusal("identity_refused", "identifiers", found))


def refuse_browser(delivery: Delivery, attempt: Attempt) -> Delivery:
    """Note that Sitecore does not know a browser id: what it had under it is gone.

    One that it issued to us it should know: then the message is refused. Clearing a cart that
    lies under another browser id is not worth that.
    """
    owed, browser_id = attempt.owed, attempt.key.browser_id
    issued = browser_at(delivery, browser_id).issued
    scene = scene_of(delivery, owed, attempt.now, attempt.policy)
    elsewhere = scene is not None and scene.browser_id != browser_id
    known = without_browser(delivery, browser_id)
    known = known._replace(head=rested(head_of(delivery, owed.delivery_id), "HTTP 404"))
    if not issued or (elsewhere and attempt.request.type == messages.CLEAR_CART):
        return known
    return with_refusal(known, owed, Refusal("browser_id_unknown", "browserId", "HTTP 404"))


def as_refusal(delivery: Delivery, request: Request, outcome: Outcome) -> Outcome:
    """The outcome as others may learn from it: not to know an id of its own is a refusal.

    So a destination that answers everything with 404 is held, and sets nobody's messages aside.
    """
    if not isinstance(outcome, UnknownBrowser) or not isinstance(request, SendEvent):
        return outcome
    browser_id = key_of_message(request.message).browser_id
    return Refused("HTTP 404") if browser_at(delivery, browser_id).issued else outcome
