"""Cases 13 to 24: channel, currency, language, page, point of sale, and names of events."""

import pytest

from pipeline.errors import DataError
from tests.cases.installation import told
from tests.cases.shop import SHOES, identified, placed, raised, viewed


def test_case_013_a_channel_in_lower_case() -> None:
    """The channel is `web`.

    It leaves as `WEB`.
    """
    assert told(viewed(channel="web")).only("VIEW")["channel"] == "WEB"


def test_case_014_a_channel_that_is_not_listed() -> None:
    """The channel is `SERVER_SIDE`.

    It is refused: none of the 13 that are documented. A point of sale may have fewer.
    """
    assert told(viewed(channel="SERVER_SIDE")).rules == [("unknown_channel", "channel")]
    assert told(viewed(channel="SMS"), channels=["web"]).rules == [
        ("channel_not_allowed", "channel")
    ]
    assert told(viewed(channel="Web"), channels=["web"]).types == ["VIEW"]


def test_case_015_an_order_from_a_call_centre() -> None:
    """An order comes from a call centre.

    It leaves with channel `CALL_CENTER`, like any other.
    """
    order = placed(16, SHOES, channel="CALL_CENTER")

    assert told(identified(), order).only("ORDER_CHECKOUT")["channel"] == "CALL_CENTER"


def test_case_016_a_currency_in_lower_case() -> None:
    """The currency is `eur`.

    It leaves as `EUR`, in the event, the order and its items.
    """
    shoes = SHOES | {"unitPrice": {"amount": "60", "currency": "eur"}}
    total = {"amount": "60", "currency": "eur"}
    installation = told(identified(), placed(16, shoes, currency="eur", total=total))

    said = installation.only("ORDER_CHECKOUT")
    assert said["currency"] == said["order"]["currencyCode"] == "EUR"
    assert said["order"]["orderItems"][0]["currencyCode"] == "EUR"


@pytest.mark.parametrize("currency", ["€", "EURO"])
def test_case_017_a_currency_that_is_none(currency: str) -> None:
    """The currency is `€`, `EURO`, or three letters that mean none.

    The first two are refused where they are read, the last by the rules: a code of ISO 4217 is
    wanted. A point of sale may have fewer.
    """
    with pytest.raises(DataError, match="currency"):
        told(viewed(currency=currency))
    assert told(viewed(currency="EUX")).rules == [("invalid_currency", "currency")]
    assert told(viewed(currency="USD"), currencies=["eur"]).rules == [
        ("currency_not_allowed", "currency")
    ]


@pytest.mark.parametrize(("given", "own", "sent"), [("en-IE", None, "EN"), ("ger", "de", "DE")])
def test_case_018_a_locale_instead_of_a_language(given: str, own: str | None, sent: str) -> None:
    """The language is a locale, `en-IE`.

    Its two letters leave in upper case. A tag without two letters counts as none: then the point
    of sale's own is said. A point of sale may have certain languages only.
    """
    assert told(viewed(language=given), language=own).only("VIEW")["language"] == sent
    assert told(viewed(language="fr-FR"), languages=["en"]).rules == [
        ("language_not_allowed", "language")
    ]


def test_case_019_no_page() -> None:
    """No page is known.

    One is always said: the point of sale's own, which a setting names.
    """
    assert told(viewed(page=None)).only("VIEW")["page"] == "commerce"
    assert told(viewed(page=None), page="oms").only("VIEW")["page"] == "oms"


def test_case_020_the_point_of_sale_by_its_name_on_the_wire() -> None:
    """Shops and Sitecore's library call it `pointOfSale`.

    It leaves as `pos`.
    """
    said = told(viewed()).only("VIEW")

    assert said["pos"] == "myretailsite/ireland"
    assert "pointOfSale" not in said


def test_case_021_a_custom_event() -> None:
    """A custom event is called `Order_Shipped`.

    It leaves as `ORDER_SHIPPED`.
    """
    assert told(raised("Order_Shipped")).types == ["ORDER_SHIPPED"]


def test_case_022_a_custom_event_with_the_name_of_a_standard_one() -> None:
    """A custom event is called `PAYMENT`.

    It is refused: Sitecore would take it for the standard event.
    """
    assert told(raised("payment")).rules == [("reserved_name", "name")]


def test_case_023_a_custom_event_with_a_reserved_beginning() -> None:
    """A custom event is called `SC_ORDER`.

    It is refused: names that begin with `SC_` are reserved.
    """
    assert told(raised("SC_ORDER")).rules == [("reserved_name", "name")]


@pytest.mark.parametrize(
    "name", ["TRACKING", "INTERACTION", "SUBSCRIPTION", "CAMPAIGN_TRACKING", "ORDER_UPDATE"]
)
def test_case_024_a_custom_event_with_an_internal_name(name: str) -> None:
    """A custom event has a name that Sitecore uses within.

    It is refused: so is every name that either data model or Sitecore's library reserves.
    """
    assert told(raised(name)).rules == [("reserved_name", "name")]
