"""What the worker shows of itself once a second."""

from typing import Literal, NamedTuple

from pipeline.deliver.gate import Gate
from pipeline.deliver.lanes import Item, Lanes
from pipeline.deliver.letters import WORKER
from pipeline.deliver.ownership import Ownership
from pipeline.deliver.port import Clock
from pipeline.metrics import BACKLOG, OLDEST, RECORDS, label_of, series
from pipeline.metrics import deliver as metrics
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
        self._waiting_for: str | None = None
        self._shown: set[int] = set()

    def judged(self, request: Request, outcome: Outcome, seconds: float) -> None:
        """Count a request and what came of it."""
        if isinstance(request, SendEvent) and request.possible_repeat:
            metrics.possibly_repeated(request.type, request.delivery_id)
        metrics.attempted(request.type, _name_of(outcome), seconds)
        if isinstance(outcome, Delivered):
            metrics.delivered(request.type, unconfirmed=outcome.unconfirmed)

    def left(self, item: Item, how: Exit) -> None:
        """Count a record that is done, and how long it took if it was delivered."""
        series(RECORDS, self._topic, how.outcome).inc()
        if how.outcome == "skipped":
            metrics.SKIPPED.labels(how.reason).inc()
        elif how.outcome == "delivered" and item.owed is not None:
            took_ms = self._clock.now() - item.owed.cause.timestamp
            metrics.END_TO_END_SECONDS.observe(max(0, took_ms) / 1000)

    def waiting(self) -> None:
        """Count why lanes that could go have to wait, when the cause is a new one."""
        cause = self._gate.cause(self._clock.elapsed_s()) if self._lanes.ready() else None
        if cause != self._waiting_for and cause is not None:
            metrics.WAITS.labels(cause).inc()
        self._waiting_for = cause

    def show(self) -> None:
        """Set the gauges; those of partitions that have gone vanish."""
        restored = [(one, one.restored) for one in self._owns if one.restored]
        for one, known in restored:
            unread = max(0, one.end - known.progress.position)
            BACKLOG.labels(self._topic, one.number).set(unread + one.in_hand.records)
        numbers = {one.number for one, _ in restored}
        for number in self._shown - numbers:
            BACKLOG.remove(self._topic, str(number))
        self._shown = numbers
        pending = [known.progress.oldest for _, known in restored]
        oldest = min((at for at in pending if at is not None), default=0)
        OLDEST.labels(WORKER).set(oldest / 1000)
        metrics.LEDGER_GUESTS.set(sum(len(known.ledger) for _, known in restored))
        metrics.LEDGER_BYTES.set(sum(known.ledger.size for _, known in restored))
        metrics.IN_FLIGHT.set(self._gate.in_flight)
        metrics.LANES_WAITING.set(self._lanes.asleep)
        metrics.THROTTLED.set(self._gate.pacing.pause_s(self._clock.elapsed_s()) > 0)


def _name_of(outcome: Outcome) -> str:
    """A label value: the outcome's kind, and for a retry its reason, which is one of a few."""
    if isinstance(outcome, Retry):
        return f"retry_{outcome.reason}"
    if isinstance(outcome, Unknown):
        return "unknown"
    return label_of(type(outcome).__name__)
