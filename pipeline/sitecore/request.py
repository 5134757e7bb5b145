"""One request to the Stream API, before it has a wire form or a client key."""

from collections.abc import Mapping
from decimal import Decimal
from typing import TypeAlias

from pipeline.commerce.events import BrowserId
from pipeline.sitecore.owed import DeliveryId
from pipeline.value import value

JsonValue: TypeAlias = (
    "str | int | float | bool | Decimal | list[JsonValue] | Mapping[str, JsonValue] | None"
)
"""A JSON value; a Decimal stands for a number that no float is written like."""
Message: TypeAlias = Mapping[str, JsonValue]
"""One event object in wire names, without ``client_key``."""


@value(frozen=True, slots=True)
class SendEvent:
    """Send one event."""

    delivery_id: DeliveryId
    message: Message
    possible_repeat: bool = False
    """Whether Sitecore may already have taken this very event."""

    @property
    def type(self) -> str:
        """The event's type, such as ``ADD``: a label value."""
        return str(self.message["type"])


@value(frozen=True, slots=True)
class CreateBrowser:
    """Ask for a new browser id."""

    delivery_id: DeliveryId
    replaces: BrowserId | None = None
    """The browser id that Sitecore did not know; None for a guest without one."""

    @property
    def type(self) -> str:
        """A label value, beside those of events."""
        return "BROWSER"


Request: TypeAlias = SendEvent | CreateBrowser
