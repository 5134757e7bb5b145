"""Commerce events from records."""

import json
from dataclasses import replace
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
from fastavro import schemaless_writer
from fastavro.schema import parse_schema
from hypothesis import given

from pipeline.commerce import schemas
from pipeline.commerce.decode import VALUE_BYTES_MAX, Decoder
from pipeline.commerce.encode import encode
from pipeline.commerce.events import BrowserId, CommerceEvent, EventId, ItemId, Money
from pipeline.errors import RecordError, UnavailableError, Unreadable
from pipeline.record import GuestId, Instant, Position, Record
from tests import strategies
from tests.examples import ADDED, SHOES, VIEWED


class Source:
    """A registry that holds these schemas, and counts how often it is asked."""

    def __init__(self, **texts: str) -> None:
        self._texts = {int(name.removeprefix("id")): text for name, text in texts.items()}
        self.asked: list[int] = []

    def schema(self, schema_id: int) -> str | None:
        self.asked.append(schema_id)
        return self._texts.get(schema_id)


class Outage:
    """A registry that does not answer."""

    def schema(self, schema_id: int) -> str | None:
        raise UnavailableError(f"no answer about {schema_id}")


def record(value: bytes | None, key: bytes | None = b"ann") -> Record:
    return Record(Position("commerce-events", 0, 0), Instant(0), key, value)


def refusal(value: bytes | None, key: bytes | None = b"ann") -> RecordError:
    with pytest.raises(RecordError) as caught:
        Decoder().decode(record(value, key))
    return caught.value


def by_fastavro(text: str, plain: dict[str, Any], schema_id: int) -> bytes:
    out = BytesIO()
    schemaless_writer(out, parse_schema(json.loads(text)), plain)
    return b"\x00" + schema_id.to_bytes(4, "big") + out.getvalue()


def changed(name: str, change: dict[str, Any]) -> str:
    """The schema of an event with some fields replaced or added at the end."""
    definition = json.loads(schemas.current()[name].text)
    fields = {field["name"]: field for field in definition["fields"]}
    fields |= {name: {"name": name, **field} for name, field in change.items()}
    return json.dumps({**definition, "fields": list(fields.values())})


PLAIN = {
    "eventId": VIEWED.event_id,
    "occurredAt": VIEWED.occurred_at,
    "guestId": VIEWED.guest_id,
    "browserId": VIEWED.browser_id,
    "channel": VIEWED.channel,
    "pointOfSale": VIEWED.point_of_sale,
    "language": VIEWED.language,
    "currency": VIEWED.currency,
    "page": VIEWED.page,
    "attributes": VIEWED.attributes,
}


@given(strategies.commerce_events)
def test_what_was_encoded_is_decoded_to_the_same(event: CommerceEvent) -> None:
    """To the last digit: money that changed on the way would be an order that is wrong."""
    key = event.guest_id.encode()

    assert Decoder().decode(record(encode(event), key)) == event


@given(strategies.commerce_events)
def test_either_framing_says_the_same(event: CommerceEvent) -> None:
    """A shop may use a registry or not."""
    text = schemas.current()[f"commerce.{type(event).__name__}"].text
    framed = record(encode(event, schema_id=7), event.guest_id.encode())

    assert Decoder(Source(id7=text)).decode(framed) == event


def test_a_schema_is_fetched_once() -> None:
    """A registry that is asked for every record is a registry that is down."""
    source = Source(id7=schemas.current()["commerce.PageViewed"].text)
    decoder = Decoder(source)

    for _ in range(3):
        decoder.decode(record(encode(VIEWED, schema_id=7)))

    assert source.asked == [7]


def test_an_outage_is_no_verdict() -> None:
    """Setting aside what could be read in a minute would lose it."""
    with pytest.raises(UnavailableError):
        Decoder(Outage()).decode(record(encode(VIEWED, schema_id=7)))


def test_an_unknown_id_is_asked_for_again() -> None:
    """It may be registered later: what is kept for ever is only what was found."""
    source = Source()
    decoder = Decoder(source)

    for _ in range(2):
        with pytest.raises(RecordError, match="no schema of id 7"):
            decoder.decode(record(encode(VIEWED, schema_id=7)))

    assert source.asked == [7, 7]


def test_a_newer_writer_is_understood() -> None:
    """Shops add fields before we know them."""
    text = changed(
        "commerce.PageViewed", {"scores": {"type": {"type": "array", "items": "double"}}}
    )
    value = by_fastavro(text, {**PLAIN, "scores": [1.0, 2.0]}, 7)

    assert Decoder(Source(id7=text)).decode(record(value)) == VIEWED


