"""A request that was sent, and for what."""

from collections.abc import Mapping

from pipeline.commerce.events import ItemId
from pipeline.record import Instant
from pipeline.sitecore import digest
from pipeline.sitecore.outcome import Delivered
from pipeline.sitecore.owed import Owed, OwedCart, OwedIdentity, OwedOrder
from pipeline.sitecore.point_of_sale import PointOfSale
from pipeline.sitecore.policy import DeliveryPolicy
from pipeline.sitecore.request import CreateBrowser, Message, Request
from pipeline.sitecore.sessions import SessionKey
from pipeline.value import value


@value(frozen=True, slots=True)
class Attempt:
    """One try of one request; *now* is when its outcome was known."""

    owed: Owed
    request: Request
    key: SessionKey
    """The session that the event falls into; of a request for a browser id nowhere."""
    now: Instant
    policy: DeliveryPolicy
    said: Delivered = Delivered()
    """How Sitecore said that it took the event, if it did."""

    @property
    def shop(self) -> PointOfSale:
        """The point of sale of what is owed."""
        return self.policy.points_of_sale[self.owed.context.point_of_sale]

    @property
    def message(self) -> Message:
        """The event that was sent."""
        if isinstance(self.request, CreateBrowser):
            raise ValueError("asking for a browser id sends no event")  # noqa: TRY004
        return self.request.message

    @property
    def item_id(self) -> ItemId:
        """The item of an ADD; empty for any other message."""
        product = self.message.get("product")
        return ItemId(str(product["item_id"]) if isinstance(product, Mapping) else "")

    @property
    def line_digest(self) -> str:
        """Digest of the line of an ADD; of two of one item that of the last."""
        lines = self.owed.lines if isinstance(self.owed, OwedCart | OwedOrder) else ()
        digests = (digest.of_line(line) for line in reversed(lines) if line.item_id == self.item_id)
        return next(digests, "")

    @property
    def owner_digest(self) -> str:
        """Digest of the identity that is owed, or goes with the order; empty without one."""
        if not isinstance(self.owed, OwedIdentity | OwedOrder):
            return ""
        return digest.of_identity(self.owed.identity, self.owed.guest_id, self.shop)
