"""A cart as a log of facts: whatever order they arrive in, the cart is the same.

A cart at an instant is what its facts up to then say since it was last emptied.
A fact without effect is kept a while, so that an older one that comes later
finds it; then it is forgotten.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import TypeAlias, assert_never

from pipeline.commerce.events import (
    CartCleared,
    CartEvent,
    ItemId,
    LineAdded,
    LineChanged,
    LineRemoved,
    OrderPlaced,
)
from pipeline.orders.guest import Cart, Fact, FactLog, Key
from pipeline.orders.policy import FactCodec, LineCodec
from pipeline.record import Instant, later
from pipeline.sitecore.owed import Context, WrittenLine

Lines: TypeAlias = dict[ItemId, WrittenLine]
"""A cart: lines by item, the one set last at the end."""

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


def knows(log: FactLog, fact: Fact, codec: FactCodec) -> bool:
    """Whether this very fact is in the log."""
    key = fact[:3]
    return key <= log.newest and any(other[:3] == key for other in codec.read(log))


def comes_too_late(cart: Cart, fact: Fact) -> bool:
    """Whether a line's fact may be older than one that was forgotten.

    Emptying is never too late: it takes what is older, and nothing else.
    """
    return fact.at <= cart.forgotten_to and fact.item_id is not None


def with_fact(
    cart: Cart, fact: Fact, now: Instant, codec: FactCodec, context: Context | None = None
) -> Cart:
    """Put a fact that is not known yet in its place.

    Args:
        cart: The cart without it.
        fact: Of any age.
        now: When we read of it.
        codec: How facts are written.
        context: Circumstances of a cart event, kept if none newer are known; None
            for a purchase.
    """
    keeps = context is None or fact.at < cart.context_at
    newest_at = fact.at if fact.at < now else now
    return Cart(
        _with(cart.log, fact, codec),
        newest_at if newest_at > cart.newest_at else cart.newest_at,
        cart.pruned_to,
        cart.forgotten_to,
        cart.context if keeps else context,
        cart.context_at if keeps else fact.at,
    )


def without(cart: Cart, key: Key, codec: FactCodec) -> Cart:
    """Take a fact out again, as if it had never been heard of."""
    facts = codec.read(cart.log)
    kept = [fact for fact in facts if fact[:3] != key]
    return cart if len(kept) == len(facts) else cart._replace(log=log_of(kept, codec))


def pruned(cart: Cart, *, horizon_s: float, until: Instant | None, codec: FactCodec) -> Cart:
    """Forget facts without effect that are older than the horizon, now and then.

    Args:
        cart: With its newest fact already in it.
        horizon_s: How far behind the newest fact a late one may still be. What is older
            stays for up to a quarter as long, so that not every fact has all others read.
        until: The cart at this instant and after it must stay what it is; None:
            nobody will ask for an older one.
        codec: How facts are written.
    """
    bound = later(cart.newest_at, -horizon_s)
    if cart.log.oldest_at >= bound or later(cart.pruned_to, horizon_s / 4) > bound:
        return cart
    facts = codec.read(cart.log)
    cut = bound if until is None else min(bound, until)
    old = facts[: bisect_left(facts, (cut, 0, ""))]
    kept = _with_effect(old)
    if len(kept) == len(old):
        return cart._replace(pruned_to=bound)
    return cart._replace(
        log=log_of((*kept, *facts[len(old) :]), codec),
        pruned_to=bound,
        forgotten_to=max(cart.forgotten_to, old[-1].at),
    )


def log_of(facts: Sequence[Fact], codec: FactCodec) -> FactLog:
    """Write facts, oldest first."""
    if not facts:
        return FactLog()
    return FactLog(
        b"".join(map(codec.write, facts)),
        len(facts),
        sum(fact.size for fact in facts),
        facts[0].at,
        facts[-1][:3],
    )


def lines_at(log: FactLog, codec: FactCodec, before: Key | None = None) -> Lines:
    """Give the cart as it now is, or as it was right before a fact with that key."""
    facts = codec.read(log)
    return lines_of(facts if before is None else facts[: bisect_left(facts, before)])


def lines_changed(log: FactLog, fact: Fact, codec: FactCodec) -> Lines | None:
    """Give the cart as it now is; None where it would be the same without that fact of its log."""
    facts = codec.read(log)
    index = bisect_left(facts, fact[:3])
    before = lines_of(facts[:index] + facts[index + 1 :])
    lines = lines_of(facts) if index + 1 < len(facts) else lines_of((fact,), before.copy())
    return None if lines == before else lines


def lines_of(facts: Iterable[Fact], lines: Lines | None = None) -> Lines:
    """Fold facts, oldest first, into a cart, which is theirs then; None: one that is empty."""
    lines = {} if lines is None else lines
    for fact in facts:
        item_id = fact.item_id
        if item_id is None:
            lines.clear()
            continue
        lines.pop(item_id, None)
        if fact.line is not None:
            lines[item_id] = fact.line
    return lines


def _with_effect(facts: Sequence[Fact]) -> list[Fact]:
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


def _with(log: FactLog, fact: Fact, codec: FactCodec) -> FactLog:
    key = fact[:3]
    if key > log.newest:
        return FactLog(
            log.written + codec.write(fact),
            log.facts + 1,
            log.size + fact.size,
            log.oldest_at if log.facts else fact.at,
            key,
        )
    facts = codec.read(log)
    index = bisect_left(facts, key)
    return log_of((*facts[:index], fact, *facts[index:]), codec)
