"""How what a session holds becomes what a guest's cart or order wants.

A repeated ADD replaces a line, CLEAR_CART forgets all; one line alone cannot be taken out.
"""

from functools import partial

from pipeline.commerce.events import ItemId, Line
from pipeline.record import Instant
from pipeline.sitecore import digest, messages
from pipeline.sitecore.delivery import NEVER, RefusedLine, Session
from pipeline.sitecore.request import Request
from pipeline.sitecore.scene import Scene
from pipeline.sitecore.sessions import (
    SessionKey,
    held,
    holds_lines,
    key_of,
    may_be_open,
)


def clear_elsewhere(scene: Scene) -> Request | None:
    """CLEAR_CART of another session in which lines of the guest still lie; None when none does.

    Left alone it would be counted as an abandoned cart, beside the one that is bought.
    """
    for session in scene.delivery.sessions:
        if key_of(session) != scene.key and _lies_in(session, scene):
            return _clear(scene, key_of(session))
    return None


def clear_here(scene: Scene) -> Request | None:
    """CLEAR_CART of this session if it is open and lines lie in it."""
    return _clear(scene, scene.key) if _lies_in(scene.session, scene) else None


def _lies_in(session: Session, scene: Scene) -> bool:
    """Whether a cart lies in an open session, or may after a message that went unanswered.

    What a session held that closed by time is counted as abandoned: a message there that holds no
    lines changes nothing about it.
    """
    unanswered = session.doubtful and session.unanswered_at != NEVER
    holds = bool(session.lines) or unanswered
    return holds and may_be_open(session, scene.now, scene.policy)


def clear_for(scene: Scene, lines: tuple[Line, ...]) -> Request | None:
    """CLEAR_CART of this session if *lines* cannot simply be put into it.

    That is when it holds a line too many, or lines that we do not know of, or is not provably
    open: the lines in it count no more, but it may just be open all the same.
    """
    session = scene.session
    wanted = {line.item_id for line in lines}
    too_many = any(line.item_id not in wanted for line in session.lines)
    lost = holds_lines(session) and not scene.is_open
    return _clear(scene, scene.key) if too_many or lost or session.doubtful else None


def _clear(scene: Scene, key: SessionKey) -> Request:
    return scene.request_in(key, messages.clear_cart)


def add_missing(scene: Scene, lines: tuple[Line, ...], added_at: Instant) -> Request | None:
    """The next ADD that this session lacks; None when it holds all lines but refused ones.

    A session that held lines when it closed was cleared before: `clear_for` comes first.
    """
    holds = held(scene.session)
    for item_id, line in _by_item(lines).items():
        said = digest.of_line(line)
        if holds.get(item_id) != said and refused(scene, item_id, said) is None:
            return scene.request(partial(messages.add, line, added_at, scene.shop))
    return None


def _by_item(lines: tuple[Line, ...]) -> dict[ItemId, Line]:
    """Lines by item; of two of one item the last, as a session would have it."""
    return {line.item_id: line for line in lines}


def refused(scene: Scene, item_id: ItemId, said: str) -> RefusedLine | None:
    """The refusal of this very line within a session's time; None when there was none."""
    known = scene.delivery.refused_lines
    return next((line for line in known if (line.item_id, line.digest) == (item_id, said)), None)


def refused_among(scene: Scene, lines: tuple[Line, ...]) -> RefusedLine | None:
    """The first of these lines that was refused within a session's time."""
    if not scene.delivery.refused_lines:
        return None
    found = (refused(scene, line.item_id, digest.of_line(line)) for line in lines)
    return next(filter(None, found), None)
