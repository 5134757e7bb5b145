"""What IDENTITY, ADD_CONTACTS, ADD_CONSUMERS and SEARCH must say."""

import re
from itertools import chain

from pipeline.sandbox.rules.fields import (
    JsonObject,
    Violation,
    Violations,
    entries,
    is_local_minute,
    objects,
    optional_texts,
    said,
    text,
    texts,
    upper_case,
)
from pipeline.sandbox.settings import DataModel

_PERSONAL = (
    *("email", "title", "firstname", "lastname", "gender", "dob", "mobile", "phone"),
    *("city", "state", "country", "postal_code"),
)
_COUNTRY = re.compile(r"[A-Z]{2}")


def identity(message: JsonObject) -> Violations:
    """Check IDENTITY: identifiers as an array of objects with id and provider."""
    yield from identifiers(message)
    yield from _person(message)


def identifiers(of: JsonObject, within: str = "") -> Violations:
    """Check a list of identifiers."""
    yield from objects(of, "identifiers", within)
    for index, identifier in enumerate(entries(of, "identifiers")):
        path = f"{within}identifiers.{index}."
        yield from texts(identifier, ("id", "provider"), path)
        if "expiry_date" in identifier and not is_local_minute(identifier["expiry_date"]):
            found = said(identifier["expiry_date"])
            yield Violation("date_invalid", f"{path}expiry_date", found)


def _person(of: JsonObject, within: str = "") -> Violations:
    yield from optional_texts(of, _PERSONAL, within)
    if "dob" in of and not is_local_minute(of["dob"]):
        yield Violation("date_invalid", f"{within}dob", "not YYYY-MM-DDThh:mm")
    country = of.get("country")
    if isinstance(country, str) and not _COUNTRY.fullmatch(country):
        yield Violation("country_invalid", f"{within}country", said(country))
    yield from _street(of, within)


def _street(of: JsonObject, within: str) -> Violations:
    match of.get("street", []):
        case list() as parts if all(isinstance(part, str) for part in parts):
            return
    yield Violation("street_not_an_array", f"{within}street")


def contacts(message: JsonObject, model: DataModel) -> Violations:
    """Check ADD_CONTACTS; data model 2.0 wants title and names.

    The names inside ``contact`` are not documented; those of IDENTITY are taken for them.
    """
    yield from objects(message, "contact")
    for index, contact in enumerate(entries(message, "contact")):
        within = f"contact.{index}."
        if model == "2.0":
            yield from texts(contact, ("title", "firstname", "lastname"), within)
        if "identifiers" in contact:
            yield from identifiers(contact, within)
        yield from optional_texts(contact, _PERSONAL, within)
        yield from _street(contact, within)


def consumers(message: JsonObject) -> Violations:
    """Check ADD_CONSUMERS as far as its shape is documented."""
    yield from objects(message, "consumer")


def search(message: JsonObject) -> Violations:
    """Check SEARCH; a search for flights says where and when."""
    yield from text(message, "product_name")
    yield from upper_case(message, "product_type")
    if message.get("product_type") == "FLIGHT":
        yield from texts(message, ("flight_type", "origin", "destination", "start", "end"))
        if message.get("flight_type") not in {"OW", "RT"}:
            yield Violation("flight_type_invalid", "flight_type")


def identified_by(of: JsonObject) -> list[tuple[str, str]]:
    """Read the pairs of provider and id that a message or its contacts carry."""
    holders = [of, *entries(of, "contact")]
    found = chain.from_iterable(entries(holder, "identifiers") for holder in holders)
    return [(str(one["provider"]), str(one["id"])) for one in found]
