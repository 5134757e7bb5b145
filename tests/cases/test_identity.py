"""Cases 25 to 37: who the guest is."""

import pytest

from pipeline.errors import DataError
from tests.cases.installation import Installation, told
from tests.cases.shop import BASE, SHOES, erased, identified, placed, raised, viewed, without

CRM = {"provider": "CRM", "id": "B7524AE6"}
EMAIL = {"provider": "email", "id": "ann@example.com"}


def test_case_025_an_order_of_a_known_guest() -> None:
    """A guest who is known by a CRM number orders; nothing was said under this browser id.

    IDENTITY goes first, then the order; not again with the next one.
    """
    installation = told(identified(), placed(16, SHOES), placed(17, SHOES, orderId="MA-2"))

    assert installation.types == ["IDENTITY", "ORDER_CHECKOUT", "ORDER_CHECKOUT"]
    assert installation.only("IDENTITY") == {"type": "IDENTITY", "identifiers": [CRM], **BASE}


def test_case_026_an_order_of_a_stranger() -> None:
    """A guest orders who was never identified.

    The order waits, and leaves when somebody says who it is. After `identity_wait_s` it is set
    aside; a replay takes it again.
    """
    late = Installation().hears(placed(16, SHOES)).rests(500)
    assert late.sent == []
    assert late.hears(identified(520)).types == ["IDENTITY", "ORDER_CHECKOUT"]

    never = told(placed(16, SHOES))
    assert never.sent == []
    assert never.rules == [("identity_missing", "")]


def test_case_027_identifiers_as_an_object() -> None:
    """Identifiers come as an object instead of an array.

    The schema cannot say it: the event is refused where it is read. What leaves is an array.
    """
    with pytest.raises(DataError, match="identifiers is an object; want an array"):
        told(identified(identifiers=CRM))

    assert isinstance(told(identified()).only("IDENTITY")["identifiers"], list)


def test_case_028_no_identifiers() -> None:
    """An identity has no identifiers.

    It is refused: nobody is identified by it.
    """
    assert told(identified(identifiers=[])).rules == [("identifiers_missing", "identifiers")]


@pytest.mark.parametrize("identifier", [without(CRM, "provider"), CRM | {"provider": ""}])
def test_case_029_an_identifier_without_a_provider(identifier: dict[str, str]) -> None:
    """An identifier has no provider.

    It is refused where it is read: id and provider are both required.
    """
    with pytest.raises(DataError, match=r"identifiers\.0\.provider"):
        told(identified(identifiers=[identifier]))


def test_case_030_an_identifier_that_expires() -> None:
    """An identifier expires at an instant.

    The instant leaves in the 16 characters that Sitecore's library accepts.
    """
    crm = CRM | {"expiresAt": "2030-08-23T16:17:16.000Z"}

    said = told(identified(identifiers=[crm])).only("IDENTITY")
    assert said["identifiers"] == [CRM | {"expiry_date": "2030-08-23T16:17"}]


def test_case_031_several_identifiers() -> None:
    """A guest has an e-mail address and a CRM number.

    Both leave in one IDENTITY, so that either rule finds the guest.
    """
    said = told(identified(identifiers=[EMAIL, CRM])).only("IDENTITY")

    assert said["identifiers"] == [EMAIL, CRM]


def test_case_032_a_provider_in_another_case() -> None:
    """The provider is `crm`, and the tenant's rule says `CRM`.

    It is refused against the providers of the settings: names must be equal.
    """
    crm = [CRM | {"provider": "crm"}]
    installation = told(identified(identifiers=crm), identity_providers=["CRM"])

    assert installation.rules == [("unknown_identity_provider", "identifiers.0.provider")]
    assert told(identified(), identity_providers=["CRM"]).types == ["IDENTITY"]


def test_case_033_names_on_the_wire() -> None:
    """A guest's first name, last name and postal code are known.

    They leave as `firstname`, `lastname` and `postal_code`; not at all where the point of sale
    says so.
    """
    contact = {"firstName": "Ann", "lastName": "Lee", "postalCode": "D01"}
    who = identified(contact=contact)

    assert told(who).only("IDENTITY") == {
        "type": "IDENTITY",
        "identifiers": [CRM],
        "firstname": "Ann",
        "lastname": "Lee",
        "postal_code": "D01",
        **BASE,
    }
    assert told(who, personal_fields=False).only("IDENTITY").keys() == {
        "type",
        "identifiers",
        *BASE,
    }


def test_case_034_a_date_of_birth() -> None:
    """A date of birth is `1985-12-24`.

    It leaves as `1985-12-24T00:00`.
    """
    said = told(identified(contact={"dateOfBirth": "1985-12-24"})).only("IDENTITY")

    assert said["dob"] == "1985-12-24T00:00"


def test_case_035_an_e_mail_address_that_is_no_identifier() -> None:
    """An e-mail address is known as contact data alone, and the tenant's rule wants it.

    The identity is refused: it must be an identifier as well. Then both leave.
    """
    contact = {"email": "Ann@Example.com"}
    assert told(identified(identifiers=[], contact=contact)).rules == [
        ("identifiers_missing", "identifiers")
    ]

    said = told(identified(identifiers=[EMAIL], contact=contact)).only("IDENTITY")
    assert said["identifiers"] == [EMAIL]
    assert said["email"] == "ann@example.com"


def test_case_036_a_misspelt_type() -> None:
    """An event is called `IDENTIFY`.

    It is refused, with the name of the standard event: a custom event would identify nobody.
    """
    installation = told(raised("Identify"))

    assert installation.rules == [("misspelt_name", "name")]
    assert "IDENTITY" in installation.refused[0].found


def test_case_037_an_erased_guest() -> None:
    """A guest was erased, and more is said of the guest.

    Nothing leaves any more: what waits goes, and what comes is set aside by its position alone.
    """
    installation = told(identified(1), erased(2), viewed(3), identified(4), placed(16, SHOES))

    assert installation.types == ["IDENTITY"]
    assert {rule for rule, _ in installation.rules} == {"guest_erased"}
    assert [letter.record for letter in installation.letters] == [None] * 3
    assert [delivery.erased for delivery in installation.told.values()] == [True]
