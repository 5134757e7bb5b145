"""What assemble counts."""

from collections.abc import Mapping

from prometheus_client import Counter, Gauge, Histogram

from pipeline.metrics import BACKLOG, RECORDS, label_of, log

_SECONDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


OWED = Counter("pipeline_owed", "What is owed to Sitecore, by kind.", ["kind"])
TRANSACTION_SECONDS = Histogram(
    "pipeline_transaction_seconds", "From writing a batch until it is kept.", buckets=_SECONDS
)
BATCH_RECORDS = Histogram(
    "pipeline_batch_records",
    "Records and timers of one transaction.",
    buckets=(1, 10, 100, 500, 1_000, 2_500, 5_000, 10_000),
)
TRANSACTION_WRITES = Histogram(
    "pipeline_transaction_writes",
    "Records that one transaction writes.",
    buckets=(1, 10, 100, 1_000, 10_000, 50_000),
)
ABORTS = Counter("pipeline_transaction_aborts", "Transactions of which nothing was kept.")
UNCLEAR_COMMITS = Counter(
    "pipeline_unclear_commits", "Commits without a clear answer, by what Kafka then said.", ["kept"]
)
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
TURN_SECONDS = Histogram(
    "pipeline_poll_gap_seconds", "From one look for records to the next.", buckets=_SECONDS
)
WAITED = Counter("pipeline_worker_waits", "Times that others had to be waited for.", ["what"])


def batch_kept(
    outcomes: Mapping[tuple[str, str], int], owed: Mapping[str, int], *, writes: int
) -> None:
    """Count what became of a batch's records and timers, once they are kept."""
    for (topic, outcome), count in outcomes.items():
        RECORDS.labels(topic, outcome).inc(count)
    for kind, count in owed.items():
        OWED.labels(label_of(kind)).inc(count)
    BATCH_RECORDS.observe(sum(outcomes.values()))
    TRANSACTION_WRITES.observe(writes)


def transaction_kept(seconds: float) -> None:
    """Note how long it took to keep a batch."""
    TRANSACTION_SECONDS.observe(seconds)


def transaction_aborted(error: str) -> None:
    """Count and log a transaction of which nothing was kept; it is made again."""
    ABORTS.inc()
    log.warning("transaction.aborted", error=error)


def commit_unclear(error: str, *, kept: bool) -> None:
    """Count and log a commit without a clear answer, and what Kafka then said."""
    UNCLEAR_COMMITS.labels(str(kept).lower()).inc()
    log.warning("commit.unclear", error=error, kept=kept)


def restored(records: int, remaining: int) -> None:
    """Count states that were read back, and show how many are left."""
    RESTORED.inc(records)
    RESTORE_REMAINING.set(remaining)


def partition_ready(partition: int, guests: int) -> None:
    """Log that a partition is at work."""
    log.info("partition.ready", partition=partition, guests=guests)


def began(partition: int, offsets: Mapping[str, int]) -> None:
    """Log where a partition begins of which nothing was ever committed."""
    log.info("partition.began", partition=partition, offsets=dict(offsets))


def waited(what: str, error: str) -> None:
    """Count and log that somebody did not answer, and is asked again."""
    WAITED.labels(what).inc()
    log.warning("worker.waited", what=what, error=error)


def turned(gap_s: float) -> None:
    """Note how long the loop has taken for one turn."""
    TURN_SECONDS.observe(gap_s)


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


def lag_seen(lag: Mapping[tuple[str, int], int]) -> None:
    """Show how many records lie unread."""
    for (topic, partition), count in lag.items():
        BACKLOG.labels(topic, partition).set(count)
