"""What an answer of the Stream API means for the message that was sent."""

from collections.abc import Mapping
from typing import TypeAlias

from pipeline.commerce.events import BrowserId
from pipeline.value import value


@value(frozen=True, slots=True)
class Answer:
    """An HTTP answer, as far as judging it needs."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case; of repeated headers the last."""
    body: bytes
    """At most the size limit; longer bodies are cut there."""
    cut: bool = False
    """Whether the body ended early or was longer than the limit."""


@value(frozen=True, slots=True)
class NotSent:
    """The request provably did not leave: no connection, no TLS, no name."""

    reason: str


@value(frozen=True, slots=True)
class NoAnswer:
    """The request left, or may have, and no answer came."""

    reason: str


Reply: TypeAlias = Answer | NotSent | NoAnswer


@value(frozen=True, slots=True)
class Delivered:
    """Sitecore has the event."""

    unconfirmed: bool = False
    """The answer's status says so, its body does not."""
    ref: str = ""
    """Sitecore's own reference of the event; empty when it named none."""


@value(frozen=True, slots=True)
class Issued:
    """Sitecore issued a browser id."""

    browser_id: BrowserId
    guest_ref: str
    """Its reference of the guest made for it; empty when it named none."""


@value(frozen=True, slots=True)
class Retry:
    """Nothing is wrong with the event: send it again."""

    reason: str
    """A label value, such as ``http_502``."""
    possible_repeat: bool = False
    """Whether Sitecore may have taken it all the same."""


@value(frozen=True, slots=True)
class Unknown:
    """The request left and no answer came: Sitecore may have the event."""

    reason: str


@value(frozen=True, slots=True)
class Throttle:
    """The destination asks everyone to wait, at least *after_s*."""

    after_s: float
    status: int = 429

    @property
    def possible_repeat(self) -> bool:
        """Whether Sitecore may have taken it all the same: a gateway's answer proves nothing."""
        return self.status >= 500


@value(frozen=True, slots=True)
class SetUp:
    """Our settings are wrong, not the event: hold, and call a person."""

    reason: str
    """A label value, such as ``http_401`` or ``html``."""


@value(frozen=True, slots=True)
class Refused:
    """Sitecore will never take this event; sending it again changes nothing."""

    found: str
    """What it said, without our data: ``HTTP 400``."""


@value(frozen=True, slots=True)
class UnknownBrowser:
    """Sitecore does not know the browser id that the event named."""


Outcome: TypeAlias = (
    Delivered | Issued | Retry | Unknown | Throttle | SetUp | Refused | UnknownBrowser
)
