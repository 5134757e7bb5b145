"""What the outcome of a request changes in what Sitecore has of a guest."""

from typing import NamedTuple

from pipeline.record import Instant
from pipeline.refusal import Refusal
from pipeline.sitecore.delivery import Delivery
from pipeline.sitecore.outcome import Outcome
from pipeline.sitecore.owed import Owed
from pipeline.sitecore.policy import DeliveryPolicy
from pipeline.sitecore.request import Request


class Absorbed(NamedTuple):
    """What Sitecore now has, and what was refused of it."""

    delivery: Delivery
    letter: Refusal | None = None
    """A part was refused (one line, a payment) and is set aside; the record goes on."""
    abandoned: int = 0
    """Sessions found closed that still held lines."""


def absorb(
    delivery: Delivery,
    owed: Owed,
    request: Request,
    outcome: Outcome,
    *,
    now: Instant,
    jitter: float,
    policy: DeliveryPolicy,
    excused: bool = False,
) -> Absorbed:
    """Fold the outcome of *request* into a delivery.

    Args:
        jitter: In [0, 1): which part of the longest backoff is waited.
        excused: The try was a probe: its failure counts for nothing.
    """
    raise NotImplementedError
