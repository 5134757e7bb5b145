"""What a step leaves in Kafka."""

import dataclasses
import json

from pipeline.assemble.log import Limits
from pipeline.assemble.outputs import Outputs
from pipeline.orders.guest import SetAside
from pipeline.record import DAY_S, Position
from pipeline.refusal import Refusal
from pipeline.sitecore.codec import as_read, decode_owed
from pipeline.sitecore.owed import Cause
from tests.fake_log import TOPICS
from tests.unit.orders.story import START, Story, added, at, placed

ROOMY = Limits(1_000_000, 1_000_000)


def test_what_is_owed_carries_its_delivery_id_and_number_in_headers() -> None:
    """Deliver and people find a delivery without decoding every record."""
    (owed,) = Story().hears(added(1, "shoes")).owed
    write = Outputs(TOPICS, ROOMY).owed(3, owed)

    assert (write.topic, write.partition, write.key) == ("stream", 3, b"ann")
    assert dict(write.headers) == {
        "delivery-id": owed.delivery_id.encode(),
        "sequence": str(owed.sequence).encode(),
    }
    assert decode_owed(write.value or b"") == as_read(owed)


def test_what_no_topic_takes_is_set_aside_and_not_tried_for_ever() -> None:
    """A record that is too large for its topic would fail every transaction from now on."""
    (owed,) = Story().hears(added(1, "shoes")).owed
    write = Outputs(TOPICS, Limits(100, 1_000_000)).owed(0, owed)

    assert write.topic == "letters"
    assert dict(write.headers)["dead-letter-reason"] == b"owed_too_large"
    assert decode_owed(write.value or b"") == as_read(owed)


def test_of_an_erased_guest_the_position_alone_is_kept() -> None:
    """The person asked to be forgotten; a dead letter would remember them for thirty days."""
    cause = Cause(None, "identity_wait", (Position("commerce", 0, 7),), START)
    refusal = Refusal("guest_erased", "guestId", "")
    one = SetAside(refusal, Position("commerce", 0, 5), None, cause)
    write = Outputs(TOPICS, ROOMY).set_aside(0, one)

    headers = dict(write.headers)
    assert (write.key, write.value) == (None, None)
    assert headers["dead-letter-offset"] == b"5"
    assert headers["dead-letter-timer"] == b"identity_wait"
    assert headers["dead-letter-positions"] == b"commerce/0@7"


def test_an_order_for_another_api_takes_the_lines_of_its_cart_along() -> None:
    """The cart is told to nobody else, and forgotten with the order."""
    old = dataclasses.replace(placed(3, total="10"), ordered_at=at(-400 * DAY_S))
    (one,) = Story().hears(added(1, "shoes"), added(2, "socks"), old).set_aside

    said = dict(Outputs(TOPICS, ROOMY).set_aside(0, one).headers)["dead-letter-lines"]
    assert [line["itemId"] for line in json.loads(said or b"")] == ["shoes", "socks"]

    tight = dict(Outputs(TOPICS, Limits(100, 1300)).set_aside(0, one).headers)
    assert tight["dead-letter-truncated"] == b"true"
    assert "dead-letter-lines" not in tight
