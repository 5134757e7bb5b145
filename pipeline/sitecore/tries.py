"""What failed tries lead to: waiting longer, a mark on the next one, and in the end giving up."""

from collections.abc import Mapping

from pipeline.record import Instant, later
from pipeline.refusal import Refusal
from pipeline.sitecore.delivery import NEVER, Form, Head
from pipeline.sitecore.messages import CHECKOUT, ORDER_CHECKOUT
from pipeline.sitecore.outcome import Retry, Unknown
from pipeline.sitecore.policy import DeliveryPolicy
from pipeline.sitecore.request import Message, SendEvent

MAY_HAVE_ARRIVED = "may_have_arrived"
RETRIES_EXHAUSTED = "retries_exhausted"
GIVEN_UP = frozenset({MAY_HAVE_ARRIVED, RETRIES_EXHAUSTED})
"""Reasons that are no refusal: nobody has said that it will never be taken."""

_CLOSING: Mapping[str, Form] = {CHECKOUT: Form.CART, ORDER_CHECKOUT: Form.SINGLE}
_EXPONENT_MAX = 32
"""Beyond it every backoff is the longest one."""


def form_closed_by(event_type: str) -> Form | None:
    """The form of an order that leaves with this event; None when the form stays free."""
    return _CLOSING.get(event_type)


def key_of_event(message: Message) -> str:
    """What makes two events of one delivery the same one."""
    product = message.get("product")
    item = product["item_id"] if isinstance(product, Mapping) else ""
    where = (message[name] for name in ("type", "browser_id", "channel", "pos"))
    return " ".join(map(str, (*where, item)))


def is_possible_repeat(request: SendEvent, head: Head) -> bool:
    """Whether Sitecore may have taken this very event, or this order in any form."""
    if head.left is not None and form_closed_by(request.type) is not None:
        return True
    return head.doubt != "" and head.doubt == key_of_event(request.message)


def rested(head: Head, answer: str) -> Head:
    """The head after an answer that asks for no waiting, such as a refusal."""
    return head._replace(failures=0, not_before=NEVER, answer=answer[:50])


def failed(
    head: Head, outcome: Retry | Unknown, *, now: Instant, jitter: float, policy: DeliveryPolicy
) -> Head:
    """The head after a try that counts.

    The next waits a random part, given by *jitter*, of a time that doubles with each failure.
    """
    longest_s = policy.backoff_first_s * 2 ** min(head.failures, _EXPONENT_MAX)
    backoff_s = jitter * min(policy.backoff_max_s, longest_s)
    return head._replace(
        tries=head.tries + 1,
        failures=head.failures + 1,
        unknowns=head.unknowns + isinstance(outcome, Unknown),
        waited_s=head.waited_s + backoff_s,
        first_try_at=head.first_try_at if head.first_try_at != NEVER else now,
        not_before=later(now, backoff_s),
        answer=outcome.reason[:50],
    )


def accepted(head: Head, message: Message, *, done: bool, answer: str) -> Head:
    """The head after an acceptance, told in a word; *done* when nothing of it is left to send.

    Once an order has left, its unanswered tries stay counted, whatever is sent between them.
    """
    answered = head.doubt != "" and key_of_event(message) == head.doubt
    return head._replace(
        failures=0,
        not_before=NEVER,
        answer=answer,
        unknowns=0 if head.left is None else head.unknowns,
        doubt="" if answered else head.doubt,
        done=done,
    )


def given_up(head: Head, policy: DeliveryPolicy) -> Refusal | None:
    """Why to try no more; None: go on.

    Only time spent in backoff counts, so that no outage, hold or restart uses it up.
    """
    if head.unknowns >= policy.unknown_tries_max:
        return Refusal(MAY_HAVE_ARRIVED, "", f"{head.unknowns} tries without an answer")
    if head.tries < policy.tries_max or head.waited_s < policy.give_up_after_s:
        return None
    rule = MAY_HAVE_ARRIVED if head.left or head.doubt else RETRIES_EXHAUSTED
    return Refusal(rule, "", f"{head.tries} tries, last {head.answer}")
