"""What is odd about something that is owed and goes all the same: said, never refused."""

from typing import NamedTuple

from pipeline.sitecore.cost import cost_of, pieces_of
from pipeline.sitecore.owed import Owed, OwedBehaviour, OwedCart, OwedOrder
from pipeline.sitecore.point_of_sale import DataModel, PointOfSale

ITEMS_KEPT = 100
"""Items of one order that stay available to Sitecore's segments and exports."""


class Flag(NamedTuple):
    """One thing that a person may want to know."""

    name: str
    """A label value from a small fixed set."""
    found: str


def flags_of(owed: Owed, point_of_sale: PointOfSale) -> tuple[Flag, ...]:
    """Say what is odd; mostly nothing is."""
    found = [_extension_left_out(owed, point_of_sale)]
    if isinstance(owed, OwedOrder):
        found += [_many_items(owed), _total_differs(owed)]
    return tuple(flag for flag in found if flag is not None)


def _many_items(order: OwedOrder) -> Flag | None:
    count = len(order.lines)
    return Flag("many_items", f"{count} lines") if count > ITEMS_KEPT else None


def _total_differs(order: OwedOrder) -> Flag | None:
    """A discount or a shipping cost that is no line, as a rule."""
    if not order.lines:
        return None
    cost = cost_of(pieces_of(order.lines), order.total.currency)
    if cost is None or cost == order.total.amount:
        return None
    return Flag("total_differs", f"total {order.total.amount:f}, lines {cost:f}")


def _extension_left_out(owed: Owed, point_of_sale: PointOfSale) -> Flag | None:
    if point_of_sale.data_model is not DataModel.V2_0:
        return None
    lines = owed.lines if isinstance(owed, OwedCart | OwedOrder) else ()
    own = owed.attributes if isinstance(owed, OwedBehaviour | OwedOrder) else {}
    count = len(own) + sum(len(line.attributes) for line in lines)
    return Flag("extension_left_out", f"{count} attributes, data model 2.0") if count else None
