"""What the deliverer owes in its benchmarks: numbered messages of guests who take turns."""

import time
import uuid
from collections.abc import Iterator

from benchmarks.harness import Outgoing
from pipeline.commerce.events import BrowserId, EventId
from pipeline.kafka.dead_letters import DELIVERY_ID, SEQUENCE
from pipeline.record import GuestId, Instant, Position
from pipeline.sitecore import messages
from pipeline.sitecore.codec import encode_owed
from pipeline.sitecore.owed import Cause, Context, DeliveryId, OwedBehaviour
from pipeline.sitecore.point_of_sale import PointOfSale
from pipeline.sitecore.request import SendEvent
from pipeline.sitecore.wire import to_http

SHOP = "shop/dublin"
KEY = "bench"
"""The client key."""
_NOTE = "x" * 220
"""Fills a message up to about 600 bytes on the wire."""


def owed(count: int, guests: int) -> Iterator[OwedBehaviour]:
    """Messages, each guest's numbered from 0, each with the time at which it was taken from here.

    The destination reads both from the attributes.
    """
    began = Instant(time.time_ns() // 1_000_000)
    browsers = [BrowserId(str(uuid.uuid4())) for _ in range(guests)]
    for number in range(count):
        cause = EventId(str(uuid.uuid4()))
        micros = time.time_ns() // 1000
        now = Instant(micros // 1000)
        yield OwedBehaviour(
            delivery_id=DeliveryId(str(uuid.uuid5(uuid.NAMESPACE_OID, cause))),
            guest_id=GuestId(f"guest-{number % guests:08}"),
            sequence=began + number // guests,
            occurred_at=now,
            context=Context(browsers[number % guests], "WEB", SHOP, "EN", "EUR", "/"),
            cause=Cause(cause, None, (Position("commerce-events", 0, number),), now),
            type="LOADED",
            product_name=None,
            product_type=None,
            attributes={"note": _NOTE, "sentAt": micros, "number": number // guests},
        )


def record(message: OwedBehaviour) -> Outgoing:
    """What the worker reads, with the headers that assemble writes: so order is checked."""
    headers = (
        (DELIVERY_ID, message.delivery_id.encode()),
        (SEQUENCE, str(message.sequence).encode()),
    )
    return Outgoing(message.guest_id.encode(), encode_owed(message), headers)


def ready(message: OwedBehaviour) -> Outgoing:
    """The very body that the worker would send, for a sender that only passes it on."""
    shop = PointOfSale(SHOP)
    browser = message.context.browser_id or BrowserId("")
    event = messages.behaviour(message, shop, messages.base(browser, message.context, shop))
    request = to_http(
        SendEvent(message.delivery_id, event), client_key=KEY, form="post", mark=False
    )
    return Outgoing(message.guest_id.encode(), request.body or b"")
