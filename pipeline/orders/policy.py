"""The settings that the assembler's core decides by."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from pipeline.commerce.events import Line
from pipeline.orders.guest import Fact, FactLog
from pipeline.sitecore.owed import WrittenLine
from pipeline.sitecore.point_of_sale import PointOfSale


class LineCodec(Protocol):
    """Writes a line as what is owed will hold it, so that a cart is owed without doing so anew."""

    def write(self, line: Line) -> WrittenLine:
        """Give its bytes."""

    def read(self, written: WrittenLine) -> Line:
        """Give the line that was written."""


class FactCodec(Protocol):
    """Writes what happened to a cart, so that a fact is added without the others being read."""

    def write(self, fact: Fact) -> bytes:
        """Give its bytes; those of several facts, one after the other, are a log."""

    def read(self, log: FactLog) -> tuple[Fact, ...]:
        """Give the facts of a log."""


@dataclass(frozen=True, slots=True)
class OrderPolicy:
    """How long to wait, what to remember, and what each point of sale allows."""

    points_of_sale: Mapping[str, PointOfSale]
    """By name; an event of any other is refused."""
    application: UUID
    """Namespace of delivery ids: one an installation."""
    line_codec: LineCodec
    """How the lines of a cart are remembered."""
    fact_codec: FactCodec
    """And what happened to them."""
    identity_wait_s: float = 600.0
    payment_wait_s: float = 60.0
    lines_wait_s: float = 60.0
    """How long an order without lines waits for a cart that adds up to its total."""
    order_wait_s: float = 600.0
    """How long a payment waits for the order that it names."""
    repeat_horizon_s: float = 86_400.0
    """How long an event id is remembered."""
    cart_horizon_s: float = 3600.0
    """How long superseded cart facts are remembered, by the shop's clock, for late ones."""
    order_age_max_days: float = 30.0
    guest_idle_days: float = 45.0
    """Must exceed *order_age_max_days*, or a republished topic would double orders."""
