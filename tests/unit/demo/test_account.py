"""The demo's sums fail where something is missing."""

from collections import Counter
from dataclasses import replace

import pytest

from pipeline.commerce.encode import encode as encode_event
from pipeline.demo.account import Books, Letter, differences, letter_of
from pipeline.kafka.dead_letters import DeadLetter, encode
from pipeline.record import Instant, Position, Record
from tests.examples import PLACED

GOOD = Books(
    published=10,
    orders_placed=frozenset({"A", "B"}),
    assembled=Counter(owed=8, framing=2),
    owed=8,
    finished=Counter(delivered=7, set_aside=1),
    arrived=Counter({"A": 2}),
    marked=frozenset({"A"}),
    unseen=Counter(),
    answers=Counter(),
    letters=(Letter("deliver", "refused", "B"), Letter("assemble", "framing", None)),
)


def test_books_that_agree_have_no_differences() -> None:
    """A demo that always complains shows as little as one that never does."""
    assert differences(GOOD) == []


@pytest.mark.parametrize(
    ("books", "said"),
    [
        (replace(GOOD, published=11), "11 records published, but 10 assembled"),
        (replace(GOOD, owed=9), "9 records owed, but 8 finished"),
        (replace(GOOD, letters=()), "1 orders are neither at Sitecore nor set aside: B"),
        (replace(GOOD, orders_placed=frozenset("A")), "1 orders are there that nobody placed: B"),
        (replace(GOOD, arrived=Counter("AB")), "1 orders are at Sitecore and set aside as well: B"),
        (replace(GOOD, marked=frozenset()), "1 orders are there twice without a mark: A"),
    ],
)
def test_each_thing_that_is_missing_is_named(books: Books, said: str) -> None:
    """The demo fails when the pipeline does."""
    assert differences(books) == [said]


def test_a_letter_says_which_order_it_holds() -> None:
    """The original bytes tell; a reason alone could not be added up."""
    position = Position("commerce-events", 0, 7)
    record = Record(position, Instant(1), PLACED.guest_id.encode(), encode_event(PLACED))
    letter = DeadLetter(record, "identity_missing", "", "", worker="assemble", at=Instant(2))

    key, value, headers = encode(letter, bytes_max=1_000_000)

    found = letter_of(Record(Position("dead-letters", 0, 0), Instant(2), key, value, headers))
    assert found == Letter("assemble", "identity_missing", PLACED.order_id)
