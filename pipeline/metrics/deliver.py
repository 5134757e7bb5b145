"""What deliver counts."""

from prometheus_client import Counter, Gauge, Histogram

from pipeline.metrics import SECONDS, log
from pipeline.metrics.durations import Durations
from pipeline.metrics.tally import Tally

CLIENT_KEY_READS = Counter(
    "pipeline_client_key_reads",
    "Changes of the client key's file, by what came of it.",
    ["outcome"],
)


def client_key_changed() -> None:
    """Count and log that another client key is used from now on."""
    CLIENT_KEY_READS.labels("changed").inc()
    log.info("client_key.changed")


def client_key_kept(reason: str) -> None:
    """Count and log that the key's file changed and holds none: the last good one stays in use."""
    CLIENT_KEY_READS.labels(reason).inc()
    log.warning("client_key.kept", reason=reason)


CERTIFICATE_READS = Counter(
    "pipeline_certificate_reads",
    "Changes of the files for TLS to the Stream API, by what came of it.",
    ["outcome"],
)


def certificates_changed() -> None:
    """Count and log that new connections are made with other certificates from now on."""
    CERTIFICATE_READS.labels("changed").inc()
    log.info("certificates.changed")


def certificates_kept() -> None:
    """Count and log that changed files cannot be used: those read last stay in use."""
    CERTIFICATE_READS.labels("unusable").inc()
    log.warning("certificates.kept")


DELIVERED = Tally("pipeline_delivered", "Messages that Sitecore accepted, by type.", ["type"])
ATTEMPTS = Tally("pipeline_attempts", "Requests, by type and outcome.", ["type", "outcome"])
UNCONFIRMED = Counter(
    "pipeline_unconfirmed", "Accepted by status, though the body did not say so.", ["type"]
)
POSSIBLE_REPEATS = Counter(
    "pipeline_possible_repeats", "Requests that Sitecore may have had before, by why.", ["cause"]
)
DROPPED = Counter("pipeline_dropped_requests", "Requests cut while under way.")
REQUEST_SECONDS = Durations("pipeline_request_seconds", "From sending a request to its answer.")
END_TO_END_SECONDS = Durations(
    "pipeline_end_to_end_seconds",
    "From the Kafka timestamp of the completing event to the accepted answer.",
)
LEDGER_SECONDS = Durations("pipeline_ledger_write_seconds", "From an answer until Kafka has it.")
WRITE_FAILURES = Counter(
    "pipeline_write_failures", "Writes that Kafka did not acknowledge in time.", ["what"]
)
WAIT_SECONDS = Durations(
    "pipeline_wait_seconds",
    "What messages waited for: each wait when it was over, by cause.",
    ["cause"],
)
SKIPPED = Counter("pipeline_skipped", "Owed records that needed no request.", ["reason"])
ABANDONED = Counter("pipeline_abandoned_carts", "Sessions found closed that still held lines.")
COMMIT_FAILURES = Counter("pipeline_commit_failures", "Commits that were not taken.")

IN_FLIGHT = Gauge("pipeline_in_flight", "Requests whose answer is not yet kept.")
LANES_WAITING = Gauge("pipeline_lanes_waiting", "Guests that wait to try again.")
FORGOTTEN = Counter(
    "pipeline_forgotten_guests", "Idle guests who were removed from the deliveries."
)
OFFSETS_MISSING = Counter(
    "pipeline_offsets_missing", "Partitions that were begun and have no committed offset any more."
)
FULL = Gauge(
    "pipeline_full_partitions", "Partitions that are not read on: too much of them is in hand."
)
THROTTLED = Gauge("pipeline_throttled", "Whether the destination asked for a pause.")
BREAKER = Gauge("pipeline_breaker", "Whether requests leave so: 1 at one state.", ["state"])
HELD = Gauge("pipeline_held", "Whether everything is held until a person looks.")
LEDGER_GUESTS = Gauge(
    "pipeline_ledger_guests", "Guests of whom it is remembered what Sitecore has."
)
LEDGER_BYTES = Gauge(
    "pipeline_ledger_bytes", "What is remembered of what Sitecore has, as bytes, without the keys."
)

STATES = ("closed", "outage", "held")
for _state in STATES:
    BREAKER.labels(_state).set(_state == "closed")


def attempted(kind: str, outcome: str, seconds: float) -> None:
    """Count a request that was answered, or was not in time."""
    ATTEMPTS.add(kind, outcome)
    REQUEST_SECONDS.observe(seconds)


def unanswered(kind: str, reason: str, delivery_id: str) -> None:
    """Log a request of which nobody knows whether Sitecore took it; `attempted` counts it."""
    log.info("request.unanswered", type=kind, reason=reason, delivery_id=delivery_id)


def delivered(kind: str, *, unconfirmed: bool) -> None:
    """Count a message that Sitecore accepted."""
    DELIVERED.add(kind)
    if unconfirmed:
        UNCONFIRMED.labels(kind).inc()
        log.warning("message.unconfirmed", type=kind)


def possibly_repeated(kind: str, cause: str, delivery_id: str) -> None:
    """Count and log a request that Sitecore may have had before."""
    POSSIBLE_REPEATS.labels(cause).inc()
    log.info("request.possibly_repeated", type=kind, cause=cause, delivery_id=delivery_id)


def waited(cause: str, seconds: float) -> None:
    """Measure a wait that is over."""
    WAIT_SECONDS.observe(seconds, cause)


def request_dropped() -> None:
    """Count and log a request that was cut: its partition went, or the drain took too long."""
    DROPPED.inc()
    log.warning("request.dropped")


def write_failed(what: str, error: str) -> None:
    """Count and log a write that Kafka did not acknowledge; it is tried again."""
    WRITE_FAILURES.labels(what).inc()
    log.warning("write.failed", what=what, error=error)


def commit_failed(error: str) -> None:
    """Count and log a commit that was not taken; the next one follows within a second."""
    COMMIT_FAILURES.inc()
    log.warning("commit.failed", error=error)


def breaker_moved(state: str, reason: str) -> None:
    """Show and log how requests leave from now on."""
    for known in STATES:
        BREAKER.labels(known).set(known == state)
    HELD.set(state == "held")
    log.warning("breaker.moved", state=state, reason=reason)


def offsets_missing(partition: int) -> None:
    """Count and log that committed offsets have expired: what was finished is passed over."""
    OFFSETS_MISSING.inc()
    log.warning("offsets.missing", partition=partition)


RESTORE_SECONDS = Histogram(
    "pipeline_restore_seconds",
    "From asking for a partition's state to having it.",
    ["worker"],
    buckets=SECONDS,
)
RESTORE_SECONDS.labels("deliver")
RESTORE_RETRIES = Counter(
    "pipeline_restore_retries", "Restores that Kafka did not answer in time.", ["worker"]
)


def restored(worker: str, partition: int, guests: int, seconds: float) -> None:
    """Measure and log that the state of a partition is here."""
    RESTORE_SECONDS.labels(worker).observe(seconds)
    log.info(
        "partition.restored", worker=worker, partition=partition, guests=guests, seconds=seconds
    )


def restore_retried(worker: str, partition: int, error: str) -> None:
    """Count and log that a partition's state could not be read; it is tried again."""
    RESTORE_RETRIES.labels(worker).inc()
    log.warning("partition.restore_retried", worker=worker, partition=partition, error=error)
