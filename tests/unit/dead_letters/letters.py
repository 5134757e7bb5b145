"""Letters as they lie in Kafka, in the words of the two workers."""

from dataclasses import replace

from pipeline.dead_letters.letter import Letter, Places, read
from pipeline.kafka.dead_letters import DeadLetter, encode
from pipeline.record import Headers, Instant, Position, Record
from pipeline.sitecore.codec import encode_owed
from pipeline.sitecore.owed import Owed
from tests.unit.deliver.views import view

TOPIC, SHOP, OWED = "letters", "shop", "stream"
PLACES = Places((SHOP,), OWED, {SHOP: 4, OWED: 4, TOPIC: 4})
VIEW = view("ben", 1)


def of_shop(offset: int, *, value: bytes | None = b"event", headers: Headers = ()) -> DeadLetter:
    """What assemble sets aside of a commerce topic."""
    record = Record(Position(SHOP, 3, offset), Instant(1000), b"ann", value, headers)
    return DeadLetter(record, "unknown_channel", "channel", "MOON", "assemble", Instant(2000))


def of_owed(owed: Owed = VIEW, offset: int = 7, *, headers: Headers = ()) -> DeadLetter:
    """What deliver sets aside."""
    given = (("delivery-id", owed.delivery_id.encode()), ("sequence", b"12"), *headers)
    key = owed.guest_id.encode()
    record = Record(Position(OWED, 3, offset), Instant(1000), key, encode_owed(owed), given)
    details = {"delivery-id": owed.delivery_id}
    return DeadLetter(record, "refused", "", "400", "deliver", Instant(2000), details)


def lying(letter: DeadLetter, at: int = 0, *, room: int = 1_000_000) -> Record:
    """A letter as it is read back."""
    encoded = encode(letter, bytes_max=room)
    return Record(Position(TOPIC, 3, at), Instant(3000 + at), *encoded)


def known(letter: DeadLetter, at: int = 0, *, room: int = 1_000_000) -> Letter:
    """What is read of a letter."""
    found = read(lying(letter, at, room=room), PLACES)
    assert isinstance(found, Letter)
    return found


def because(letter: DeadLetter, reason: str) -> DeadLetter:
    """The same, set aside for another reason."""
    return replace(letter, reason=reason)
