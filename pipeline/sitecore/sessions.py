"""What sessions hold, and whether they are provably open.

Sitecore groups the events of one browser id on one channel into a session, which it closes after
the inactivity that is set for the point of sale, and never says so.
"""

from collections.abc import Callable
from typing import NamedTuple

from pipeline.commerce.events import BrowserId, ItemId
from pipeline.record import Instant
from pipeline.sitecore.delivery import NEVER, Delivery, HeldLine, Session
from pipeline.sitecore.policy import DeliveryPolicy
from pipeline.sitecore.request import Message

SESSIONS_MAX = 64
"""Sessions remembered of one guest: those accepted last."""


class SessionKey(NamedTuple):
    """What makes messages one session: what a `Session` says first.

    The point of sale is in it, so that a cart is never thought to lie in two shops at once.
    """

    browser_id: BrowserId
    channel: str
    point_of_sale: str


def key_of(session: Session) -> SessionKey:
    """What makes it this session."""
    return SessionKey(*session[:3])


def key_of_message(message: Message) -> SessionKey:
    """The session that a message belongs to."""
    return SessionKey(
        BrowserId(str(message["browser_id"])), str(message["channel"]), str(message["pos"])
    )


def session_at(delivery: Delivery, key: SessionKey) -> Session:
    """The session of that key; an empty one that never was accepted when there is none."""
    for session in delivery.sessions:
        if session[:3] == key:
            return session
    return Session(*key)


def is_open(session: Session, now: Instant, policy: DeliveryPolicy) -> bool:
    """Whether the session is provably open: a message sent now falls into it."""
    return _within(session.accepted_at, session, now, policy)


def may_be_open(session: Session, now: Instant, policy: DeliveryPolicy) -> bool:
    """Whether it is provably open, or would be had an unanswered message been accepted."""
    return is_open(session, now, policy) or _within(session.unanswered_at, session, now, policy)


def _within(since: Instant, session: Session, now: Instant, policy: DeliveryPolicy) -> bool:
    shop = policy.points_of_sale.get(session.point_of_sale)
    if shop is None or since == NEVER:
        return False
    return now - since < (shop.session_timeout_s - shop.session_margin_s) * 1000


def holds_lines(session: Session) -> bool:
    """Whether lines were accepted in it that it holds, or held when it closed."""
    return any(line.digest for line in session.lines)


def held(session: Session) -> dict[ItemId, str]:
    """Digest by item, of all lines; an empty one for a line whose ADD has an unknown outcome."""
    return {line.item_id: line.digest for line in session.lines}


def sessions_with(delivery: Delivery, session: Session) -> tuple[Session, ...]:
    """All sessions, with this one in place of the one of its key, as the latest."""
    key = session[:3]
    others = [other for other in delivery.sessions if other[:3] != key]
    return (*others, session)[-SESSIONS_MAX:]


def change(delivery: Delivery, key: SessionKey, how: Callable[[Session], Session]) -> Delivery:
    """Change one session."""
    session = how(session_at(delivery, key))
    return delivery._replace(sessions=sessions_with(delivery, session))


def touched(session: Session, now: Instant, policy: DeliveryPolicy) -> Session:
    """The session after a message of it was accepted.

    A message that comes when it is no longer provably open begins a new one. The old one may just
    have been open all the same, so lines that it held leave a doubt; lines that were uncertain
    stay it.
    """
    if is_open(session, now, policy):
        return session._replace(accepted_at=now)
    uncertain = tuple(line for line in session.lines if not line.digest)
    doubtful = session.doubtful or holds_lines(session)
    known = Session(*key_of(session), accepted_at=now, lines=uncertain, doubtful=doubtful)
    return known._replace(unanswered_at=session.unanswered_at)


def emptied(session: Session) -> Session:
    """The session after CLEAR_CART or CHECKOUT: nothing of what was put into it counts."""
    return Session(*key_of(session), accepted_at=session.accepted_at, ordered=session.ordered)


def doubted(session: Session, now: Instant) -> Session:
    """The session after something of which we do not know what it did to the lines."""
    return emptied(session)._replace(doubtful=True, unanswered_at=now)


def with_uncertain(session: Session, item_id: ItemId, now: Instant) -> Session:
    """The session after an ADD of an item of which we do not know whether it was accepted."""
    return with_line(session, HeldLine(item_id, ""))._replace(unanswered_at=now)


def with_line(session: Session, line: HeldLine) -> Session:
    """The session with a line in place of the one of its item; it wants a CONFIRM again."""
    others = tuple(other for other in session.lines if other.item_id != line.item_id)
    return session._replace(lines=(*others, line), confirmed="")