def test_an_older_writer_is_understood() -> None:
    """What a shop leaves out has a default."""
    definition = json.loads(schemas.current()["commerce.PageViewed"].text)
    fields = [field for field in definition["fields"] if field["name"] != "page"]
    text = json.dumps({**definition, "fields": fields})
    value = by_fastavro(text, {name: PLAIN[name] for name in PLAIN if name != "page"}, 7)

    assert Decoder(Source(id7=text)).decode(record(value)) == replace(VIEWED, page=None)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", Unreadable.UNKNOWN_SCHEMA),
        ('"string"', Unreadable.UNKNOWN_EVENT),
        ('{"type":"record","name":"Elsewhere","fields":[]}', Unreadable.UNKNOWN_EVENT),
        (schemas.current()["commerce.Money"].text, Unreadable.UNKNOWN_EVENT),
        (changed("commerce.PageViewed", {"guestId": {"type": "long"}}), Unreadable.UNKNOWN_SCHEMA),
        (
            changed(
                "commerce.PageViewed",
                {"occurredAt": {"type": {"type": "long", "logicalType": "timestamp-micros"}}},
            ),
            Unreadable.UNKNOWN_SCHEMA,
        ),
        (
            schemas.current()["commerce.LineAdded"].text.replace('"scale":6', '"scale":2'),
            Unreadable.UNKNOWN_SCHEMA,
        ),
        (
            changed("commerce.PageViewed", {"more": {"type": ["null", "commerce.PageViewed"]}}),
            Unreadable.UNKNOWN_SCHEMA,
        ),
    ],
    ids=["no_json", "no_record", "foreign", "no_event", "type", "micros", "scale", "recursive"],
)
def test_a_schema_that_cannot_be_read_is_named(text: str, reason: Unreadable) -> None:
    """Reading by a schema that does not fit would make up orders: cents for euros."""
    with pytest.raises(RecordError) as caught:
        Decoder(Source(id7=text)).decode(record(encode(ADDED, schema_id=7)))

    assert caught.value.reason is reason


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, Unreadable.TOMBSTONE),
        (b"", Unreadable.FRAMING),
        (b'{"event":"PageViewed"}', Unreadable.FRAMING),
        (b"\x00\x00\x00", Unreadable.TRUNCATED),
        (b"\xc3\x01\x00", Unreadable.TRUNCATED),
        (b"\x00\x00\x00\x00\x07abc", Unreadable.UNKNOWN_SCHEMA),
        (b"\xc3\x01\x00\x00\x00\x00\x00\x00\x00\x00abc", Unreadable.UNKNOWN_SCHEMA),
        (schemas.current()["stream.OwedCart"].header + b"abc", Unreadable.UNKNOWN_EVENT),
        (encode(VIEWED)[:-1], Unreadable.TRUNCATED),
        (encode(VIEWED) + b"\x00", Unreadable.MALFORMED),
        (encode(VIEWED).replace(b"shop", b"sh\xffp"), Unreadable.MALFORMED),
        (encode(VIEWED)[:10] + b"\x01" + encode(VIEWED)[11:], Unreadable.MALFORMED),
        (b"\xff" * VALUE_BYTES_MAX, Unreadable.FRAMING),
        (b"\xff" * (VALUE_BYTES_MAX + 1), Unreadable.OVERSIZED),
    ],
)
def test_unreadable_bytes_are_named(value: bytes | None, reason: Unreadable) -> None:
    """A reason from a fixed set is what alerts and dead letters are sorted by."""
    assert refusal(value).reason is reason


@pytest.mark.parametrize(
    ("event", "field"),
    [
        (replace(VIEWED, event_id=EventId("1")), "eventId"),
        (replace(VIEWED, browser_id=BrowserId("")), "browserId"),
        (replace(VIEWED, occurred_at=Instant(-1)), "occurredAt"),
        (replace(VIEWED, occurred_at=Instant(1_767_225_600_000_000)), "occurredAt"),
        (replace(VIEWED, guest_id=GuestId("")), "guestId"),
        (replace(VIEWED, currency="€"), "currency"),
        (replace(VIEWED, currency="EURO"), "currency"),
        (replace(VIEWED, attributes={"score": float("nan")}), "attributes.score"),
        (replace(ADDED, line=replace(SHOES, quantity=-1)), "line.quantity"),
        (replace(ADDED, line=replace(SHOES, item_id=ItemId(""))), "line.itemId"),
        (
            replace(ADDED, line=replace(SHOES, unit_price=Money(Decimal(1), "eu1"))),
            "line.unitPrice.currency",
        ),
    ],
)
def test_an_invalid_field_is_named(event: CommerceEvent, field: str) -> None:
    """Whoever reads the dead letter must find the field without a decoder."""
    error = refusal(encode(event))

    assert (error.reason, error.field) == (Unreadable.INVALID_FIELD, field)


@pytest.mark.parametrize("key", [None, b"", b"bo", b"\xff"])
def test_a_key_that_is_not_its_guest_is_refused(key: bytes | None) -> None:
    """It lies in another partition than the rest of the guest: order would be lost."""
    assert refusal(encode(VIEWED), key).reason is Unreadable.FOREIGN_KEY


def test_letters_of_an_event_id_are_of_one_case() -> None:
    """The same fact written in capitals is a repeat."""
    event = replace(VIEWED, event_id=EventId(VIEWED.event_id.upper()))

    assert Decoder().decode(record(encode(event))).event_id == VIEWED.event_id
