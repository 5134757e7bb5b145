"""What assemble counts."""

from collections.abc import Iterable, Mapping

from prometheus_client import Counter, Gauge, Histogram

from pipeline.metrics import label_of, log

OWED = Counter("pipeline_owed", "What is owed to Sitecore, by kind.", ["kind"])
RESTORED = Counter("pipeline_restored_records", "States read back of partitions that came.")
RESTORE_REMAINING = Gauge("pipeline_restore_remaining_records", "States still to be read back.")
GUESTS = Gauge("pipeline_guests", "Guests that are remembered.")
STATE_BYTES = Gauge(
    "pipeline_state_bytes", "What guests that are remembered come to as bytes, without their keys."
)
ORDERS_WAITING = Gauge("pipeline_orders_waiting", "Orders that wait, by what they lack.", ["lacks"])
OLDEST_WAITING = Gauge(
    "pipeline_orders_waiting_oldest_timestamp_seconds",
    "Since when the order waits that has waited longest; 0 when none does.",
)
CONFIGURED_WAIT_SECONDS = Histogram(
    "pipeline_configured_wait_seconds",
    "How long orders waited before they were owed or set aside, by what they lacked.",
    ["lacks"],
    buckets=(1, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 14400),
)
TIMERS = Gauge("pipeline_timers", "Timers that are set.")
TIMERS_DUE = Gauge(
    "pipeline_timers_due", "Timers that are due and not fired; of a partition 1,000 at most."
)
TIMERS_HELD = Gauge(
    "pipeline_timers_held", "Timers that are due and held back by input that lies unread."
)
FLAGGED = Counter(
    "pipeline_orders_flagged",
    "Orders that are owed although something about them is odd, by what it is.",
    ["what"],
)
REPEATS = Counter(
    "pipeline_repeats",
    "Events that were known already: orders and payments by their order, all else by event id.",
    ["kind"],
)


def owes(owed: Mapping[str, int]) -> None:
    """Count what is owed, once it is kept."""
    for kind, count in owed.items():
        OWED.labels(label_of(kind)).inc(count)


def flagged(flags: Iterable[str]) -> None:
    """Count what is odd about orders that are owed, once they are kept."""
    for flag in flags:
        FLAGGED.labels(flag).inc()


def repeated(repeats: Mapping[str, int]) -> None:
    """Count events that were known already, once that is kept."""
    for kind, count in repeats.items():
        REPEATS.labels(label_of(kind)).inc(count)


def waits_ended(waits: Iterable[tuple[str, float]]) -> None:
    """Note how long orders waited, by what they lacked."""
    for what, seconds in waits:
        CONFIGURED_WAIT_SECONDS.labels(what).observe(seconds)


def restored(records: int, remaining: int) -> None:
    """Count states that were read back, and show how many are left."""
    RESTORED.inc(records)
    RESTORE_REMAINING.set(remaining)


def partition_ready(partition: int, guests: int) -> None:
    """Log that a partition is at work."""
    log.info("partition.ready", partition=partition, guests=guests)


def guests_known(count: int, *, state_bytes: int) -> None:
    """Show how many guests are remembered, and what they come to."""
    GUESTS.set(count)
    STATE_BYTES.set(state_bytes)


def orders_wait(lacking: Mapping[str, int], oldest_at: int | None) -> None:
    """Show how many orders wait for what, and since when."""
    for what in ("identity", "payment", "lines"):
        ORDERS_WAITING.labels(what).set(lacking.get(what, 0))
    OLDEST_WAITING.set(0 if oldest_at is None else oldest_at / 1000)


def timers_wait(count: int, *, due: int, held_back: int) -> None:
    """Show how many timers are set, are due, and must wait although they are."""
    TIMERS.set(count)
    TIMERS_DUE.set(due)
    TIMERS_HELD.set(held_back)
