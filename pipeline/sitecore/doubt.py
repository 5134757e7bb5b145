"""What stays uncertain when Sitecore may have taken a message although no answer says so."""

from pipeline.sitecore import messages
from pipeline.sitecore.attempt import Attempt
from pipeline.sitecore.delivery import Delivery, Form, head_of
from pipeline.sitecore.sessions import change, doubted, with_uncertain
from pipeline.sitecore.tries import form_closed_by, key_of_event


def doubt(delivery: Delivery, attempt: Attempt) -> Delivery:
    """Note that Sitecore may have taken a request: the order left, lines may be there or gone.

    What a CHECKOUT did to the lines is not doubted yet: it is repeated from what was confirmed.
    """
    head = head_of(delivery, attempt.owed.delivery_id)
    left = form_closed_by(attempt.request.type) or head.left
    head = head._replace(doubt=key_of_event(attempt.message), left=left)
    known = delivery._replace(head=head)
    now = attempt.now
    match attempt.request.type:
        case messages.ADD:
            return change(known, attempt.key, lambda s: with_uncertain(s, attempt.item_id, now))
        case messages.CLEAR_CART:
            return change(known, attempt.key, lambda s: doubted(s, now))
        case _:
            return known


def doubt_checkout(delivery: Delivery, attempt: Attempt) -> Delivery:
    """Note, when an order is given up whose CHECKOUT has left, that its lines may be gone."""
    if head_of(delivery, attempt.owed.delivery_id).left is not Form.CART:
        return delivery
    return change(delivery, attempt.key, lambda session: doubted(session, attempt.now))
