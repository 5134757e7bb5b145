"""What every worker counts that reads, decides and keeps in one transaction: assemble, rekey."""

from collections.abc import Mapping, Sequence

from prometheus_client import Counter, Gauge, Histogram

from pipeline.kafka.entries import Write
from pipeline.metrics import RECORDS, log

SECONDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)

TRANSACTION_SECONDS = Histogram(
    "pipeline_transaction_seconds", "From writing a batch until it is kept.", buckets=SECONDS
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
TRANSACTION_BYTES = Histogram(
    "pipeline_transaction_bytes",
    "Bytes of keys and values that one transaction writes.",
    buckets=(1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000),
)
ABORTS = Counter("pipeline_transaction_aborts", "Transactions of which nothing was kept.")
UNCLEAR_COMMITS = Counter(
    "pipeline_unclear_commits", "Commits without a clear answer, by what Kafka then said.", ["kept"]
)
FENCED = Counter(
    "pipeline_fenced", "Times that another member had taken over; the process ends then."
)
TURN_SECONDS = Histogram(
    "pipeline_poll_gap_seconds", "From one look for records to the next.", buckets=SECONDS
)
LONGEST_TURN = Gauge(
    "pipeline_poll_gap_longest_seconds", "The longest gap since the process started."
)
TURN_LIMIT = Gauge(
    "pipeline_poll_gap_limit_seconds", "The gap at which the group drops this member."
)
WAITED = Counter("pipeline_worker_waits", "Times that others had to be waited for.", ["what"])


def kept(
    outcomes: Mapping[tuple[str, str], int], *, writes: Sequence[Write], seconds: float
) -> None:
    """Count what became of a batch's records and timers, once they are kept.

    Args:
        outcomes: How many, by topic and outcome.
        writes: The records that were written for them.
        seconds: How long it took to keep them.
    """
    for (topic, outcome), count in outcomes.items():
        RECORDS.add(topic, outcome, times=count)
    BATCH_RECORDS.observe(sum(outcomes.values()))
    TRANSACTION_WRITES.observe(len(writes))
    TRANSACTION_BYTES.observe(sum(len(one.key or b"") + len(one.value or b"") for one in writes))
    TRANSACTION_SECONDS.observe(seconds)


def aborted(error: str) -> None:
    """Count and log a transaction of which nothing was kept; it is made again."""
    ABORTS.inc()
    log.warning("transaction.aborted", error=error)


def commit_unclear(error: str, *, kept: bool) -> None:
    """Count and log a commit without a clear answer, and what Kafka then said."""
    UNCLEAR_COMMITS.labels(str(kept).lower()).inc()
    log.warning("commit.unclear", error=error, kept=kept)


def fenced(error: str) -> None:
    """Count and log that another member has taken over."""
    FENCED.inc()
    log.warning("worker.fenced", error=error)


def waited(what: str, error: str) -> None:
    """Count and log that somebody did not answer, and is asked again."""
    WAITED.labels(what).inc()
    log.warning("worker.waited", what=what, error=error)


def gap_limited(seconds: float) -> None:
    """Show how long the loop may take for one turn."""
    TURN_LIMIT.set(seconds)


class Gaps:
    """Notes how long the loop takes for its turns."""

    def __init__(self) -> None:
        self._longest_s = 0.0

    def turned(self, gap_s: float) -> None:
        """Note one turn."""
        TURN_SECONDS.observe(gap_s)
        if gap_s > self._longest_s:
            self._longest_s = gap_s
            LONGEST_TURN.set(gap_s)


def began(partition: int, offsets: Mapping[str, int]) -> None:
    """Log where a partition begins of which nothing was ever committed."""
    log.info("partition.began", partition=partition, offsets=dict(offsets))
