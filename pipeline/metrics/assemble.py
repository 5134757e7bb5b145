"""What assemble counts."""

from collections.abc import Mapping

from prometheus_client import Counter, Gauge

from pipeline.metrics import label_of, log

OWED = Counter("pipeline_owed", "What is owed to Sitecore, by kind.", ["kind"])
RESTORED = Counter("pipeline_restored_records", "States read back of partitions that came.")
RESTORE_REMAINING = Gauge("pipeline_restore_remaining_records", "States still to be read back.")
GUESTS = Gauge("pipeline_guests", "Guests that are remembered.")
ORDERS_WAITING = Gauge("pipeline_orders_waiting", "Orders that wait, by what they lack.", ["lacks"])
OLDEST_WAITING = Gauge(
    "pipeline_orders_waiting_oldest_timestamp_seconds",
    "Since when the order waits that has waited longest; 0 when none does.",
)
TIMERS = Gauge("pipeline_timers", "Timers that are set.")
TIMERS_HELD = Gauge(
    "pipeline_timers_held_partitions", "Partitions with due timers that unread input holds back."
)


def owes(owed: Mapping[str, int]) -> None:
    """Count what is owed, once it is kept."""
    for kind, count in owed.items():
        OWED.labels(label_of(kind)).inc(count)


def restored(records: int, remaining: int) -> None:
    """Count states that were read back, and show how many are left."""
    RESTORED.inc(records)
    RESTORE_REMAINING.set(remaining)


def partition_ready(partition: int, guests: int) -> None:
    """Log that a partition is at work."""
    log.info("partition.ready", partition=partition, guests=guests)


def guests_known(count: int) -> None:
    """Show how many guests are remembered."""
    GUESTS.set(count)


def orders_wait(lacking: Mapping[str, int], oldest_at: int | None) -> None:
    """Show how many orders wait for what, and since when."""
    for what in ("identity", "payment", "lines"):
        ORDERS_WAITING.labels(what).set(lacking.get(what, 0))
    OLDEST_WAITING.set(0 if oldest_at is None else oldest_at / 1000)


def timers_wait(count: int, *, held_back: int) -> None:
    """Show how many timers are set, and in how many partitions due ones must wait."""
    TIMERS.set(count)
    TIMERS_HELD.set(held_back)
