"""What the outcome of a request changes in what Sitecore has of a guest."""

from typing import Final, NamedTuple, assert_never

from pipeline.commerce.events import BrowserId
from pipeline.record import Instant
from pipeline.refusal import Refusal
from pipeline.sitecore.accept import accept
from pipeline.sitecore.attempt import Attempt
from pipeline.sitecore.browsers import with_issued
from pipeline.sitecore.delivery import Browser, Delivery, head_of
from pipeline.sitecore.doubt import doubt, doubt_checkout
from pipeline.sitecore.outcome import (
    Delivered,
    Issued,
    Outcome,
    Refused,
    Retry,
    SetUp,
    Throttle,
    Unknown,
    UnknownBrowser,
)
from pipeline.sitecore.owed import Owed
from pipeline.sitecore.policy import DeliveryPolicy
from pipeline.sitecore.refuse import refuse, refuse_browser
from pipeline.sitecore.request import CreateBrowser, Request, SendEvent
from pipeline.sitecore.sessions import (
    SessionKey,
    holds_lines,
    is_open,
    key_of_message,
    session_at,
)
from pipeline.sitecore.tidy import tidied
from pipeline.sitecore.tries import failed, given_up, rested

NOWHERE: Final = SessionKey(BrowserId(""), "", "")
"""The session of a request that is no event."""


class Absorbed(NamedTuple):
    """What Sitecore now has, and what was refused of it."""

    delivery: Delivery
    letter: Refusal | None = None
    """A part was refused (one line, a payment) and is set aside; the record goes on."""
    abandoned: int = 0
    """Sessions found closed that still held lines."""


def absorb(
    delivery: Delivery,
    owed: Owed,
    request: Request,
    outcome: Outcome,
    *,
    now: Instant,
    jitter: float,
    policy: DeliveryPolicy,
    excused: bool = False,
) -> Absorbed:
    """Fold the outcome of *request* into a delivery.

    Args:
        jitter: In [0, 1): which part of the longest backoff is waited.
        excused: The try was a probe: a failure or a refusal of it counts for nothing, and only
            the doubt stays whether Sitecore has taken it.

    Raises:
        ValueError: The outcome is none that such a request can have.
    """
    if delivery.erased:
        return Absorbed(delivery)
    known, abandoned = tidied(delivery, now, policy)
    said = outcome if isinstance(outcome, Delivered) else Delivered()
    key = key_of_message(request.message) if isinstance(request, SendEvent) else NOWHERE
    attempt = Attempt(owed, request, key, now, policy, said)
    if isinstance(request, CreateBrowser):
        after = _absorb_issuing(known, attempt, request, outcome)
    elif excused and isinstance(outcome, Refused | UnknownBrowser):
        after = Absorbed(known)
    else:
        after = _absorb_event(known, attempt, outcome)
    if isinstance(outcome, Retry | Unknown) and not excused:
        after = after._replace(delivery=_counted(after.delivery, attempt, outcome, jitter))
    return after._replace(abandoned=after.abandoned + abandoned) if abandoned else after


def _counted(
    delivery: Delivery, attempt: Attempt, outcome: Retry | Unknown, jitter: float
) -> Delivery:
    """Count a failed try; it may have been the last."""
    if isinstance(attempt.request, CreateBrowser):
        # An id that was issued and never told hurts nobody: it is just asked for again.
        outcome = Retry(outcome.reason)
    head = head_of(delivery, attempt.owed.delivery_id)
    head = failed(head, outcome, now=attempt.now, jitter=jitter, policy=attempt.policy)
    refusal = given_up(head, attempt.policy)
    if refusal is not None and isinstance(attempt.request, CreateBrowser):
        found = f"{refusal.found}: an order goes by the Batch API"
        refusal = Refusal("browser_id_missing", "browserId", found[:100])
    known = delivery._replace(head=head._replace(refusal=refusal))
    if refusal is None or isinstance(attempt.request, CreateBrowser):
        # A browser id is asked for where there is none: the lines that were there are forgotten.
        return known
    return doubt_checkout(known, attempt)


def _absorb_issuing(
    delivery: Delivery, attempt: Attempt, request: CreateBrowser, outcome: Outcome
) -> Absorbed:
    match outcome:
        case Issued(browser_id=browser_id, guest_ref=guest_ref):
            issued = Browser(browser_id, issued=True, guest_ref=guest_ref)
            known = with_issued(delivery, issued, request.replaces)
            head = rested(head_of(delivery, attempt.owed.delivery_id), "issued")
            return Absorbed(known._replace(head=head))
        case Retry() | Unknown() | Throttle() | SetUp():
            return Absorbed(delivery)
        case Delivered() | Refused() | UnknownBrowser():
            raise ValueError(f"asking for a browser id cannot end as {outcome}")
        case _:
            assert_never(outcome)


def _absorb_event(delivery: Delivery, attempt: Attempt, outcome: Outcome) -> Absorbed:
    match outcome:
        case Delivered():
            return Absorbed(accept(delivery, attempt), None, _abandoned(delivery, attempt))
        case Retry(possible_repeat=True) | Throttle(possible_repeat=True) | Unknown():
            return Absorbed(doubt(delivery, attempt))
        case Retry() | Throttle() | SetUp():
            return Absorbed(delivery)
        case Refused(found=found):
            refused, letter = refuse(delivery, attempt, found)
            is_last = head_of(refused, attempt.owed.delivery_id).refusal is not None
            return Absorbed(doubt_checkout(refused, attempt) if is_last else refused, letter)
        case UnknownBrowser():
            return Absorbed(refuse_browser(delivery, attempt))
        case Issued():
            raise ValueError(f"{attempt.request.type} cannot end with a browser id")
        case _:
            assert_never(outcome)


def _abandoned(delivery: Delivery, attempt: Attempt) -> int:
    """One when the accepted message found its session closed on lines, else none."""
    session = session_at(delivery, attempt.key)
    return int(holds_lines(session) and not is_open(session, attempt.now, attempt.policy))
