"""What an answer of the Stream API means for the message that was sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, as far as judging it needs."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case; of repeated headers the last."""
    body: bytes
    """At most the size limit; longer bodies are cut there."""
    cut: bool = False
    """Whether the body ended early or was longer than the limit."""


@dataclass(frozen=True, slots=True)
class NotSent:
    """The request provably did not leave: no connection, no TLS, no name."""

    reason: str


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """The request left, or may have, and no answer came."""

    reason: str


Reply: TypeAlias = Answer | NotSent | NoAnswer
