"""What is configured about one point of sale of the tenant."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, TypeAlias

# fmt: off
CHANNELS = frozenset((
    "AIRPORT_KIOSK", "BRANCH", "CALL_CENTER", "EMAIL", "GDS", "KIOSK", "MOBILE_APP", "MOBILE_WEB",
    "SMS", "OFFLINE", "OTA", "OTHER", "WEB",
))
# fmt: on
"""The Stream API documents these 13, in upper case."""


class Protocol(StrEnum):
    """How orders of a point of sale are told to Sitecore."""

    SINGLE = "single"
    """Orders only, each as one ORDER_CHECKOUT."""
    MULTIPLE = "multiple"
    """Carts as they change, orders as CONFIRM and CHECKOUT of the session."""
    AUTOMATIC = "automatic"
    """Carts as they change, each order in the form that will hold."""


class DataModel(StrEnum):
    """The tenant's data model. ORDER_CHECKOUT and extension data are 2.1 only."""

    V2_0 = "2.0"
    V2_1 = "2.1"


AttributeType: TypeAlias = Literal["string", "boolean", "integer", "float"]


@dataclass(frozen=True, slots=True)
class PointOfSale:
    """One storefront, by the exact name that the tenant gave it."""

    name: str
    protocol: Protocol = Protocol.AUTOMATIC
    data_model: DataModel = DataModel.V2_1
    session_timeout_s: float = 1200.0
    """Inactivity after which Sitecore closes a session; the tenant's own setting."""
    session_margin_s: float = 30.0
    """How much earlier we stop trusting that a session is open."""
    language: str | None = None
    """Sent when an event names none; two letters."""
    page: str = "commerce"
    """Sent when an event names none: the API requires one and leaves the text free."""
    channels: frozenset[str] | None = None
    """Channels that it has, upper case; None: any that is documented."""
    currencies: frozenset[str] | None = None
    """Currencies that its guests see, upper case; None: any of ISO 4217."""
    languages: frozenset[str] | None = None
    """Languages that it speaks, two letters in upper case; None: any."""
    organization_currency: str | None = None
    """ISO 4217 code in which ORDER_CHECKOUT wants line prices; None: those of the order."""
    item_types: frozenset[str] | None = None
    """Item types declared in the tenant's schema, upper case; None: not checked."""
    identity_providers: frozenset[str] | None = None
    """Providers of the tenant's identity rules, to the letter; None: not checked."""
    payment_type_default: str | None = None
    """Said of an order whose payment stayed unknown; None: nothing is said."""
    order_item_price: Literal["unit", "line"] = "unit"
    """What an ORDER_CHECKOUT item's price means; Sitecore does not document it."""
    personal_fields: bool = True
    """Whether names and contact data are sent, or identifiers alone."""
    order_statuses: Mapping[str, str] = field(default_factory=dict)
    """The shop's own words for an order's status, upper case, and what Sitecore calls each."""
    upper_case_order_ids: bool = False
    """Whether order ids are sent in upper case, as documented for CHECKOUT; in either form."""
    attribute_types: Mapping[str, AttributeType] = field(default_factory=dict)
    """The one type that each extension attribute has, by its sent name."""

    @property
    def is_choosy(self) -> bool:
        """Whether it has less than the Stream API takes."""
        return not (self.channels is None and self.currencies is None and self.languages is None)
