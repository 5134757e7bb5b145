"""The two documented ways of sending an order, from commerce events to the requests that leave."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.sandbox.running import RunningSandbox
from pipeline.sandbox.settings import EXAMPLE_BROWSER_ID, EXAMPLE_SHOP, SandboxSettings
from tests.components.kafka import Kafka
from tests.components.registry import Registry
from tests.e2e.stack import CLIENT_KEY, WORKERS, Stack

pytestmark = [pytest.mark.kafka, pytest.mark.registry, pytest.mark.slow]

BASE = {
    "channel": "WEB",
    "currency": "EUR",
    "language": "EN",
    "page": "oms",
    "pos": EXAMPLE_SHOP,
    "browser_id": EXAMPLE_BROWSER_ID,
    "client_key": CLIENT_KEY,
}
IDENTITY = {
    "type": "IDENTITY",
    "identifiers": [{"provider": "CRM", "id": "B7524AE6"}],
    **BASE,
}


def _event(name: str, second: int, **fields: object) -> str:
    first = {
        "event": name,
        "eventId": f"00000000-0000-4000-8000-{second:012}",
        "occurredAt": f"2025-08-23T16:17:{second:02}.000Z",
        "guestId": "guest-1",
        "browserId": EXAMPLE_BROWSER_ID,
        "channel": "web",
        "pointOfSale": EXAMPLE_SHOP,
        "language": "en-IE",
        "currency": "eur",
        "page": "oms",
    }
    return json.dumps(first | fields)


IDENTIFIED = _event("GuestIdentified", 1, identifiers=[{"provider": "CRM", "id": "B7524AE6"}])


def _line(item_id: str, product_id: str, name: str, *, quantity: int, price: str) -> dict[str, Any]:
    return {
        "itemId": item_id,
        "productId": product_id,
        "type": "shoes",
        "name": name,
        "quantity": quantity,
        "unitPrice": {"amount": price, "currency": "EUR"},
    }


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    """A destination that knows the documentation's own point of sale and browser id."""
    with RunningSandbox(SandboxSettings(client_key=CLIENT_KEY)) as running:
        yield running


def _stack(
    kafka: Kafka,
    registry: Registry,
    sandbox: RunningSandbox,
    folder: Path,
    protocol: str,
    *,
    wire_form: str = "post",
) -> Stack:
    sitecore = {
        "points_of_sale": [{"name": EXAMPLE_SHOP, "protocol": protocol, "language": "en"}],
        "order_age_max_days": 10_000,
        "wire_form": wire_form,
    }
    stack = Stack(
        kafka,
        sandbox,
        folder,
        {
            "registry": {"url": registry.url},
            "sitecore": sitecore,
            "assemble": {"guest_idle_days": 20_000, "payment_wait_s": 1},
            "deliver": {"behaviour_age_max_s": 1e9},
        },
    )
    stack.command("schemas", "register")
    return stack


def _sent(stack: Stack, sandbox: RunningSandbox, count: int) -> list[dict[str, Any]]:
    """Wait for that many requests, and give what each said."""
    until = time.monotonic() + 60
    while len(sandbox.sandbox.log.newest) < count and time.monotonic() < until:
        stack.check()
        time.sleep(0.1)
    time.sleep(0.5)  # long enough for one too many to show
    return [json.loads(request.text) for request in sandbox.sandbox.log.newest]


@pytest.mark.parametrize("wire_form", ["post", "get"])
def test_case_025_and_038_an_identified_guest_orders_in_one_event(
    kafka: Kafka, registry: Registry, sandbox: RunningSandbox, tmp_path: Path, wire_form: str
) -> None:
    """IDENTITY first, then ORDER_CHECKOUT exactly as the documentation's own example."""
    stack = _stack(kafka, registry, sandbox, tmp_path, "single", wire_form=wire_form)
    item = _line(
        "REF-123", "MOBILE_PHONE_TYPE_X", "Mobile phone of type x", quantity=1, price="200"
    )
    attributes = {"phone_color": "Gold", "insurance": False}
    placed = _event(
        "OrderPlaced",
        16,
        page="checkout page",
        orderId="123456",
        orderedAt="2025-08-23T18:17:16+02:00",
        status="purchased",
        total={"amount": "200.00", "currency": "EUR"},
        lines=[item | {"type": "mobile_phone", "attributes": attributes}],
        payment={"type": "Card", "cardType": "Visa"},
        attributes={"refundable": True},
    )
    try:
        stack.command("publish", "-", stdin=f"{IDENTIFIED}\n{placed}\n")
        stack.start(*WORKERS)
        identity, order = _sent(stack, sandbox, 2)
    finally:
        stack.close()

    if wire_form == "get":  # there the key stands beside the message, not in it
        assert "client_key" not in identity | order
        identity, order = ({**said, "client_key": CLIENT_KEY} for said in (identity, order))
    assert identity == IDENTITY
    assert order == {
        "type": "ORDER_CHECKOUT",
        "order": {
            "referenceId": "123456",
            "orderedAt": "2025-08-23T16:17:16.000Z",
            "status": "PURCHASED",
            "currencyCode": "EUR",
            "price": 200,
            "paymentType": "Card",
            "cardType": "Visa",
            "extensions": [{"name": "ext", "key": "default", "refundable": True}],
            "orderItems": [
                {
                    "type": "MOBILE_PHONE",
                    "referenceId": "REF-123",
                    "orderedAt": "2025-08-23T16:17:16.000Z",
                    "status": "PURCHASED",
                    "currencyCode": "EUR",
                    "price": 200,
                    "name": "Mobile phone of type x",
                    "productId": "MOBILE_PHONE_TYPE_X",
                    "quantity": 1,
                    "extensions": [
                        {"name": "ext", "key": "default", "phoneColor": "Gold", "insurance": False}
                    ],
                }
            ],
        },
        **BASE,
        "page": "checkout page",
    }
    assert [order.reference_id for order in sandbox.sandbox.tenant.orders] == ["123456"]


