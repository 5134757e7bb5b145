"""What an order says, whatever event says it: to tell a repeat from a change."""

from collections.abc import Iterable
from decimal import Context, Decimal
from hashlib import blake2b
from typing import Final, TypeAlias

from pipeline.commerce.events import Attributes, Line, Money, OrderPlaced

_EXACT: Final = Context(prec=64, traps=[])
"""Holds any amount times any quantity, and never raises."""

_Content: TypeAlias = tuple[object, ...]


def digest_of(event: OrderPlaced) -> bytes:
    """A digest that is equal for equal orders, over restarts and releases."""
    return blake2b(repr(_content(event)).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def adds_up(lines: Iterable[Line], total: Money) -> bool:
    """Whether lines cost exactly the total, in its currency."""
    currency = total.currency.upper()
    cost = Decimal()
    for line in lines:
        if line.unit_price.currency.upper() != currency:
            return False
        cost = _EXACT.add(cost, _EXACT.multiply(line.unit_price.amount, Decimal(line.quantity)))
    return _EXACT.compare(cost, total.amount) == 0


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
    return (str(_EXACT.normalize(money.amount)), money.currency.upper())


def _attributes(attributes: Attributes) -> _Content:
    return tuple(sorted(attributes.items()))
