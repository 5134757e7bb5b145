"""What a reply means for the request that was sent, by an ordered table."""

import json
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import assert_never

from pipeline.commerce.events import BrowserId
from pipeline.record import Instant
from pipeline.sitecore.answers import DEFAULT_RULES, Field, Kind, Matcher, Rule, Says
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
from pipeline.value import value

THROTTLE_DEFAULT_S = 1.0
"""How long a destination is left alone that asks for it without a usable time."""
_BROWSER_ID_MAX = 64


@value(frozen=True, slots=True)
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
            return _outcome(_kind(reading, rules), reading, now)
        case _:
            assert_never(reply)


def _kind(reading: _Reading, rules: tuple[Rule, ...]) -> Kind:
    status = reading.answer.status
    for rule in rules:
        about = rule.matcher.statuses
        # Most rules are about other statuses: no call is made to see that.
        if about.first <= status <= about.last and _matches(rule.matcher, reading):
            return rule.kind
    return Kind.UNKNOWN


def _matches(matcher: Matcher, reading: _Reading) -> bool:
    """Whether a rule about this status is about this answer."""
    return (
        (matcher.issuing is None or matcher.issuing is reading.issuing)
        and (matcher.says is None or matcher.says is reading.says)
        and (matcher.ref is None or matcher.ref is (reading.ref is not None))
        and (matcher.html is None or matcher.html is reading.html)
        and (not matcher.looks_further or _matches_closely(matcher, reading))
    )


def _matches_closely(matcher: Matcher, reading: _Reading) -> bool:
    said, body = reading.answer.headers, reading.body
    return (
        matcher.contains in reading.answer.body
        and all(name in said and part in said[name].lower() for name, part in matcher.headers)
        and all(name in body and _is_same(body[name], what) for name, what in matcher.fields)
    )


def _is_same(found: object, wanted: Field) -> bool:
    """Whether JSON says the same; neither ``"1"`` nor ``true`` is 1."""
    return type(found) is type(wanted) and found == wanted


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
