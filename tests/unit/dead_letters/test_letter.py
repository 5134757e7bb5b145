"""What a letter says of itself, and what a replay makes of it."""

from dataclasses import replace

import pytest

from pipeline.dead_letters import copy, letter
from pipeline.dead_letters.account import Account, Case, Wanted
from pipeline.dead_letters.letter import Marker, read
from pipeline.deliver.lanes import Item
from pipeline.deliver.letters import ERASED, letter_of
from pipeline.kafka.dead_letters import DeadLetter
from pipeline.kafka.entries import Write
from pipeline.record import Instant, Position, Record
from tests.unit.dead_letters.letters import (
    OWED,
    PLACES,
    SHOP,
    TOPIC,
    VIEW,
    because,
    known,
    lying,
    of_owed,
    of_shop,
)
from tests.unit.sitecore.samples import SHOES, Owes

NOW = Instant(9000)


def case_of(one: DeadLetter) -> Case:
    """The case of a letter that is the only one."""
    account = Account()
    account.take(known(one))
    return next(account.cases(Wanted(), closed=True))


def copies(one: DeadLetter) -> tuple[Write, Write]:
    """What a replay of a letter writes."""
    return copy.replayed(case_of(one), lying(one), NOW)


def written(write: Write, offset: int) -> Record:
    """What was written, as it is read."""
    at = Position(write.topic, write.partition, offset)
    return Record(at, NOW, write.key, write.value, write.headers)


def test_a_commerce_event_goes_back_to_where_it_lay() -> None:
    """Assemble decides anew on the very bytes of the shop."""
    record, _ = copies(of_shop(17, headers=(("trace", b"1"), ("empty", None))))

    assert record == Write(
        SHOP,
        3,
        b"ann",
        b"event",
        (
            ("trace", b"1"),
            ("empty", None),
            ("dead-letter-replay", b"1"),
            ("dead-letter-replay-of", b"shop/3@17"),
        ),
    )


def test_what_was_owed_goes_back_under_its_delivery_id_and_without_a_sequence() -> None:
    """It comes out of the sequence by being replayed: that is no fault of order."""
    record, _ = copies(of_owed())

    assert (record.topic, record.partition) == (OWED, 3)
    assert record.value == lying(of_owed()).value
    assert dict(record.headers) == {
        "delivery-id": VIEW.delivery_id.encode(),
        "dead-letter-replay": b"1",
        "dead-letter-replay-of": VIEW.delivery_id.encode(),
    }


def test_the_marker_names_the_letter_and_holds_nothing_of_the_guest() -> None:
    """It stays as long as the letter does."""
    _, marker = copies(of_owed())

    assert (marker.topic, marker.partition, marker.key, marker.value) == (TOPIC, 3, None, None)
    assert read(written(marker, 9), PLACES) == Marker(VIEW.delivery_id, 1, "replayed")


def test_a_replay_that_is_set_aside_again_is_the_same_letter() -> None:
    """Else each replay would make a new one, and nobody could tell how often it was tried."""
    for first in (of_shop(17), of_owed()):
        record, _ = copies(first)
        again = replace(first, record=written(record, 400))

        assert known(again).name == known(first).name
        assert known(again).replay == 1
        assert dict(copies(again)[0].headers)["dead-letter-replay"] == b"2"
        assert [name for name, _ in copies(again)[0].headers].count("dead-letter-replay-of") == 1


def test_a_replay_that_is_cut_or_erased_is_still_known() -> None:
    """Their original headers are gone, and with them what a replay wrote there."""
    record, _ = copies(of_owed())
    again = replace(of_owed(), record=written(record, 400))
    erased = letter_of(Item(again.record, 1), ERASED, NOW)

    cut = known(again, room=700)
    assert cut.obstacle is not None
    assert "first" in cut.obstacle
    for one in (cut, known(erased)):
        assert (one.name, one.replay) == (VIEW.delivery_id, 1)
    assert erased.record.key is None
    assert erased.record.value is None


def test_what_may_have_arrived_says_so_when_it_leaves_again() -> None:
    """A repeat that nobody can exclude is marked."""
    record, _ = copies(because(of_owed(), "may_have_arrived"))

    assert dict(record.headers)["dead-letter-may-have-arrived"] == b"true"
    assert "dead-letter-may-have-arrived" not in dict(copies(of_owed())[0].headers)


def test_a_delivery_id_that_a_shop_gave_is_only_a_header() -> None:
    """Else a shop could have its event appended to what is owed."""
    found = known(of_shop(17, headers=(("delivery-id", b"mine"), ("replay-of", b"mine"))))

    assert (found.name, found.target, found.replay) == ("shop/3@17", SHOP, 0)


_CART = Owes().cart(SHOES)
_ERASED = replace(
    because(of_shop(1), "guest_erased"),
    record=Record(Position(SHOP, 3, 1), Instant(1), None, None),
)
_BARE = replace(_ERASED, reason="unknown_channel")
_ELSEWHERE = replace(
    of_shop(1), record=Record(Position("old-shop", 3, 1), Instant(1), b"ann", b"x")
)
_FEWER = replace(of_shop(1), record=Record(Position(SHOP, 5, 1), Instant(1), b"ann", b"x"))


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (of_owed(_CART), "it is a cart: the next one carries all lines"),
        (_ERASED, "the guest was erased"),
        (_BARE, "only the position was kept"),
        (of_shop(1, value=None), "it has no value"),
        (_ELSEWHERE, "the settings do not name its topic 'old-shop'"),
        (_FEWER, "'shop' has no partition 5"),
        (of_shop(1), None),
        (of_owed(), None),
    ],
)
def test_what_cannot_be_replayed_says_why(one: DeadLetter, said: str | None) -> None:
    """A person must not have to guess what became of it."""
    assert known(one).obstacle == said


def test_what_was_cut_is_never_replayed() -> None:
    """Half a record would be another one."""
    large = of_shop(1, value=b"x" * 100_000)

    assert known(large, room=90_000).obstacle == "only the first 45000 bytes were kept"


def test_something_owed_that_was_too_large_goes_to_where_it_was_to_go() -> None:
    """Assemble names the commerce event as its place, but the bytes are not that event's."""
    owed = of_owed()
    record = replace(owed.record, position=Position(SHOP, 3, 5), headers=())
    found = known(replace(owed, record=record, worker="assemble", reason="owed_too_large"))

    assert (found.target, found.name) == (OWED, VIEW.delivery_id)


def test_records_of_others_are_none_of_ours() -> None:
    """Anybody may write into a topic."""
    assert read(Record(Position(TOPIC, 0, 0), NOW, b"a", b"b", (("x", b"y"),)), PLACES) is None


def test_a_guest_is_shown_as_a_hash() -> None:
    """Ids of guests may be mail addresses."""
    assert letter.hashed(b"ann") == "49915e0d7d4b"
    assert letter.hashed(None) == "-"
