"""Common attributes, types and extension data (cases 13 to 24 and 89 to 95)."""

import pytest

from pipeline.sandbox.settings import EXAMPLE_SHOP
from tests.unit.sandbox.messages import (
    BASE,
    OLD_SHOP,
    VIEW,
    Message,
    Told,
    identity,
    order_checkout,
    why,
    without,
)


def test_a_complete_view_is_seen() -> None:
    """The documented minimum must pass, or every reason below would prove nothing."""
    assert why(VIEW, form="get") is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"channel": "web"}, "channel_invalid"),
        ({"channel": "SERVER_SIDE"}, "channel_invalid"),
        ({"channel": None}, "attribute_missing"),
        ({"channel": ["WEB"]}, "attribute_not_text"),
        ({"currency": "eur"}, "currency_invalid"),
        ({"currency": "€"}, "currency_invalid"),
        ({"currency": "EURO"}, "currency_invalid"),
        ({"currency": "ABC"}, "currency_invalid"),
        ({"language": "en"}, "language_invalid"),
        ({"language": "en-IE"}, "language_invalid"),
        ({"page": 7}, "attribute_not_text"),
        ({"pos": "atlantis"}, "unknown_point_of_sale"),
        ({"pos": None}, "unknown_point_of_sale"),
        ({"pos": {"name": EXAMPLE_SHOP}}, "unknown_point_of_sale"),
    ],
)
def test_a_wrong_circumstance_hides_the_event(change: Message, reason: str) -> None:
    """Each is accepted with 201, and nobody would be told."""
    assert why({**VIEW, **change}) == reason


CHANNELS = (
    *("AIRPORT_KIOSK", "BRANCH", "CALL_CENTER", "EMAIL", "GDS", "KIOSK", "MOBILE_APP"),
    *("MOBILE_WEB", "SMS", "OFFLINE", "OTA", "OTHER", "WEB"),
)


@pytest.mark.parametrize("channel", CHANNELS)
def test_each_of_the_13_channels_is_seen(channel: str) -> None:
    """An order from a call centre is one of them (case 15)."""
    assert why({**VIEW, "channel": channel}) is None


def test_the_direct_form_wants_language_and_page() -> None:
    """Sitecore's library leaves them out, the direct HTTP pages demand them (case 19)."""
    for name in ("language", "page"):
        bare = without(VIEW, name)
        assert (why(bare, form="get"), why(bare, form="post")) == ("attribute_missing", None)


@pytest.mark.parametrize("name", ["ORDER_SHIPPED", "myretailsite:CLICKED_PROMO"])
def test_a_custom_event_is_seen(name: str) -> None:
    """Upper case, not reserved; a site's name may stand before it (case 21)."""
    assert why({**VIEW, "type": name}) is None


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("SC_ORDER", "type_reserved"),
        ("TRACKING", "type_reserved"),
        ("INTERACTION", "type_reserved"),
        ("SUBSCRIPTION", "type_reserved"),
        ("CAMPAIGN_TRACKING", "type_reserved"),
        ("ORDER_UPDATE", "type_reserved"),
        ("IDENTIFY", "type_misspelt"),
        ("order_checkout", "type_misspelt"),
        ("Order_Shipped", "not_upper_case"),
        ("myretailsite:", "not_upper_case"),
    ],
)
def test_a_wrong_custom_name_is_never_seen(name: str, reason: str) -> None:
    """A misspelt standard event becomes a custom event, and its order or identity is lost."""
    assert why({**VIEW, "type": name}) == reason


def test_a_custom_event_has_at_most_50_attributes_of_its_own() -> None:
    """The documentation allows 50."""
    attributes: Message = {f"own{number}": number for number in range(50)}
    event = {**VIEW, "type": "RATED", **attributes}

    assert why(event) is None
    assert why({**event, "own50": 1}) == "own_attributes_too_many"


def test_a_custom_event_of_data_model_2_0_needs_less() -> None:
    """There a custom event needs channel, type, point of sale and browser id only."""
    event: Message = {"type": "RATED", "channel": "WEB", "browser_id": BASE["browser_id"]}

    assert why({**event, "pos": OLD_SHOP}) is None
    assert why({**event, "pos": EXAMPLE_SHOP}) == "attribute_missing"


def test_an_extension_has_at_most_50_attributes() -> None:
    """Cases 89 and 90."""
    extension: Message = {f"name{number}": number for number in range(50)}

    assert why({**VIEW, "ext": extension}) is None
    assert why({**VIEW, "ext": {**extension, "name50": 1}}) == "ext_too_many"


@pytest.mark.parametrize(
    ("extension", "reason"),
    [
        ({"shipping_method": "express"}, "ext_name_invalid"),
        ({"gift-wrap": True}, "ext_name_invalid"),
        ({"GiftWrap": True}, "ext_name_invalid"),
        ({"": True}, "ext_name_invalid"),
        ({"shipping": {"method": "express"}}, "ext_value_invalid"),
        ({"shipping": ["express"]}, "ext_value_invalid"),
        ({"shipping": None}, "ext_value_invalid"),
        ([{"shipping": "express"}], "ext_not_an_object"),
        (None, "ext_not_an_object"),
    ],
)
def test_a_malformed_extension_hides_the_event(extension: object, reason: str) -> None:
    """Names are camelCase letters and digits, values plain (cases 91 and 92)."""
    assert why({**VIEW, "ext": extension}) == reason


def test_an_extension_attribute_keeps_its_type_within_an_event_type() -> None:
    """A VIEW with status 0 and one with status "OK" conflict (case 93)."""
    told = Told()
    told.take({**VIEW, "ext": {"status": 0}})

    assert told.why({**VIEW, "ext": {"status": "OK"}}) == "ext_type_changed"
    assert told.why({**VIEW, "ext": {"status": 0.5}}) == "ext_type_changed"
    assert told.why({**VIEW, "ext": {"status": False}}) == "ext_type_changed"
    assert told.why({**VIEW, "ext": {"status": 1}}) is None
    assert told.why({**VIEW, "type": "RATED", "ext": {"status": "OK"}}) is None


def test_an_unseen_event_does_not_decide_a_type() -> None:
    """Only what is seen is compared with what comes later."""
    told = Told()
    told.take({**VIEW, "ext": {"status": 0, "gift-wrap": True}})

    assert told.why({**VIEW, "ext": {"status": "OK"}}) is None


def test_data_model_2_0_has_neither_extensions_nor_single_event_orders() -> None:
    """Cases 65 and 95."""
    old: Message = {"pos": OLD_SHOP}

    assert why({**VIEW, **old, "ext": {"colour": "red"}}) == "ext_not_supported"
    assert why({**identity(), **old}, {**order_checkout(), **old}) == "order_checkout_not_supported"


def test_a_search_names_product_and_type() -> None:
    """A search for flights says where and when."""
    search: Message = {**VIEW, "type": "SEARCH", "product_name": "Shoes", "product_type": "APPAREL"}
    flight = {**search, "product_type": "FLIGHT"}
    there: Message = {"origin": "DUB", "destination": "LHR", "start": "2030-01-01T00:00"}

    assert why(search) is None
    assert why(without(search, "product_name")) == "attribute_missing"
    assert why({**search, "product_type": "apparel"}) == "not_upper_case"
    assert why(flight) == "attribute_missing"
    assert why({**flight, **there, "end": "2030-01-08T00:00", "flight_type": "RT"}) is None
    assert why({**flight, **there, "end": "2030-01-08T00:00", "flight_type": "R"}) == (
        "flight_type_invalid"
    )
