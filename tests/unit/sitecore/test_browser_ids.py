"""Browser ids that are unknown, or missing."""

import pytest

from pipeline.sitecore.next_step import Finished
from pipeline.sitecore.outcome import (
    UnknownBrowser,
)
from pipeline.sitecore.owed import DeliveryId
from pipeline.sitecore.point_of_sale import Protocol
from pipeline.sitecore.request import CreateBrowser
from tests.unit.sitecore.samples import (
    APP,
    BROWSER,
    ISSUED,
    JEANS,
    SHOES,
    Owes,
    context,
    policy,
    policy_of,
    shop,
)
from tests.unit.sitecore.talk import SILENCE, Talk, first, rule, unknown


def test_case_007_an_unknown_browser_id_is_replaced_in_the_middle_of_a_cart() -> None:
    """The cart under it is gone: all lines go again under the new one, and later carts too."""
    talk, owes = Talk(policy_of(Protocol.MULTIPLE)), Owes()

    talk.tell(owes.cart(SHOES))
    talk.tell(owes.cart(SHOES, JEANS), unknown(BROWSER))
    talk.tell(owes.cart(JEANS, SHOES))

    assert talk.types == ["ADD", "ADD", "BROWSER", "ADD", "ADD"]
    assert talk.requests[2] == CreateBrowser(owes_id(talk), BROWSER)
    assert {m["browser_id"] for m in talk.messages[2:]} == {ISSUED}


def owes_id(talk: Talk) -> DeliveryId:
    return talk.requests[2].delivery_id


@pytest.mark.parametrize(
    ("protocol", "after"),
    [
        (Protocol.MULTIPLE, ["IDENTITY", "ADD", "CONFIRM", "CHECKOUT", "PAYMENT"]),
        (Protocol.AUTOMATIC, ["IDENTITY", "ORDER_CHECKOUT"]),
    ],
)
def test_case_007_an_unknown_browser_id_is_replaced_in_the_middle_of_an_order(
    protocol: Protocol, after: list[str]
) -> None:
    """Identity goes again, and the order takes a form that is left."""
    talk, owes = Talk(policy_of(protocol)), Owes()
    known = first("CONFIRM", UnknownBrowser())

    talk.tell(owes.cart(SHOES))
    end = talk.tell(owes.order(SHOES), known)

    assert talk.types == ["ADD", "IDENTITY", "CONFIRM", "BROWSER", *after]
    assert isinstance(end, Finished)


def test_an_unknown_browser_id_that_was_issued_to_us_sets_the_record_aside() -> None:
    """Asking for one after the other would never end."""
    talk = Talk(policy_of(Protocol.SINGLE))

    end = talk.tell(Owes().order(SHOES), unknown(BROWSER, ISSUED))

    assert talk.types == ["IDENTITY", "BROWSER", "IDENTITY"]
    assert rule(end) == "browser_id_unknown"


def test_after_that_the_next_record_gets_another_browser_id() -> None:
    """What Sitecore has forgotten would else stop this guest for ever."""
    talk, owes = Talk(policy_of(Protocol.SINGLE)), Owes()
    answer = unknown(BROWSER, ISSUED)

    talk.tell(owes.order(SHOES), answer)
    end = talk.tell(owes.order(SHOES, order_id="2"), answer)

    assert isinstance(end, Finished)
    assert talk.types[3:] == ["BROWSER", "IDENTITY", "ORDER_CHECKOUT"]


def test_an_unknown_browser_id_of_another_session_is_no_reason_to_refuse() -> None:
    """There is nothing left to be cleared."""
    talk = Talk(policy_of(Protocol.MULTIPLE))

    talk.tell(Owes().cart(SHOES))
    end = talk.tell(Owes(context(APP)).cart(SHOES), unknown(BROWSER))

    assert talk.types == ["ADD", "CLEAR_CART", "ADD"]
    assert isinstance(end, Finished)


def test_case_003_a_guest_without_a_browser_id_gets_one_and_keeps_it() -> None:
    """Sitecore takes no event without one."""
    talk, owes = Talk(policy_of(Protocol.SINGLE)), Owes(context(None))

    talk.tell(owes.order(SHOES))
    talk.tell(owes.order(SHOES, order_id="2"))

    assert talk.types == ["BROWSER", "IDENTITY", "ORDER_CHECKOUT", "ORDER_CHECKOUT"]
    assert {m["browser_id"] for m in talk.messages} == {ISSUED}


def test_a_guest_without_a_browser_id_uses_the_one_used_last() -> None:
    """It is the same person."""
    talk = Talk(policy_of(Protocol.MULTIPLE))

    talk.tell(Owes(context(APP)).cart(SHOES))
    talk.tell(Owes().cart(SHOES))
    talk.tell(Owes(context(None)).behaviour())

    assert talk.messages[-1]["browser_id"] == BROWSER


def test_own_browser_ids_never_come_from_events() -> None:
    """A shop that shares one id among guests would mix their sessions."""
    talk = Talk(policy(shop(protocol=Protocol.SINGLE), browser_ids="own"))

    talk.tell(Owes().order(SHOES))

    assert talk.types == ["BROWSER", "IDENTITY", "ORDER_CHECKOUT"]
    assert talk.messages[0]["browser_id"] == ISSUED


def test_no_browser_id_is_asked_for_when_nothing_is_to_be_sent() -> None:
    """How many may be asked for is not documented."""
    talk, owes = Talk(policy_of(Protocol.SINGLE)), Owes(context(None))

    talk.tell(owes.order(SHOES, payment=None))
    talk.tell(owes.cart(SHOES))
    talk.tell(owes.payment())

    assert talk.types == []


def test_a_shop_that_turns_to_own_browser_ids_uses_no_older_one() -> None:
    """Those came from events."""
    talk, owes = Talk(policy_of(Protocol.SINGLE)), Owes()

    talk.tell(owes.identity())
    talk.rules = policy(shop(protocol=Protocol.SINGLE), browser_ids="own")
    talk.tell(owes.identity())

    assert talk.types == ["IDENTITY", "BROWSER", "IDENTITY"]


def test_silence_about_a_browser_id_hurts_nobody() -> None:
    """It is asked for again, like anything that did not arrive."""
    talk = Talk(policy_of(Protocol.SINGLE))

    end = talk.tell(Owes(context(None)).identity(), first("BROWSER", SILENCE, times=10))

    assert isinstance(end, Finished)
    assert talk.types == [*["BROWSER"] * 11, "IDENTITY"]
