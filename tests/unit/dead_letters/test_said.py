"""What is shown of letters: enough to decide, nothing of a person."""

import dataclasses
import json

from pipeline.commerce.decode import Decoder
from pipeline.commerce.encode import encode
from pipeline.dead_letters import said
from pipeline.dead_letters.account import Account, Wanted
from pipeline.dead_letters.letter import decode_by
from pipeline.dead_letters.replay import Plan
from tests.unit.dead_letters.letters import OWED, because, known, lying, of_owed, of_shop
from tests.unit.orders.story import identified

DECODE = decode_by(OWED, Decoder().decode)
WHO = of_shop(17, value=encode(identified(1)), headers=(("mail", b"ada@example.com"),))


def _account() -> Account:
    account = Account()
    for offset, letter in enumerate((WHO, because(of_owed(), "may_have_arrived"))):
        account.take(known(letter, offset))
    return account


def test_a_list_shows_where_and_why_and_no_guest() -> None:
    """It may be copied into a ticket."""
    cases = list(_account().cases(Wanted()))
    text = [*map(said.line, cases), *(json.dumps(said.document(case)) for case in cases)]

    assert text[0].startswith("3@0  1970-01-01T00:00:03.000Z  guest ")
    assert "unknown_channel  GuestIdentified  assemble: shop/3@17" in text[0]
    for one in text:
        assert '"ann"' not in one
        assert "guest ann" not in one
        assert "Ada" not in one


def test_headers_of_the_shop_are_withheld_until_they_are_asked_for() -> None:
    """Nobody knows what a shop puts there."""
    record = lying(WHO)
    mine = dataclasses.replace(record, headers=(*record.headers, ("dead-letter-lines", b"[]")))

    assert said.headers(mine, with_value=False)["dead-letter-lines"] == "(withheld)"
    assert said.headers(record, with_value=False)["mail"] == "(withheld)"
    assert said.headers(record, with_value=False)["dead-letter-reason"] == "unknown_channel"
    assert said.headers(record, with_value=True)["mail"] == "ada@example.com"


def test_the_record_is_shown_decoded_whichever_worker_it_was_for() -> None:
    """Bytes help nobody who must decide."""
    event, owed = said.content(lying(WHO), DECODE), said.content(lying(of_owed()), DECODE)

    assert isinstance(event, dict)
    assert isinstance(owed, dict)
    assert (event["is"], event["contact"]["first_name"]) == ("GuestIdentified", "Ada")
    assert (owed["is"], owed["type"]) == ("OwedBehaviour", "VIEW")
    json.dumps([event, owed])


def test_what_nobody_can_read_is_shown_by_its_first_bytes() -> None:
    """That is often why it was set aside."""
    for letter in (of_shop(1, value=b"junk"), of_shop(1, value=b"\xc3\x01" + bytes(8))):
        shown = said.content(lying(letter), DECODE)

        assert isinstance(shown, dict)
        assert shown["begins"].startswith(lying(letter).value.hex()[:4])  # type: ignore[union-attr]


def test_a_plan_says_what_may_be_doubled_and_what_is_left_out() -> None:
    """Whoever says yes must know to what."""
    shop, owed = _account().cases(Wanted())
    text = "\n".join(said.summary(Plan([owed], [(shop, "the guest was erased")]), "replayed"))

    assert "1 letters can be replayed" in text
    assert "may_have_arrived: 1 to stream" in text
    assert "1 of them MAY HAVE ARRIVED" in text
    assert "1 cannot be: the guest was erased (3@0)" in text
