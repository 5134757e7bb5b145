"""What is kept of a guest survives the way through Kafka."""

import pytest

from pipeline.commerce.events import BrowserId, OrderId
from pipeline.deliver import ledger_state
from pipeline.deliver.breaker import Hold
from pipeline.deliver.ledger import Ledger
from pipeline.errors import StateError
from pipeline.record import GuestId, Instant
from pipeline.refusal import Refusal
from pipeline.sitecore.delivery import (
    AcceptedOrder,
    Browser,
    Delivery,
    Form,
    Head,
    Replacement,
    Session,
)
from pipeline.sitecore.owed import DeliveryId

GUEST = GuestId("gäst-1")
DELIVERY = Delivery(
    GUEST,
    browsers=(Browser(BrowserId("b"), issued=True),),
    replaced=(Replacement(BrowserId("old")),),
    sessions=(Session(BrowserId("b"), "WEB", "shop", Instant(5)),),
    orders=(AcceptedOrder(OrderId("o"), Form.CART, BrowserId("b"), "WEB", "shop", Instant(6)),),
    head=Head(DeliveryId("d"), left=Form.SINGLE, tries=2, refusal=Refusal("r", "f", "x")),
    finished=7,
    topic_id="topic",
    sequence=11,
)


def test_a_delivery_survives_the_way_through_kafka() -> None:
    """Every part of it decides what comes next."""
    assert ledger_state.decode(ledger_state.encode(DELIVERY)) == DELIVERY


def test_what_is_finished_is_read_without_decoding() -> None:
    """After a restart thousands of records are skipped by it."""
    assert ledger_state.finished(ledger_state.encode(DELIVERY)) == 7


def test_a_newer_version_stops_the_worker() -> None:
    """Misread, it would repeat or lose what a newer program has sent."""
    value = bytearray(ledger_state.encode(DELIVERY))
    value[1] += 1

    with pytest.raises(StateError, match="version 2, this program reads up to 1"):
        ledger_state.decode(bytes(value))


def test_one_newer_version_among_many_guests_stops_the_worker_before_it_sends() -> None:
    """Found only when its guest buys again, it would stop a worker that has sent for others."""
    old, newer = ledger_state.encode(DELIVERY), bytearray(ledger_state.encode(DELIVERY))
    newer[1] += 1

    with pytest.raises(StateError, match="version 2"):
        Ledger({b"a": old, b"b": bytes(newer), b"c": old})


@pytest.mark.parametrize("value", [b"", b"x", b"\xa5" + bytes(20), b"\xd5\x01" + bytes(9)])
def test_foreign_bytes_stop_the_worker(value: bytes) -> None:
    """A topic of that name may be another program's."""
    with pytest.raises(StateError):
        ledger_state.decode(value)


@pytest.mark.parametrize("hold", Hold)
def test_a_hold_survives_the_way_through_kafka(hold: Hold) -> None:
    """A restart does not end it."""
    assert ledger_state.decode_hold(ledger_state.encode_hold(hold)) is hold


def test_a_ledger_knows_the_hold_from_the_guests() -> None:
    """Its key is none that a guest can have."""
    ledger = Ledger(
        {
            GUEST.encode(): ledger_state.encode(DELIVERY),
            ledger_state.HOLD_KEY: ledger_state.encode_hold(Hold.REFUSALS),
        }
    )

    assert ledger.hold is Hold.REFUSALS
    assert len(ledger) == 1
    assert ledger.delivery(GUEST) == DELIVERY
    assert ledger.topic_id() == "topic"


def test_a_guest_who_is_not_in_the_ledger_is_a_new_one() -> None:
    """Nothing of theirs was ever accepted."""
    ledger = Ledger({})

    assert ledger.delivery(GUEST) == Delivery.new(GUEST)
    assert ledger.finished(GUEST) == 0
