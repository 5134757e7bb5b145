"""The ordered rules that say what an answer means."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import assert_never

from pipeline.commerce.events import BrowserId
from pipeline.record import Instant
from pipeline.sitecore.outcome import (
    Answer,
    Delivered,
    Issued,
    NoAnswer,
    NotSent,
    Outcome,
    Refused,
    Reply,
    Retry,
    SetUp,
    Throttle,
    Unknown,
    UnknownBrowser,
)
from pipeline.sitecore.request import CreateBrowser, Request

THROTTLE_DEFAULT_S = 1.0
"""How long a destination is left alone that asks for it without a usable time."""
_BROWSER_ID_MAX = 64


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

    def __contains__(self, status: int) -> bool:
        return self.first <= status <= self.last


@dataclass(frozen=True, slots=True)
class Matcher:
    """Which answers a rule is about: all of these must hold; None: anything does."""

    statuses: Statuses = field(default_factory=lambda: Statuses(0, 999))
    header: str | None = None
    """A header that must be there, in lower case."""
    html: bool | None = None
    """Whether the answer is a page for people."""
    says: Says | None = None
    issuing: bool | None = None
    """Whether the request asked for a browser id."""
    ref: bool | None = None
    """Whether the body holds a usable ``ref``."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Answers that match are of this kind."""

    matcher: Matcher
    kind: Kind


_2XX, _3XX, _4XX, _5XX = (Statuses(n * 100, n * 100 + 99) for n in (2, 3, 4, 5))


def _only(status: int) -> Statuses:
    return Statuses(status, status)


DEFAULT_RULES: tuple[Rule, ...] = (
    # Some gateway asks everyone to wait; no limit of Sitecore's own is documented.
    Rule(Matcher(_only(429)), Kind.THROTTLE),
    Rule(Matcher(_only(503), header="retry-after"), Kind.THROTTLE),
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
    # What the body says counts before how it is labelled: no page for people says this.
    Rule(Matcher(_2XX, issuing=False, says=Says.OK), Kind.DELIVERED),
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


@dataclass(frozen=True, slots=True)
class _Reading:
    """What the rules look at, read once."""

    answer: Answer
    issuing: bool
    body: Mapping[str, object]

    @property
    def says(self) -> Says:
        status = self.body.get("status")
        if status is None:
            return Says.NOTHING
        return Says.OK if status == "OK" else Says.OTHER

    @property
    def html(self) -> bool:
        kind = self.answer.headers.get("content-type", "").lower()
        start = self.answer.body[:64].lstrip().lower()
        return "html" in kind or start.startswith((b"<!doctype html", b"<html"))

    @property
    def ref(self) -> str | None:
        ref = self.body.get("ref")
        usable = isinstance(ref, str) and 0 < len(ref) <= _BROWSER_ID_MAX and _is_token(ref)
        return str(ref) if usable else None


def _is_token(text: str) -> bool:
    return text.isascii() and text.isprintable() and " " not in text


def judge(
    request: Request, reply: Reply, *, now: Instant, rules: tuple[Rule, ...] = DEFAULT_RULES
) -> Outcome:
    """Say what a reply means for the request that was sent.

    The first rule that matches decides. An answer that none matches is an unknown outcome.

    Args:
        now: What a ``Retry-After`` date is measured from.
    """
    match reply:
        case NotSent(reason=reason):
            return Retry(reason)
        case NoAnswer(reason=reason):
            return Unknown(reason)
        case Answer():
            reading = _Reading(reply, isinstance(request, CreateBrowser), _json_object(reply.body))
            kinds = (rule.kind for rule in rules if _matches(rule.matcher, reading))
            return _outcome(next(kinds, Kind.UNKNOWN), reading, now)
        case _:
            assert_never(reply)


def _matches(matcher: Matcher, reading: _Reading) -> bool:
    return (
        reading.answer.status in matcher.statuses
        and (matcher.header is None or matcher.header in reading.answer.headers)
        and matcher.issuing in {None, reading.issuing}
        and (matcher.says is None or matcher.says is reading.says)
        and (matcher.ref is None or matcher.ref is (reading.ref is not None))
        and (matcher.html is None or matcher.html is reading.html)
    )


def _outcome(kind: Kind, reading: _Reading, now: Instant) -> Outcome:
    status = reading.answer.status
    match kind:
        case Kind.DELIVERED | Kind.UNCONFIRMED:
            return Delivered(kind is Kind.UNCONFIRMED, reading.ref or "")
        case Kind.ISSUED:
            return _issued(reading)
        case Kind.RETRY | Kind.RETRY_MAYBE_TAKEN:
            return Retry(f"http_{status}", possible_repeat=kind is Kind.RETRY_MAYBE_TAKEN)
        case Kind.THROTTLE:
            return Throttle(retry_after_s(reading.answer.headers, now), status)
        case Kind.SET_UP:
            return SetUp(f"http_{status}")
        case _:
            return _final(kind, reading)


def _final(kind: Kind, reading: _Reading) -> Outcome:
    status = reading.answer.status
    if kind is Kind.UNKNOWN_BROWSER:
        return UnknownBrowser()
    if kind is Kind.REFUSED:
        said = reading.body.get("status")
        beside = f", status {str(said)[:20]}" if 200 <= status < 300 else ""
        return Refused(f"HTTP {status}{beside}")
    return Unknown(f"http_{status}")


def _issued(reading: _Reading) -> Outcome:
    ref, guest = reading.ref, reading.body.get("customer_ref")
    if ref is None:
        return Retry("no_browser_id")
    return Issued(BrowserId(ref), guest[:100] if isinstance(guest, str) else "")


def _json_object(body: bytes) -> Mapping[str, object]:
    """The body as a JSON object; empty when it is none."""
    try:
        read = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return read if isinstance(read, dict) else {}


def retry_after_s(headers: Mapping[str, str], now: Instant) -> float:
    """Read ``Retry-After``: seconds, or an HTTP date; never negative."""
    said = headers.get("retry-after", "").strip()
    if said.isascii() and said.isdigit() and len(said) < 10:
        return float(said)
    try:
        at = parsedate_to_datetime(said)
        return max(0.0, at.replace(tzinfo=at.tzinfo or UTC).timestamp() - now / 1000)
    except (ValueError, OverflowError):
        return THROTTLE_DEFAULT_S
