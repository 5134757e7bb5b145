"""What an order says, whatever event says it: to tell a repeat from a change."""

from collections.abc import Iterable
from hashlib import blake2b
from typing import TypeAlias

from pipeline.commerce.events import Attributes, Line, Money, OrderPlaced
from pipeline.sitecore.cost import EXACT, cost_of, pieces_of

_Content: TypeAlias = tuple[object, ...]


def digest_of(event: OrderPlaced) -> bytes:
    """A digest that is equal for equal orders, over restarts and releases."""
    return blake2b(repr(_content(event)).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def adds_up(lines: Iterable[Line], total: Money) -> bool:
    """Whether lines cost exactly the total, in its currency."""
    return cost_of(pieces_of(lines), total.currency) == total.amount


def _content(event: OrderPlaced) -> _Content:
    payment = event.payment
    return (
        event.point_of_sale,
        event.ordered_at,
        event.status.upper(),
        _money(event.total),
        tuple(_line(line) for line in event.lines),
        None if payment is None else (payment.type, payment.card_type),
        _attributes(event.attributes),
    )


def _line(line: Line) -> _Content:
    organization = line.organization_unit_price
    return (
        line.item_id,
        line.product_id,
        line.type,
        line.name,
        line.quantity,
        _money(line.unit_price),
        None if organization is None else _money(organization),
        _attributes(line.attributes),
    )


def _money(money: Money) -> _Content:
    return (str(EXACT.normalize(money.amount)), money.currency.upper())


def _attributes(attributes: Attributes) -> _Content:
    return tuple(sorted(attributes.items()))
