"""What the worker shows of itself once a second."""

from typing import Literal, NamedTuple

from pipeline.deliver.gate import Gate
from pipeline.deliver.lanes import Item, Lane, Lanes
from pipeline.deliver.letters import WORKER
from pipeline.deliver.ownership import Ownership
from pipeline.deliver.partition import cause_of_mark
from pipeline.deliver.port import Clock
from pipeline.deliver.waits import Waits
from pipeline.metrics import RECORDS, label_of, partitions_are
from pipeline.metrics import deliver as metrics
from pipeline.metrics.backlog import Backlog
from pipeline.sitecore.outcome import Delivered, Outcome, Retry, Unknown
from pipeline.sitecore.request import Request, SendEvent


class Exit(NamedTuple):
    """How a record left."""

    outcome: Literal["delivered", "skipped", "set_aside"]
    reason: str = ""
    """A label value; empty for what was delivered."""


class Observer:
    """Turns what is the case into gauges, and what happened into counts."""

    def __init__(
        self, gate: Gate, lanes: Lanes, *, owns: Ownership, topic: str, clock: Clock
    ) -> None:
        self._gate = gate
        self._lanes = lanes
        self._owns = owns
        self._topic = topic
        self._clock = clock
        self._waits = Waits()
        self._backlog = Backlog(WORKER)

    def judged(self, lane: Lane, request: Request, outcome: Outcome, seconds: float) -> None:
        """Count a request and what came of it."""
        kind = request.type
        if isinstance(request, SendEvent) and request.possible_repeat:
            metrics.possibly_repeated(kind, cause_of_mark(request, lane), request.delivery_id)
        metrics.attempted(kind, _name_of(outcome), seconds)
        if isinstance(outcome, Unknown):
            metrics.unanswered(kind, outcome.reason, request.delivery_id)
        if isinstance(outcome, Delivered):
            metrics.delivered(kind, unconfirmed=outcome.unconfirmed)

    def left(self, item: Item, how: Exit) -> None:
        """Count a record that is done, and how long it took if it was delivered."""
        RECORDS.add(self._topic, how.outcome)
        if how.outcome == "skipped":
            metrics.SKIPPED.labels(how.reason).inc()
        elif how.outcome == "delivered" and item.owed is not None:
            took_ms = self._clock.now() - item.owed.cause.timestamp
            metrics.END_TO_END_SECONDS.observe(max(0, took_ms) / 1000)

    def turns(self, now: float) -> None:
        """Count what has passed since lanes had their turns last."""
        self._waits.turn(now, None)

    def waiting(self) -> None:
        """Note for what lanes that could go have to wait."""
        now, cause = self._clock.elapsed_s(), None
        if self._lanes.ready():
            cause = self._gate.cause(now) or "turn"
        self._waits.turn(now, cause)
        self._lanes.wait(self._waits.closed)

    def taken(self, lane: Lane) -> None:
        """Measure for what a lane has waited whose turn has come."""
        if lane.waits_since is not None:
            for cause, seconds in self._waits.since(lane.waits_since):
                metrics.waited(cause, seconds)

    def first(self, item: Item) -> None:
        """Measure how long a record waited for those before it of its guest."""
        metrics.waited("earlier", self._clock.elapsed_s() - item.came_at)

    def show(self) -> None:
        """Set the gauges; those of partitions that have gone vanish."""
        restored = [(one, one.restored) for one in self._owns if one.restored]
        backlog = {
            (self._topic, one.number): max(0, one.end - known.progress.position)
            + one.in_hand.records
            for one, known in restored
        }
        pending = [known.progress.oldest for _, known in restored]
        oldest_at = min((at for at in pending if at is not None), default=None)
        self._backlog.seen(backlog, oldest_at=oldest_at)
        metrics.LEDGER_GUESTS.set(sum(len(known.ledger) for _, known in restored))
        metrics.LEDGER_BYTES.set(sum(known.ledger.size for _, known in restored))
        at_work = sum(one.admitted for one, _ in restored)
        partitions_are(at_work=at_work, waiting=len(self._owns) - at_work)
        metrics.IN_FLIGHT.set(self._gate.in_flight)
        metrics.LANES_WAITING.set(self._lanes.asleep)
        metrics.FULL.set(sum(partition.in_hand.full for partition in self._owns))
        metrics.THROTTLED.set(self._gate.pacing.pause_s(self._clock.elapsed_s()) > 0)


def _name_of(outcome: Outcome) -> str:
    """A label value: the outcome's kind, and where it has one its reason, which is one of a few."""
    if isinstance(outcome, Retry | Unknown):
        return f"{label_of(type(outcome).__name__)}_{outcome.reason}"
    return label_of(type(outcome).__name__)
