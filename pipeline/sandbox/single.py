"""ORDER_CHECKOUT: the whole order in one event, of a guest who is a customer already."""

from decimal import Decimal

from pipeline.sandbox.orders import Order, flags_of, order_items
from pipeline.sandbox.rules import orders as rules
from pipeline.sandbox.rules.extensions import KnownTypes, extension_of
from pipeline.sandbox.rules.fields import JsonObject, Violation, Violations, entries, first
from pipeline.sandbox.visit import Visit


def order_checkout(
    visit: Visit, known: KnownTypes, item_types: frozenset[str] | None
) -> Violation | None:
    """Make the order, if data model, guest, order and extensions allow it.

    Whether extension attributes of orders and items must keep their type is not documented;
    those of events must, and the sandbox asks the same of them.
    """
    violation = (
        _not_possible(visit)
        or first(rules.order(visit.message, item_types))
        or first(_type_changes(visit.message, known))
    )
    if violation is not None:
        return violation
    for scope, attributes, _ in _extensions(visit.message):
        known.learn(attributes, scope)
    visit.session.orders.append(_order(visit, _said(visit.message)))
    return None


def _not_possible(visit: Visit) -> Violation | None:
    if visit.model == "2.0":
        return Violation("order_checkout_not_supported", "", "data model 2.0")
    if not visit.guest.identifiers:
        return Violation("not_a_customer", "")
    return None


def _said(message: JsonObject) -> JsonObject:
    order = message["order"]
    assert isinstance(order, dict)  # noqa: S101 — the rules have said so
    return order


def _extensions(message: JsonObject) -> list[tuple[str, JsonObject, str]]:
    """List what an order and its items add: scope, attributes, where they stand."""
    order = _said(message)
    return [
        ("order", extension_of(order), "order.extensions."),
        *(
            (
                f"item {item.get('type')}",
                extension_of(item),
                f"order.orderItems.{index}.extensions.",
            )
            for index, item in enumerate(entries(order, "orderItems"))
        ),
    ]


def _type_changes(message: JsonObject, known: KnownTypes) -> Violations:
    for scope, attributes, within in _extensions(message):
        yield from known.check(attributes, scope, within)


def _order(visit: Visit, said: JsonObject) -> Order:
    """Build the order as it was said; its price is not compared with its items."""
    order = Order(
        ref=visit.ref,
        reference_id=str(said["referenceId"]),
        guest=visit.guest,
        browser_id=visit.session.browser_id,
        channel=visit.session.channel,
        point_of_sale=str(visit.message["pos"]),
        session_ref=visit.session.ref,
        form="single",
        status=str(said["status"]),
        total=Decimal(str(said["price"])),
        currency=str(said["currencyCode"]),
        items=order_items(said),
        ordered_at=str(said["orderedAt"]),
        arrived_at=visit.now,
        payment_type=str(said["paymentType"]),
        card_type=str(said["cardType"]) if "cardType" in said else None,
        extension=extension_of(said),
    )
    order.flags = flags_of(order)
    if visit.session.has_contact:
        order.flags.append("contacts_with_order_checkout")
    return order
