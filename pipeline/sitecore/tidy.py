"""What no longer matters is not remembered."""

from pipeline.record import DAY_S, Instant
from pipeline.sitecore.delivery import Delivery, Session
from pipeline.sitecore.policy import DeliveryPolicy


def tidied(delivery: Delivery, now: Instant, policy: DeliveryPolicy) -> tuple[Delivery, int]:
    """Forget closed sessions, old refusals of lines, and orders too old to come again.

    Returns:
        What is left, and how many of the sessions still held lines: abandoned carts.
    """
    closed = [s for s in delivery.sessions if _is_closed(s, now, policy)]
    if not (closed or delivery.refused_lines or delivery.orders):
        return delivery, 0
    sessions = tuple(s for s in delivery.sessions if s not in closed)
    lines = tuple(r for r in delivery.refused_lines if now - r.at < _longest(policy))
    orders = tuple(o for o in delivery.orders if now - o.at <= age_max_ms(policy))
    before = (delivery.sessions, delivery.refused_lines, delivery.orders)
    if (sessions, lines, orders) == before:
        return delivery, 0
    abandoned = sum(1 for s in closed if s.lines)
    return delivery._replace(sessions=sessions, refused_lines=lines, orders=orders), abandoned


def remembered(delivery: Delivery, now: Instant, policy: DeliveryPolicy) -> Delivery | None:
    """What to remember of a guest of whom no record is left that is owed; None: nothing.

    Browser ids that were issued to us stay: another one would be another guest at Sitecore. So do
    erasures, and orders as long as they could come again.
    """
    known, _ = tidied(delivery, now, policy)
    at_work = known.sessions or known.refused_lines or known.orders or known.head
    if known.erased or at_work:
        return delivery
    browsers = tuple(browser for browser in known.browsers if browser.issued)
    if not browsers:
        return None
    ours = {browser.id for browser in browsers}
    replaced = tuple(one for one in known.replaced if one.new in ours)
    return known._replace(browsers=browsers, replaced=replaced, sequence=0)


def age_max_ms(policy: DeliveryPolicy) -> float:
    """The age up to which an order is taken, and an accepted one remembered."""
    return policy.order_age_max_days * DAY_S * 1000


def _is_closed(session: Session, now: Instant, policy: DeliveryPolicy) -> bool:
    """Whether it has been silent for twice its time-out: closed, whatever the clocks say."""
    shop = policy.points_of_sale.get(session.point_of_sale)
    since = max(session.accepted_at, session.unanswered_at)
    return shop is None or now - since >= 2000 * shop.session_timeout_s


def _longest(policy: DeliveryPolicy) -> float:
    return 1000 * max((s.session_timeout_s for s in policy.points_of_sale.values()), default=0.0)
