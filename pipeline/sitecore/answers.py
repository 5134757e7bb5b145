"""The ordered table of what answers of the Stream API mean, and what users may add to it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias


class Says(StrEnum):
    """What the JSON body of an answer says of its status."""

    OK = "ok"
    OTHER = "other"
    NOTHING = "nothing"
    """It cannot be read, or has no status."""


class Kind(StrEnum):
    """What an answer is taken for."""

    DELIVERED = "delivered"
    UNCONFIRMED = "unconfirmed"
    ISSUED = "issued"
    RETRY = "retry"
    """It was not taken."""
    RETRY_MAYBE_TAKEN = "retry_maybe_taken"
    UNKNOWN = "unknown"
    THROTTLE = "throttle"
    SET_UP = "set_up"
    REFUSED = "refused"
    UNKNOWN_BROWSER = "unknown_browser"


@dataclass(frozen=True, slots=True)
class Statuses:
    """HTTP statuses from *first* to *last*, both included."""

    first: int
    last: int

    def within(self, other: "Statuses") -> bool:
        """Whether the other ones are all of these."""
        return other.first <= self.first and self.last <= other.last

    def touches(self, other: "Statuses") -> bool:
        """Whether any is one of the others."""
        return self.first <= other.last and other.first <= self.last


Field: TypeAlias = bool | int | str


@dataclass(frozen=True, slots=True)
class Matcher:
    """Which answers a rule is about: all of these must hold; None, or nothing: anything does."""

    statuses: Statuses = Statuses(0, 999)
    headers: tuple[tuple[str, str], ...] = ()
    """Names and what each value contains, all in lower case."""
    html: bool | None = None
    """Whether the answer is a page for people."""
    says: Says | None = None
    issuing: bool | None = None
    """Whether the request asked for a browser id."""
    ref: bool | None = None
    """Whether the body holds a usable ``ref``."""
    fields: tuple[tuple[str, Field], ...] = ()
    """Names and values at the top of the JSON body."""
    contains: bytes = b""
    """What stands in the body."""

    @property
    def looks_further(self) -> bool:
        """Whether it looks at more than status and kind of an answer."""
        return bool(self.headers or self.fields or self.contains)


@dataclass(frozen=True, slots=True)
class Rule:
    """Answers that match are of this kind."""

    matcher: Matcher
    kind: Kind


_2XX, _3XX, _4XX, _5XX = (Statuses(n * 100, n * 100 + 99) for n in (2, 3, 4, 5))


def _only(status: int) -> Statuses:
    return Statuses(status, status)


ACKNOWLEDGED: Final = Rule(Matcher(_2XX, issuing=False, says=Says.OK), Kind.DELIVERED)
"""What the body says counts before how it is labelled: no page for people says this."""

DEFAULT_RULES: Final[tuple[Rule, ...]] = (
    ACKNOWLEDGED,
    # Some gateway asks everyone to wait; no limit of Sitecore's own is documented.
    Rule(Matcher(_only(429)), Kind.THROTTLE),
    Rule(Matcher(_only(503), headers=(("retry-after", ""),)), Kind.THROTTLE),
    # A gateway's answer proves nothing about what stands behind it, not even an HTML page does.
    Rule(Matcher(_5XX), Kind.RETRY_MAYBE_TAKEN),
    Rule(Matcher(_only(408)), Kind.RETRY),
    # Documented: a wrong host or a wrong client key.
    Rule(Matcher(_only(401)), Kind.SET_UP),
    Rule(Matcher(_only(403)), Kind.SET_UP),
    Rule(Matcher(_3XX), Kind.SET_UP),
    # Documented: the browser id is wrong. A wrong host would say 404 too, in HTML or not; it then
    # says so to the request for a new id, which holds no data of ours that could be wrong.
    Rule(Matcher(_only(404), issuing=False), Kind.UNKNOWN_BROWSER),
    Rule(Matcher(_4XX, issuing=True), Kind.SET_UP),
    Rule(Matcher(_2XX, issuing=True, says=Says.OTHER), Kind.RETRY),
    Rule(Matcher(_2XX, issuing=True, ref=True), Kind.ISSUED),
    Rule(Matcher(html=True), Kind.SET_UP),
    Rule(Matcher(_2XX, issuing=True), Kind.RETRY),
    # The status says that it was taken; sending it again could double it.
    Rule(Matcher(_2XX, says=Says.NOTHING), Kind.UNCONFIRMED),
    Rule(Matcher(_2XX), Kind.REFUSED),
    Rule(Matcher(_4XX), Kind.REFUSED),
    Rule(Matcher(), Kind.UNKNOWN),
)


def with_own(own: tuple[Rule, ...]) -> tuple[Rule, ...]:
    """The table with a user's rules before all others but one.

    What Sitecore has acknowledged is delivered, whatever a rule says: never is it sent again.
    """
    return (ACKNOWLEDGED, *own, *DEFAULT_RULES) if own else DEFAULT_RULES


_ONLY_WITHIN: Final = {
    Kind.DELIVERED: (_2XX, "only 2xx says that Sitecore has the event"),
    Kind.RETRY: (
        _4XX,
        "only 4xx can say that it was not taken; `retry_maybe_taken` marks the repeat",
    ),
    Kind.THROTTLE: (Statuses(400, 599), "only 4xx and 5xx can ask for a pause"),
    Kind.UNKNOWN_BROWSER: (_4XX, "only 4xx can say that a browser id is wrong"),
}
_OF_EVENTS: Final = frozenset({Kind.DELIVERED, Kind.REFUSED, Kind.UNKNOWN_BROWSER})
_OF_NO_EVENT: Final = (_3XX, _5XX, *map(_only, (401, 403, 408, 429)))
"""What is about the way to Sitecore, and says nothing of the event."""


def objection(rule: Rule) -> str | None:
    """Why a rule of a user's would make a promise false; None: it does not."""
    statuses, kind = rule.matcher.statuses, rule.kind
    if rule.matcher.issuing and kind in _OF_EVENTS:
        return "a request for a browser id holds no event"
    range_, why = _ONLY_WITHIN.get(kind, (statuses, ""))
    if not statuses.within(range_):
        return why
    return None if rule.matcher.looks_further else _objection_by_status(statuses, kind)


def _objection_by_status(statuses: Statuses, kind: Kind) -> str | None:
    """Why the status alone is too little to go by."""
    further = "say by `headers`, `fields` or `contains` when it is so all the same"
    if kind is not Kind.DELIVERED and statuses.touches(_2XX):
        return f"2xx says that the event was taken, and it could be doubled: {further}"
    if kind is Kind.REFUSED and any(statuses.touches(one) for one in _OF_NO_EVENT):
        return f"that says nothing of the event, and all would be set aside: {further}"
    return None
