"""What the deliverer can do next for a guest."""

from typing import TypeAlias

from pipeline.record import Instant
from pipeline.refusal import Refusal
from pipeline.sitecore.delivery import Delivery
from pipeline.sitecore.request import Request
from pipeline.value import value


@value(frozen=True, slots=True)
class Send:
    """Send this, then absorb what became of it."""

    request: Request


@value(frozen=True, slots=True)
class Wait:
    """Do nothing for this guest until then."""

    until: Instant
    cause: str
    """A label value: ``retry``."""


@value(frozen=True, slots=True)
class Finished:
    """The owed record is done."""

    delivery: Delivery
    skipped: str | None = None
    """Why nothing needed to be sent, as a label value; None: it was delivered."""


@value(frozen=True, slots=True)
class SetAside:
    """The owed record, or what is left of it, will not reach Sitecore."""

    refusal: Refusal
    delivery: Delivery


Step: TypeAlias = Send | Wait | Finished | SetAside


def finished(delivery: Delivery, skipped: str | None = None) -> Finished:
    """Be done with the head."""
    return Finished(delivery if delivery.head is None else delivery._replace(head=None), skipped)


def set_aside(delivery: Delivery, refusal: Refusal) -> SetAside:
    """Give up the head."""
    return SetAside(refusal, delivery._replace(head=None))
