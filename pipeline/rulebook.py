"""What each rule by which something is set aside means, and what a person can do about it."""

from collections.abc import Mapping
from typing import Final

PAGE: Final = "docs/cases.md"

_REST_OR_BATCH = "The Stream API only creates orders: update it by the REST or the Batch API."
_LEFT_OUT = "Sitecore would take it and never show the order."

RULES: Final[Mapping[str, str]] = {
    # What every event says.
    "unknown_point_of_sale": "The settings name no such point of sale; Sitecore would take the "
    "event and never show it. Names are compared to the letter.",
    "unknown_channel": "Sitecore documents 13 channels, and this is none of them.",
    "channel_not_allowed": "The settings do not give the point of sale this channel.",
    "invalid_currency": "No code of ISO 4217: the amount would show as zero.",
    "currency_not_allowed": "The settings do not give the point of sale this currency.",
    "language_not_allowed": "The settings do not give the point of sale this language.",
    "occurred_in_future": "It happened more than a day after it was read: a clock is wrong.",
    # Text, amounts, extension data.
    "missing_text": "Something that must be said is empty.",
    "id_too_long": "An order id longer than is remembered.",
    "invalid_quantity": "An order line has one piece at least; a cart line has none to be removed.",
    "invalid_amount": "No amount that a number can say.",
    "too_many_attributes": "Sitecore keeps 50 attributes of an event, an order or an item.",
    "attributes_too_many": "Sitecore keeps 50 attributes of an event, an order or an item.",
    "invalid_attribute": "No number that JSON can say.",
    "attribute_name": "Attributes have names of letters and digits that begin with a letter, each "
    "once; of an order or an item none is called `name` or `key`.",
    "attribute_type": "The settings give this attribute another type, and Sitecore wants one type "
    "a name.",
    # Who the guest is.
    "identifiers_missing": "Without an identifier no rule of the tenant knows the guest; contact "
    "data alone identifies nobody.",
    "unknown_identity_provider": "The tenant has no identity rule of this provider. Names are "
    "compared to the letter.",
    "identity_too_large": "An identity larger than is remembered of a guest.",
    "identity_missing": "Nothing said who the guest is while the order waited, and Sitecore shows "
    "orders of known guests only. Publish the identity, then replay the order.",
    "identity_refused": "Sitecore refused the guest's identity, and shows orders of known guests "
    "only.",
    "guest_erased": "The guest was erased: nothing may be sent, and only the position was kept.",
    # Behaviour.
    "reserved_name": "Sitecore keeps this name for an event of its own.",
    "misspelt_name": "It looks like a standard event and would be none.",
    "flight_search": "A search for flights says airports, times and travellers, which the event "
    "does not have.",
    # Orders.
    "unknown_status": "No status that the protocol of the point of sale can say; "
    "`order_statuses` gives the shop's own words a meaning.",
    "order_status": "No form that is left can say this status.",
    "ordered_in_future": "It was placed more than a day after it was read: a clock is wrong.",
    "historic_order": "Older than `order_age_max_days`: use the Batch API.",
    "order_cancelled": _REST_OR_BATCH,
    "order_refunded": _REST_OR_BATCH,
    "order_changed": f"An order of this id was told before, with other content. {_REST_OR_BATCH}",
    "order_unknown": "A payment whose order never came, or was set aside.",
    "lines_missing": "The cart form needs lines, and there are none.",
    "repeated_item": "Two lines of one item: in the cart form the second replaces the first.",
    "item_repeated": "Two lines of one item: in the cart form the second replaces the first.",
    "flight_incomplete": "A flight says `origin` and `destination` as attributes: IATA codes of "
    "three letters.",
    "contact_incomplete": "Data model 2.0 has no order without an owner, who has a title, a first "
    "and a last name.",
    "data_model": "Data model 2.0 has no ORDER_CHECKOUT.",
    "payment_type_missing": "ORDER_CHECKOUT needs a payment type, and none came in time.",
    "card_type_missing": "ORDER_CHECKOUT needs the brand of a card.",
    "item_type_unsupported": f"ORDER_CHECKOUT does not support this item type. {_LEFT_OUT}",
    "item_type_undeclared": f"The settings do not declare this item type. {_LEFT_OUT}",
    "organization_price_missing": "ORDER_CHECKOUT wants prices of items in the organization's "
    "currency, which Sitecore does not convert.",
    # Bounds of one guest.
    "too_many_lines": "More lines than are remembered of a cart, or taken of an order.",
    "too_many_cart_events": "More changes of a cart than are remembered.",
    "cart_too_large": "More bytes than are remembered of a cart.",
    "too_many_events": "More events of one guest than are told apart in a day.",
    "too_many_orders": "More orders of one guest than are told apart.",
    "too_much_waiting": "More orders and payments of one guest than may wait.",
    "out_of_order": "It came again behind what followed it for this guest, and messages of a guest "
    "leave in order.",
    "owed_too_large": "Larger than its topic takes.",
    # What came of sending it.
    "line_refused": "Sitecore refused this line; the rest of the cart goes on.",
    "payment_refused": "Sitecore refused the payment; the order has arrived.",
    "payment_not_possible": "The payment came when its order could no longer be reached.",
    "refused": "Sitecore refused the event.",
    "browser_id_unknown": "Sitecore does not know a browser id that it issued.",
    "browser_id_missing": "No browser id could be had: an order goes by the Batch API.",
    "may_have_arrived": "It left, and no answer says whether it arrived.",
    "retries_exhausted": "It was tried as often and as long as the settings say.",
    # Records that cannot be read.
    "tombstone": "A record without a value.",
    "framing": "Bytes that begin as no Avro record does.",
    "unknown_schema": "No schema is known by that id or fingerprint.",
    "unknown_event": "A schema that is none of a commerce event.",
    "truncated": "The record ends too early.",
    "malformed": "Bytes that do not fit their schema.",
    "invalid_field": "A field holds what no protocol could carry.",
    "guest_id_missing": "A record on its way through rekey that names no guest.",
    "record_too_large": "Larger than the topic takes that rekey writes to.",
    "foreign_key": "The record's key is not its guest.",
    "oversized": "Larger than is read.",
}
"""By the name that stands in dead letters, metrics and logs."""


def link(rule: str) -> str:
    """Where the page of cases explains a rule."""
    return f"{PAGE}#{rule}"
