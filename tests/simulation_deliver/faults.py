"""What can go wrong, and how often: each seed has a mixture of its own."""

from dataclasses import dataclass
from random import Random
from typing import Final

from tests.simulation.faults import drawn


@dataclass(frozen=True, slots=True)
class Rates:
    """How likely each fault is, whenever there is an opportunity."""

    crash: float = 0.0
    """Between two callbacks of a process's loop: at any of its awaits."""
    freeze: float = 0.0
    """A whole process stands still, often for longer than a session."""
    loop_stall: float = 0.0
    """Its loop stands still, while its clients and the thread beside it go on."""
    kafka_stall: float = 0.0
    """The thread that moves records stands still, while loop and clients go on."""
    kill: float = 0.0
    """A process ends, while nothing of it may be going on."""
    stop: float = 0.0
    """A process leaves in order."""
    add: float = 0.0
    """Another process joins."""
    rebalance: float = 0.0
    """The group shares anew for no reason."""
    outage: float = 0.0
    """No broker answers for a while."""
    spell: float = 0.0
    """For a while the destination answers all in one way."""
    compact: float = 0.0
    answer: float = 0.0
    """The destination's answer to one request is not that it has taken it."""
    slow: float = 0.0
    """The destination takes longer than usual, but answers in time."""
    unwritten: float = 0.0
    """A write does not arrive."""
    unheard: float = 0.0
    """A write or a commit arrives, and nothing is heard of it."""
    uncommitted: float = 0.0
    """A commit is not taken."""
    unanswered: float = 0.0
    """A question before restoring is not answered."""


_MOST: Final = {
    "crash": 0.01,
    "freeze": 0.06,
    "loop_stall": 0.06,
    "kafka_stall": 0.06,
    "spell": 0.1,
    "compact": 0.3,
    "answer": 0.6,
    "slow": 0.5,
    "unwritten": 0.2,
    "unheard": 0.2,
    "uncommitted": 0.2,
    "unanswered": 0.3,
    "rebalance": 0.1,
}


def mixture(rng: Random) -> Rates:
    """Draw which faults there are, and how often."""
    return drawn(rng, Rates, _MOST)
