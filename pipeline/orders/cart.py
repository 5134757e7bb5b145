"""A cart as a log of facts: whatever order they arrive in, the cart is the same.

A cart at an instant is what its facts up to then say since it was last emptied.
A fact without effect is kept a while, so that an older one that comes later
finds it; then it is forgotten.
"""

from bisect import bisect_left
from typing import Any, TypeAlias, assert_never

from pipeline.commerce.events import (
    CartCleared,
    CartEvent,
    EventId,
    ItemId,
    LineAdded,
    LineChanged,
    LineRemoved,
    OrderPlaced,
)
from pipeline.orders.guest import Cart, Fact
from pipeline.orders.policy import LineCodec
from pipeline.record import Instant, later
from pipeline.sitecore.owed import Context, WrittenLine

Key: TypeAlias = tuple[Instant, int, EventId]
"""Where a fact stands among others."""

_CART_EVENT = 0
_PURCHASE = 1


def fact_of(event: CartEvent, size: int, codec: LineCodec) -> Fact:
    """Say what an event did to the cart; a quantity of zero is a removal."""
    at, event_id = event.occurred_at, event.event_id
    match event:
        case LineAdded(line=line) | LineChanged(line=line):
            remains = codec.write(line) if line.quantity else None
            return Fact(at, _CART_EVENT, event_id, line.item_id, remains, size)
        case LineRemoved(item_id=item_id):
            return Fact(at, _CART_EVENT, event_id, item_id, None, size)
        case CartCleared():
            return Fact(at, _CART_EVENT, event_id, None, None, size)
        case _:
            assert_never(event)


def purchase(event: OrderPlaced) -> Fact:
    """Say that an order emptied the cart, at its instant."""
    return Fact(event.occurred_at, _PURCHASE, event.event_id, None, None, 0)


def purchase_key(event: OrderPlaced) -> Key:
    """Where an order stands among the facts: those before it are in its cart."""
    return (event.occurred_at, _PURCHASE, event.event_id)


def knows(cart: Cart, fact: Fact) -> bool:
    """Whether this very fact is in the log."""
    facts, key = cart.facts, fact[:3]
    index = _index(facts, key)
    return index < len(facts) and facts[index][:3] == key


def comes_too_late(cart: Cart, fact: Fact) -> bool:
    """Whether a line's fact may be older than one that was forgotten.

    Emptying is never too late: it takes what is older, and nothing else.
    """
    return fact.at <= cart.forgotten_to and fact.item_id is not None


def with_fact(cart: Cart, fact: Fact, now: Instant, context: Context | None = None) -> Cart:
    """Put a fact that is not known yet in its place.

    Args:
        cart: The log without it.
        fact: Of any age.
        now: When we read of it.
        context: Circumstances of a cart event, kept if none newer are known; None
            for a purchase.
    """
    facts = cart.facts
    index = _index(facts, fact[:3])
    keeps = context is None or fact.at < cart.context_at
    return Cart(
        (*facts, fact) if index == len(facts) else (*facts[:index], fact, *facts[index:]),
        max(cart.newest_at, min(fact.at, now)),
        cart.forgotten_to,
        cart.context if keeps else context,
        cart.context_at if keeps else fact.at,
    )


def without(cart: Cart, key: Key) -> Cart:
    """Take a fact out again, as if it had never been heard of."""
    facts = tuple(fact for fact in cart.facts if fact[:3] != key)
    return cart if len(facts) == len(cart.facts) else cart._replace(facts=facts)


def pruned(cart: Cart, *, horizon_s: float, until: Instant | None) -> Cart:
    """Forget facts without effect that are older than the horizon.

    Args:
        cart: With its newest fact already in it.
        horizon_s: How far behind the newest fact a late one may still be.
        until: The cart at this instant and after it must stay what it is; None:
            nobody will ask for an older one.
    """
    bound = later(cart.newest_at, -horizon_s)
    facts = cart.facts
    if not facts or facts[0].at >= bound:
        return cart
    if until is not None and until < bound:
        bound = until
    old = facts[: _index(facts, (bound, 0, ""))]
    kept = _with_effect(old)
    if len(kept) == len(old):
        return cart
    return cart._replace(
        facts=(*kept, *facts[len(old) :]),
        forgotten_to=max(cart.forgotten_to, old[-1].at),
    )


def lines_of(facts: tuple[Fact, ...], before: Key | None = None) -> dict[ItemId, WrittenLine]:
    """Fold facts into a cart: lines by item, the one set last at the end.

    Args:
        facts: Oldest first.
        before: Where to stop; None: the cart as it now is.
    """
    lines: dict[ItemId, WrittenLine] = {}
    for fact in facts:
        if before is not None and fact[:3] >= before:
            break
        item_id = fact.item_id
        if item_id is None:
            lines.clear()
            continue
        lines.pop(item_id, None)
        if fact.line is not None:
            lines[item_id] = fact.line
    return lines


def _with_effect(facts: tuple[Fact, ...]) -> list[Fact]:
    kept: list[Fact] = []
    decided: set[ItemId] = set()
    for fact in reversed(facts):
        if fact.item_id is None:
            kept.append(fact)
            break
        if fact.item_id not in decided:
            decided.add(fact.item_id)
            if fact.line is not None:
                kept.append(fact)
    kept.reverse()
    return kept


def _index(facts: tuple[Fact, ...], key: tuple[Any, ...]) -> int:
    if not facts or facts[-1].at < key[0]:
        return len(facts)
    return bisect_left(facts, key)
