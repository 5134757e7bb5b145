"""What a guest does beside ordering: changes the cart, says who it is, looks around."""

from pipeline.commerce.events import (
    Behaviour,
    BrowserId,
    CartEvent,
    Contact,
    CustomEventRaised,
    GuestIdentified,
    ProductsSearched,
)
from pipeline.orders.bounds import BROWSERS_MAX, CART_BYTES_MAX, FACTS_MAX, LINES_MAX
from pipeline.orders.cart import (
    comes_too_late,
    fact_of,
    knows,
    lines_at,
    lines_changed,
    pruned,
    with_fact,
)
from pipeline.orders.guest import Became, Cart, Fact, FactLog, KnownIdentity
from pipeline.orders.line_rules import refuse
from pipeline.orders.policy import FactCodec
from pipeline.orders.seen import has_room, has_seen, with_seen
from pipeline.orders.turn import Turn, context_of
from pipeline.orders.validate import refuse_behaviour, refuse_cart_event, refuse_identity
from pipeline.orders.waiting import cart_needed_from, identity_for, owe_cart, release, tells_carts
from pipeline.record import Record
from pipeline.refusal import Refusal
from pipeline.sitecore.owed import Identity, OwedBehaviour, OwedIdentity
from pipeline.sitecore.point_of_sale import PointOfSale


def take_cart_event(turn: Turn, event: CartEvent, record: Record, pos: PointOfSale) -> Became:
    """Take a change of the cart: the cart is owed if it is another one now, and no order waits."""
    codec = turn.policy.fact_codec
    refusal = refuse_cart_event(event, pos)
    if refusal is None:
        fact = fact_of(event, len(record.value or b""), turn.policy.line_codec)
        if knows(turn.cart.log, fact, codec):
            return Became.REPEAT
        if comes_too_late(turn.cart, fact):
            return Became.LATE
        cart = _with(turn, event, fact)
        refusal = _refuse_size(cart.log, codec)
    if refusal is not None:
        turn.refuse(refusal, record)
        return Became.SET_ASIDE
    turn.cart = cart
    if turn.waiting:
        release(turn)
    elif tells_carts(turn):
        lines = lines_changed(cart.log, fact, codec)
        if lines is not None:
            owe_cart(turn, tuple(lines.values()))
    return Became.OWED if turn.owed else Became.NOTED


def take_identity(turn: Turn, event: GuestIdentified, record: Record, pos: PointOfSale) -> Became:
    """Take an identity: the newest is what the guest is, and orders may have waited for it."""
    refusal = refuse_identity(event, pos, len(record.value or b""))
    if refusal is not None:
        turn.refuse(refusal, record)
        return Became.SET_ASIDE
    if has_seen(turn.seen, event.event_id):
        return Became.REPEAT
    horizon_s = turn.policy.repeat_horizon_s
    if has_room(turn.seen, turn.now, horizon_s):
        turn.seen = with_seen(turn.seen, event.event_id, turn.now, horizon_s)
    known = turn.identity
    turn.identity = newest = _newest(known, event, pos)
    if known is None or newest.browser_ids is not known.browser_ids:
        turn.owed.append(
            OwedIdentity(
                **turn.owing(context_of(event), event.occurred_at),
                identity=identity_for(newest.identity, pos),
            )
        )
    release(turn)
    if turn.owed:
        return Became.OWED
    return Became.NOTED if newest is not known else Became.LATE


def take_behaviour(turn: Turn, event: Behaviour, record: Record, pos: PointOfSale) -> Became:
    """Take behaviour: owed as it comes, once an event id."""
    refusal = refuse_behaviour(event, pos)
    if refusal is None:
        if has_seen(turn.seen, event.event_id):
            return Became.REPEAT
        horizon_s = turn.policy.repeat_horizon_s
        if has_room(turn.seen, turn.now, horizon_s):
            turn.seen = with_seen(turn.seen, event.event_id, turn.now, horizon_s)
            _owe_behaviour(turn, event)
            return Became.OWED
        refusal = refuse("too_many_events", "", "of this guest, in one repeat horizon")
    turn.refuse(refusal, record)
    return Became.SET_ASIDE


def _with(turn: Turn, event: CartEvent, fact: Fact) -> Cart:
    return pruned(
        with_fact(turn.cart, fact, turn.now, turn.policy.fact_codec, context_of(event)),
        horizon_s=turn.policy.cart_horizon_s,
        until=cart_needed_from(turn.waiting),
        codec=turn.policy.fact_codec,
    )


def _refuse_size(log: FactLog, codec: FactCodec) -> Refusal | None:
    if log.facts > LINES_MAX and (lines := len(lines_at(log, codec))) > LINES_MAX:
        return refuse("too_many_lines", "line", lines)
    if log.facts > FACTS_MAX:
        return refuse("too_many_cart_events", "", log.facts)
    if log.size > CART_BYTES_MAX:
        return refuse("cart_too_large", "line", f"{log.size} bytes")
    return None


def _newest(known: KnownIdentity | None, event: GuestIdentified, pos: PointOfSale) -> KnownIdentity:
    contact = event.contact if pos.personal_fields else Contact()
    identity = Identity(event.identifiers, contact)
    browser_ids: tuple[BrowserId | None, ...] = (event.browser_id,)
    if known is None:
        return KnownIdentity(identity, event.occurred_at, event.event_id, browser_ids)
    is_newer = (event.occurred_at, event.event_id) > (known.occurred_at, known.event_id)
    if is_newer and identity != known.identity:
        return KnownIdentity(identity, event.occurred_at, event.event_id, browser_ids)
    told = known.browser_ids
    if event.browser_id not in told:
        told = (*told, event.browser_id)[-BROWSERS_MAX:]
    if is_newer:
        return KnownIdentity(known.identity, event.occurred_at, event.event_id, told)
    return known if told is known.browser_ids else known._replace(browser_ids=told)


def _owe_behaviour(turn: Turn, event: Behaviour) -> None:
    name, search = "VIEW", None
    if isinstance(event, CustomEventRaised):
        name = event.name.upper()
    elif isinstance(event, ProductsSearched):
        name, search = "SEARCH", event
    turn.owed.append(
        OwedBehaviour(
            **turn.owing(context_of(event), event.occurred_at),
            type=name,
            product_name=search.product_name if search else None,
            product_type=search.product_type if search else None,
            attributes=event.attributes,
        )
    )
