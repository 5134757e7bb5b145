"""Who a guest is: the newest word, owed where it is news."""

from pipeline.commerce.events import Contact
from pipeline.orders.bounds import BROWSERS_MAX
from pipeline.orders.guest import Became
from pipeline.sitecore.owed import OwedIdentity
from tests.unit.orders.story import Story, but, identified, line, names, placed, told


def _crm_ids(story: Story) -> list[str]:
    return [
        owed.identity.identifiers[0].id for owed in story.owed if isinstance(owed, OwedIdentity)
    ]


def test_an_identity_is_owed_when_its_content_changed() -> None:
    """And not when the guest only logs in again."""
    story = told(identified(1, "C1"), identified(2, "C1"), identified(3, "C2"))

    assert _crm_ids(story) == ["C1", "C2"]
    assert story.became == [Became.OWED, Became.NOTED, Became.OWED]


def test_an_identity_is_owed_once_for_every_browser() -> None:
    """Sitecore knows a guest by the browser id that said so."""
    story = told(
        identified(1, browser="b1"),
        identified(2, browser="b2"),
        identified(3, browser="b1"),
        identified(4, browser="b2"),
    )

    assert [owed.context.browser_id for owed in story.owed] == ["b1", "b2"]


def test_new_content_is_owed_again_in_browsers_that_knew_the_old() -> None:
    """What they were told is no longer true."""
    story = told(
        identified(1, "C1", browser="b1"),
        identified(2, "C2", browser="b2"),
        identified(3, "C2", browser="b1"),
    )

    assert _crm_ids(story) == ["C1", "C2", "C2"]


def test_an_older_identity_that_comes_later_changes_nothing() -> None:
    """The newest by the shop's clock is who the guest is."""
    story = told(identified(5, "C2"))
    late = story.hears(identified(1, "C1"), second=6)
    story.hears(placed(7, "1001", line("a")))

    assert (late.became, late.owed) == (Became.LATE, ())
    assert story.orders[0].identity.identifiers[0].id == "C2"


def test_an_older_identity_from_another_browser_owes_the_newest_there() -> None:
    """The browser is news, the content is not."""
    story = told(identified(5, "C2", browser="b2"))
    story.hears(identified(1, "C1", browser="b1"), second=6)

    assert _crm_ids(story) == ["C2", "C2"]
    assert story.owed[-1].context.browser_id == "b1"


def test_a_repeated_identity_is_a_repeat() -> None:
    """By its event id."""
    assert told(identified(1), identified(1)).became == [Became.OWED, Became.REPEAT]


def test_contact_data_is_dropped_before_it_is_kept_where_it_is_not_wanted() -> None:
    """A point of sale can switch personal fields off: then state must not hold them either."""
    story = told(but(identified(1), point_of_sale="discreet"))

    assert story.guest is not None
    assert story.guest.identity is not None
    assert story.guest.identity.identity.contact == Contact()
    assert isinstance(story.owed[0], OwedIdentity)
    assert story.owed[0].identity.contact == Contact()


def test_an_order_at_a_discreet_point_of_sale_carries_no_contact_data() -> None:
    """Wherever the guest left it."""
    order = but(placed(2, "1001", line("a")), point_of_sale="discreet")
    story = told(identified(1), order)

    assert story.orders[0].identity.contact == Contact()
    assert story.orders[0].identity.identifiers[0].id == "C1"


def test_the_oldest_of_too_many_browsers_is_forgotten() -> None:
    """It would be told again, which does no harm; a state without bound would."""
    story = told(*(identified(n, browser=f"b{n}") for n in range(BROWSERS_MAX + 1)))
    story.hears(identified(100, browser="b0"), identified(101, browser=f"b{BROWSERS_MAX}"))

    assert story.became[-2:] == [Became.OWED, Became.NOTED]
    assert story.guest is not None
    assert story.guest.identity is not None
    assert len(story.guest.identity.browser_ids) == BROWSERS_MAX


def test_the_identity_is_owed_before_the_orders_it_releases() -> None:
    """An order of a guest whom Sitecore does not know yet is accepted and never shown."""
    story = told(placed(1, "1001", line("a")), identified(2))

    assert names(story.owed) == ["OwedIdentity", "OwedOrder"]