SHOES = _line("SHOES_8475GHT", "SHOES_8475", "Shoes", quantity=1, price="89.90")
JEANS = _line("JEANS_W33L31", "JEANS_W33", "Jeans", quantity=3, price="7.99")


def _add(line: dict[str, Any], second: int) -> dict[str, Any]:
    return {
        "type": "ADD",
        "product": {
            "type": line["type"].upper(),
            "item_id": line["itemId"],
            "name": line["name"],
            "orderedAt": f"2025-08-23T16:17:{second:02}.000Z",
            "quantity": line["quantity"],
            "price": float(line["unitPrice"]["amount"]),
            "productId": line["productId"],
            "currency": "EUR",
            "referenceId": line["itemId"],
        },
        **BASE,
    }


def _confirm(*items: str) -> dict[str, Any]:
    return {"type": "CONFIRM", "product": [{"item_id": item} for item in items], **BASE}


def _placed(second: int, order_id: str, lines: list[dict[str, Any]], **fields: object) -> str:
    total = sum(line["quantity"] * float(line["unitPrice"]["amount"]) for line in lines)
    return _event(
        "OrderPlaced",
        second,
        orderId=order_id,
        orderedAt=f"2025-08-23T16:17:{second:02}.000Z",
        status="PURCHASED",
        total={"amount": f"{total:.2f}", "currency": "EUR"},
        lines=lines,
        **fields,
    )


def _checkout(order_id: str) -> dict[str, Any]:
    return {"type": "CHECKOUT", "reference_id": order_id, "status": "PURCHASED", **BASE}


def test_cases_067_to_084_a_cart_is_filled_changed_cleared_and_bought(
    kafka: Kafka, registry: Registry, sandbox: RunningSandbox, tmp_path: Path
) -> None:
    """ADD by ADD, quantities absolute; CONFIRM an array; PAYMENT last; ADD again once cleared."""
    stack = _stack(kafka, registry, sandbox, tmp_path, "multiple")
    more = SHOES | {"quantity": 2}
    card = {"type": "Card", "cardType": "Visa"}
    events = [
        IDENTIFIED,
        _event("LineAdded", 2, line=SHOES),
        _event("LineAdded", 3, line=JEANS),
        _event("LineChanged", 4, line=more),
        _placed(5, "MA-490094", [more, JEANS]),
        _event("PaymentReceived", 6, orderId="MA-490094", payment=card),
        _event("LineAdded", 7, line=SHOES),
        _event("CartCleared", 8),
        _placed(9, "MA-490095", [SHOES], payment=card),
    ]
    try:
        stack.command("publish", "-", stdin="\n".join(events))
        stack.start(*WORKERS)
        sent = _sent(stack, sandbox, 13)
    finally:
        stack.close()

    assert sent == [
        IDENTITY,
        _add(SHOES, 2),
        _add(JEANS, 3),
        _add(more, 4),
        _confirm("SHOES_8475GHT", "JEANS_W33L31"),
        _checkout("MA-490094"),
        {"type": "PAYMENT", "pay_type": "Card", **BASE},
        _add(SHOES, 7),
        {"type": "CLEAR_CART", **BASE},
        _add(SHOES, 9),
        _confirm("SHOES_8475GHT"),
        _checkout("MA-490095"),
        {"type": "PAYMENT", "pay_type": "Card", **BASE},
    ]
    orders = sandbox.sandbox.tenant.orders
    assert [order.reference_id for order in orders] == ["MA-490094", "MA-490095"]
