"""Identity: who is a customer, and whose browser it is (cases 25 to 36)."""

import pytest

from pipeline.sandbox.settings import EXAMPLE_BROWSER_ID
from tests.unit.sandbox.messages import (
    BASE,
    OTHER_BROWSER_ID,
    Message,
    Told,
    identity,
    order_checkout,
    why,
)


def test_an_identifier_of_a_rule_makes_a_customer() -> None:
    """Only customers' orders are shown."""
    told = Told()
    before = told.guest().type

    told.take(identity())

    assert (before, told.guest().type) == ("visitor", "customer")


@pytest.mark.parametrize(
    ("identifiers", "reason"),
    [
        ({"provider": "CRM", "id": "1"}, "identifiers_not_an_array"),
        ([], "identifiers_empty"),
        (["CRM"], "identifiers_not_objects"),
        (None, "attribute_missing"),
        ([{"id": "1"}], "attribute_missing"),
        ([{"provider": "CRM"}], "attribute_missing"),
        ([{"provider": "CRM", "id": 1}], "attribute_not_text"),
        (
            [{"provider": "CRM", "id": "1", "expiry_date": "2030-08-23T16:17:16.000Z"}],
            "date_invalid",
        ),
        ([{"provider": "crm", "id": "1"}], "provider_without_rule"),
    ],
)
def test_a_wrong_identity_identifies_nobody(identifiers: object, reason: str) -> None:
    """The guest stays a visitor, whose orders are never shown."""
    told = Told()

    assert told.why({**identity(), "identifiers": identifiers}) == reason
    assert told.guest().type == "visitor"


def test_an_expiry_date_has_minutes_and_no_zone() -> None:
    """Case 30."""
    one = {"provider": "CRM", "id": "1", "expiry_date": "2030-08-23T16:17"}
    assert why({**identity(), "identifiers": [one]}) is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"dob": "1985-12-24"}, "date_invalid"),
        ({"dob": "1985-13-24T00:00"}, "date_invalid"),
        ({"street": "Main Street 1"}, "street_not_an_array"),
        ({"street": [1]}, "street_not_an_array"),
        ({"country": "Ireland"}, "country_invalid"),
        ({"firstname": ["Ada"]}, "attribute_not_text"),
        ({"dob": "1985-12-24T00:00", "street": ["Main Street 1"], "country": "IE"}, None),
    ],
)
def test_personal_fields_have_documented_shapes(change: Message, reason: str | None) -> None:
    """What the server does with others is not documented: the sandbox hides the identity."""
    assert why({**identity(), **change}) == reason


def test_an_email_outside_the_identifiers_identifies_nobody() -> None:
    """Under data model 2.1 it is supplementary (case 35)."""
    assert why({"type": "IDENTITY", **BASE, "email": "ada@example.org"}) == "attribute_missing"


def test_two_browsers_with_one_identifier_are_one_guest() -> None:
    """What a browser did moves to the profile that is found, and its own retires."""
    told = Told()
    anonymous = told.guest(OTHER_BROWSER_ID)

    told.take(identity())
    told.take(identity(browser_id=OTHER_BROWSER_ID))

    assert told.guest(OTHER_BROWSER_ID) is told.guest()
    assert (anonymous.type, anonymous.current()) == ("retired", told.guest())


def test_the_first_rule_that_finds_a_guest_decides() -> None:
    """E-mail and number of two profiles: the e-mail's rule comes first, the two stay split."""
    told = Told()
    browser_id, _ = told.tenant.create_browser()
    told.take(identity("email", "ada@example.org"))
    told.take(identity("CRM", "1", browser_id=OTHER_BROWSER_ID))
    both = [{"provider": "CRM", "id": "1"}, {"provider": "email", "id": "ada@example.org"}]

    told.take({**identity(), "identifiers": both, "browser_id": browser_id})

    assert told.guest(browser_id) is told.guest(EXAMPLE_BROWSER_ID)
    assert told.guest(OTHER_BROWSER_ID) is not told.guest(EXAMPLE_BROWSER_ID)


def test_more_identifiers_find_the_same_guest_later() -> None:
    """All identifiers in one event reduce split profiles (case 31)."""
    told = Told()
    both = [{"provider": "CRM", "id": "1"}, {"provider": "email", "id": "ada@example.org"}]

    told.take({**identity(), "identifiers": both})
    told.take(identity("CRM", "1", browser_id=OTHER_BROWSER_ID))

    assert told.guest(OTHER_BROWSER_ID) is told.guest()


def test_another_person_behind_a_browser_takes_it_over_and_is_flagged() -> None:
    """Sharing a browser id is not documented to work; earlier orders stay with who bought."""
    told = Told()
    told.take(identity("CRM", "1"))
    first = told.guest()
    told.take(order_checkout())

    told.take(identity("CRM", "2"))

    assert told.guest() is not first
    assert (first.shared_browser, told.guest().shared_browser) == (True, True)
    assert (len(first.orders), told.guest().orders) == (1, [])


def test_orders_and_sessions_move_with_a_merged_profile() -> None:
    """Nothing that was shown disappears when two profiles become one."""
    told = Told()
    told.take(identity("CRM", "1"))
    told.take(order_checkout())
    told.take(identity("email", "ada@example.org", browser_id=OTHER_BROWSER_ID))
    both = [{"provider": "CRM", "id": "1"}, {"provider": "email", "id": "ada@example.org"}]

    told.take({**identity(), "identifiers": both})

    assert told.guest() is told.guest(OTHER_BROWSER_ID)
    assert told.orders[0].guest is told.guest()
    assert told.guest().orders == told.orders


def test_consumers_and_contacts_are_arrays() -> None:
    """Case 86; the names inside are not documented."""
    for kind, name in (("ADD_CONTACTS", "contact"), ("ADD_CONSUMERS", "consumer")):
        event: Message = {"type": kind, **BASE}
        assert why({**event, name: {"title": "Ms"}}) == f"{name}_not_an_array"
        assert why({**event, name: []}) == f"{name}_empty"
        assert why({**event, name: [{"title": "Ms"}]}) is None
