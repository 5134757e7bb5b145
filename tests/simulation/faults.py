"""What can go wrong, and how often: each seed has a mixture of its own."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from random import Random
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Kind = TypeVar("Kind", bound="DataclassInstance")


@dataclass(frozen=True, slots=True)
class Rates:
    """How likely each fault is, whenever there is an opportunity."""

    crash: float = 0.0
    """At a call of Kafka, before or after it took effect."""
    freeze: float = 0.0
    """At a call of Kafka: the others go on, for longer than a session."""
    interleave: float = 0.0
    """At a call of Kafka: the others do something meanwhile."""
    slow: float = 0.0
    """A call takes seconds, while the client goes on being heard."""
    unanswered: float = 0.0
    """A question is not answered in time."""
    abortable: float = 0.0
    """A write fails half-way."""
    no_verdict_kept: float = 0.0
    """A commit is kept, and its answer is lost."""
    no_verdict_delayed: float = 0.0
    """A commit gets no answer, and arrives later."""
    fenced_though_kept: float = 0.0
    """A commit is kept; when the client asks again, its producer is fenced."""
    no_abort: float = 0.0
    """An abort fails."""
    outage: float = 0.0
    """No broker answers for a while."""
    registry_outage: float = 0.0
    kill: float = 0.0
    """A worker ends between two turns."""
    stop: float = 0.0
    """A worker leaves in order."""
    add: float = 0.0
    """Another worker joins."""
    twin: float = 0.0
    """A second worker starts under the name of the first."""
    rebalance: float = 0.0
    """The group shares anew for no reason."""
    compact: float = 0.0
    retain: float = 0.0
    """Retention deletes the oldest records of a partition, read or not."""
    hang: float = 0.0
    """A producer of the shop leaves a transaction open."""
    long_pause: float = 0.0
    """Hours pass between two turns."""


_MOST = {
    "interleave": 0.3,
    "crash": 0.02,
    "freeze": 0.02,
    "slow": 0.05,
    "unanswered": 0.2,
    "abortable": 0.2,
    "no_verdict_kept": 0.2,
    "no_verdict_delayed": 0.2,
    "fenced_though_kept": 0.05,
    "no_abort": 0.3,
    "compact": 0.2,
    "retain": 0.2,
    "rebalance": 0.1,
    "long_pause": 0.01,
}
_MOST_ELSE = 0.05


def mixture(rng: Random) -> Rates:
    """Draw which faults there are, and how often."""
    return drawn(rng, Rates, _MOST)


def drawn(rng: Random, kind: type[Kind], most: Mapping[str, float]) -> Kind:
    """Draw rates of faults: a half of them, some rare, some frequent; *most* has the highest."""
    found: dict[str, float] = {}
    for field in fields(kind):
        highest = most.get(field.name, _MOST_ELSE)
        draw, share = rng.random(), rng.uniform(math.log(0.05), 0.0)
        found[field.name] = highest * math.exp(share) if draw < 0.5 else 0.0
    return kind(**found)
