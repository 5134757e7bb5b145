"""What every event must say: type, channel, point of sale, currency, language, page."""

import re
from typing import Literal, TypeAlias

from pipeline.sandbox.rules.extensions import event_extension
from pipeline.sandbox.rules.fields import (
    JsonObject,
    Violation,
    Violations,
    currency,
    one_of,
    optional_texts,
    said,
    text,
)
from pipeline.sandbox.rules.vocabulary import (
    CHANNELS,
    MISSPELT_TYPES,
    RESERVED_TYPES,
    STANDARD_TYPES,
)
from pipeline.sandbox.settings import DataModel

Form: TypeAlias = Literal["post", "get"]
"""How a message came: as Sitecore's library sends it, or as the direct HTTP pages say."""

OWN_ATTRIBUTES_MAX = 50

_LANGUAGE = re.compile(r"[A-Z]{2}")
_COMMON = frozenset(
    {
        *("type", "channel", "currency", "pos", "browser_id", "language", "page"),
        *("client_key", "ext", "requested_at"),
    }
)


def circumstances(message: JsonObject, form: Form, model: DataModel) -> Violations:
    """Check what every event says about where it happened; the point of sale is known by now.

    The direct form wants language and page; Sitecore's own library leaves them out or empty.
    Under data model 2.0 a custom event needs channel and point of sale only.
    """
    yield from one_of(message, "channel", CHANNELS)
    if model == "2.1" or message["type"] in STANDARD_TYPES:
        yield from currency(message, "currency")
        yield from _language_and_page(message, form)
    if model == "2.0" and "ext" in message:
        yield Violation("ext_not_supported", "ext", "data model 2.0")
    yield from event_extension(message)
    yield from _own_name(message, str(message["type"]))


def _language_and_page(message: JsonObject, form: Form) -> Violations:
    if form == "get":
        yield from text(message, "language")
        yield from text(message, "page")
    yield from optional_texts(message, ("language", "page"))
    language = message.get("language")
    if isinstance(language, str) and not _LANGUAGE.fullmatch(language):
        yield Violation("language_invalid", "language", said(language))


def _own_name(message: JsonObject, name: str) -> Violations:
    """Check the name of a custom event; a site's name and a colon may stand before it."""
    if name in STANDARD_TYPES:
        return
    own = name.rpartition(":")[2]
    if name in RESERVED_TYPES or name.startswith("SC_"):
        yield Violation("type_reserved", "type", said(name))
    if name.upper() in STANDARD_TYPES | MISSPELT_TYPES:
        yield Violation("type_misspelt", "type", said(name))
    if not own.strip() or own != own.upper():
        yield Violation("not_upper_case", "type", said(name))
    count = len(message.keys() - _COMMON)
    if count > OWN_ATTRIBUTES_MAX:
        yield Violation("own_attributes_too_many", "", str(count))
