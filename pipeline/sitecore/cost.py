"""What lines cost together."""

from collections.abc import Iterable
from decimal import Context, Decimal
from typing import Final

from pipeline.commerce.events import Line, Money

EXACT: Final = Context(prec=64, traps=[])
"""Holds any amount times any quantity, and never raises."""


def cost_of(pieces: Iterable[tuple[int, Money]], currency: str) -> Decimal | None:
    """Add up so many pieces at a price each, exactly; None: a price is in another currency."""
    cost = Decimal()
    for quantity, price in pieces:
        if price.currency.upper() != currency.upper():
            return None
        cost = EXACT.add(cost, EXACT.multiply(price.amount, Decimal(quantity)))
    return cost


def pieces_of(lines: Iterable[Line]) -> Iterable[tuple[int, Money]]:
    """Pieces of lines, at the prices that the guest sees."""
    return ((line.quantity, line.unit_price) for line in lines)
