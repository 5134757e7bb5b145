"""Lines that Sitecore refuses."""

from dataclasses import replace

from pipeline.refusal import Refusal
from pipeline.sitecore.next_step import Finished
from pipeline.sitecore.point_of_sale import Protocol
from tests.unit.sitecore.samples import (
    JEANS,
    SHOES,
    Owes,
    policy_of,
)
from tests.unit.sitecore.talk import Talk, refusing, rule


def test_a_refused_line_is_set_aside_alone() -> None:
    """The rest of the cart goes on."""
    talk = Talk(policy_of(Protocol.MULTIPLE))

    end = talk.tell(Owes().cart(SHOES, JEANS), refusing("ADD", item="SHOES"))

    assert talk.types == ["ADD", "ADD"]
    assert talk.letters == [Refusal("line_refused", "lines", "SHOES_8475GHT: HTTP 400")]
    assert isinstance(end, Finished)


def test_a_refused_line_is_not_asked_again_with_the_same_content() -> None:
    """Sitecore said no to it; the next cart says no more."""
    talk, owes = Talk(policy_of(Protocol.MULTIPLE)), Owes()

    talk.tell(owes.cart(SHOES), refusing("ADD", item="SHOES"))
    talk.tell(owes.cart(SHOES, JEANS))

    assert [m["product"]["item_id"] for m in talk.messages] == [  # type: ignore[index]
        *("SHOES_8475GHT", "JEANS_W33L31")
    ]
    assert len(talk.letters) == 1


def test_a_refused_line_with_other_content_is_tried() -> None:
    """What was wrong with it may be mended."""
    talk, owes = Talk(policy_of(Protocol.MULTIPLE)), Owes()

    talk.tell(owes.cart(SHOES), refusing("ADD", item="SHOES"))
    talk.tell(owes.cart(replace(SHOES, quantity=2)))

    assert talk.types == ["ADD", "ADD"]


def test_a_refused_line_is_asked_again_in_a_later_session() -> None:
    """The refusal is remembered for a session's time."""
    talk, owes = Talk(policy_of(Protocol.MULTIPLE)), Owes()

    talk.tell(owes.cart(SHOES), refusing("ADD", item="SHOES"))
    talk.pass_s(1200)
    talk.tell(replace(owes.cart(SHOES), occurred_at=talk.now))

    assert talk.types == ["ADD", "ADD"]


def test_automatic_sends_an_order_with_a_refused_line_as_one_event() -> None:
    """ORDER_CHECKOUT may take what ADD would not."""
    talk, owes = Talk(policy_of(Protocol.AUTOMATIC)), Owes()

    talk.tell(owes.cart(SHOES, JEANS), refusing("ADD", item="SHOES"))
    talk.tell(owes.order(SHOES, JEANS))

    assert talk.types == ["ADD", "ADD", "CLEAR_CART", "IDENTITY", "ORDER_CHECKOUT"]


def test_multiple_sets_aside_an_order_with_a_refused_line() -> None:
    """No form is left that could carry it."""
    talk = Talk(policy_of(Protocol.MULTIPLE))

    end = talk.tell(Owes().order(SHOES, JEANS), refusing("ADD", item="SHOES"))

    assert talk.types == ["IDENTITY", "ADD"]
    assert talk.letters == []
    assert rule(end) == "line_refused"


def test_automatic_names_the_refused_line_when_no_form_is_left() -> None:
    """That is what a person can mend; the other form never was possible."""
    talk, owes = Talk(policy_of(Protocol.AUTOMATIC)), Owes()

    talk.tell(owes.cart(SHOES), refusing("ADD"))
    end = talk.tell(owes.order(SHOES, payment=None))

    assert rule(end) == "line_refused"


def test_every_refused_line_is_remembered() -> None:
    """Not the last one alone."""
    talk, owes = Talk(policy_of(Protocol.MULTIPLE)), Owes()

    talk.tell(owes.cart(SHOES, JEANS), refusing("ADD"))
    talk.tell(owes.cart(JEANS, SHOES))

    assert talk.types == ["ADD", "ADD"]
    assert [letter.rule for letter in talk.letters] == ["line_refused"] * 2
