"""When, where and under which browser id something owed goes out."""

from collections.abc import Callable

from pipeline.commerce.events import BrowserId
from pipeline.record import Instant
from pipeline.sitecore import messages
from pipeline.sitecore.browsers import browser_for
from pipeline.sitecore.delivery import Delivery, Replacement, Session
from pipeline.sitecore.owed import Owed
from pipeline.sitecore.point_of_sale import PointOfSale
from pipeline.sitecore.policy import DeliveryPolicy
from pipeline.sitecore.request import CreateBrowser, Message, Request, SendEvent
from pipeline.sitecore.sessions import SessionKey, is_open, session_at
from pipeline.sitecore.tidy import tidied
from pipeline.value import value

NO_BROWSER = BrowserId("")
"""Stands for the browser id of a guest who has none yet; nothing is sent under it."""


@value(frozen=True, slots=True)
class Scene:
    """What Sitecore has of the guest, and the circumstances in which it is told more."""

    delivery: Delivery
    owed: Owed
    now: Instant
    policy: DeliveryPolicy
    shop: PointOfSale
    browser_id: BrowserId
    replaces: BrowserId | None
    """The browser id of the event, when another must be issued in its place."""

    @property
    def key(self) -> SessionKey:
        """The session that a message falls into."""
        return SessionKey(self.browser_id, self.owed.context.channel.upper(), self.shop.name)

    @property
    def session(self) -> Session:
        """What is known of that session."""
        return session_at(self.delivery, self.key)

    @property
    def is_open(self) -> bool:
        """Whether that session is provably open."""
        return is_open(self.session, self.now, self.policy)

    def request(self, build: Callable[[Message], Message]) -> Request:
        """The request for an event; for a browser id first, when there is none to send it under.

        Args:
            build: Makes the event from what all events say.
        """
        if self.browser_id == NO_BROWSER:
            return CreateBrowser(self.owed.delivery_id, self.replaces)
        about = messages.base(self.browser_id, self.owed.context, self.shop)
        return SendEvent(self.owed.delivery_id, build(about))

    def request_in(self, key: SessionKey, build: Callable[[Message], Message]) -> Request:
        """The request for an event that belongs into another session."""
        shop = self.policy.points_of_sale[key.point_of_sale]
        context = self.owed.context._replace(channel=key.channel)
        return SendEvent(self.owed.delivery_id, build(messages.base(key.browser_id, context, shop)))


def scene_of(delivery: Delivery, owed: Owed, now: Instant, policy: DeliveryPolicy) -> Scene | None:
    """Set the scene for something owed; None when its point of sale is not configured."""
    shop = policy.points_of_sale.get(owed.context.point_of_sale)
    if shop is None:
        return None
    known, _ = tidied(delivery, now, policy)
    browser = browser_for(known, owed.context, policy)
    if isinstance(browser, Replacement):
        return Scene(known, owed, now, policy, shop, NO_BROWSER, browser.old)
    return Scene(known, owed, now, policy, shop, browser or NO_BROWSER, None)
