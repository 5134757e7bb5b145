"""Every metric, and the log line that goes with it: call sites say what happened.

Here stands what both workers count; what only one does stands in the module of its name.
"""

import re
from functools import cache
from importlib.metadata import version
from platform import python_version

import structlog
from prometheus_client import Counter, Gauge, Info, disable_created_metrics

from pipeline.logs import Once
from pipeline.memory import limit_bytes
from pipeline.metrics.tally import Tally
from pipeline.record import Position

log = structlog.get_logger()

_once = Once()

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 14400)

disable_created_metrics()  # type: ignore[no-untyped-call]  # they double the number of series

RECORDS = Tally(
    "pipeline_records", "Records taken from Kafka, by what became of them.", ["topic", "outcome"]
)
DEAD_LETTERS = Counter(
    "pipeline_dead_letters", "Records set aside, by worker and reason.", ["worker", "reason"]
)
PARTITION_CHANGES = Counter(
    "pipeline_partition_changes", "Partitions gained and lost.", ["worker", "change"]
)
PARTITIONS = Gauge(
    "pipeline_partitions", "Partitions of this worker, by whether they are at work.", ["state"]
)
EXPIRED = Counter(
    "pipeline_expired_records",
    "Offsets that were deleted before they were read: so many records at most.",
    ["topic"],
)
BACKLOG = Gauge("pipeline_backlog_records", "Records not yet done.", ["topic", "partition"])
OLDEST = Gauge(
    "pipeline_oldest_pending_timestamp_seconds",
    "No record that is not done is older than this Kafka timestamp; 0: there is none.",
    ["worker"],
)
KAFKA_ERRORS = Counter(
    "pipeline_kafka_errors", "Complaints of Kafka clients that no call could raise.", ["code"]
)
BUILD = Info(
    "pipeline_build", "What runs in this process: `worker`, `version`, `python`, `confluent_kafka`."
)
MEMORY_LIMIT = Gauge(
    "pipeline_memory_limit_bytes",
    "Memory that this process may use: its container's limit, or what the machine has.",
)
SIDE_DOOR_BROKEN = Counter(
    "pipeline_side_door_broken", "Connections to /livez, /readyz or /metrics that broke."
)


@cache
def label_of(name: str) -> str:
    """Turn the name of a class into a label value: `OrderPlaced` is `order_placed`."""
    return re.sub("(?<=[a-z])(?=[A-Z])", "_", name).lower()


def started(worker: str) -> None:
    """Say in numbers and words what has started."""
    build = {
        "worker": worker,
        "version": version("commerce-to-sitecore"),
        "python": python_version(),
        "confluent_kafka": version("confluent-kafka"),
    }
    BUILD.info(build)
    MEMORY_LIMIT.set(limit_bytes())
    log.info("worker.started", **build)


def failed() -> None:
    """Log a fault of the program with its trace; the process ends, so nothing is counted."""
    log.critical("process.failed", exc_info=True)


def side_door_opened(port: int) -> None:
    """Log where probes and scrapes are answered; nothing to count."""
    log.info("side_door.opened", port=port)


def side_door_broken(error: str) -> None:
    """Count and log an answer that could not be given: the client left, or a check failed."""
    SIDE_DOOR_BROKEN.inc()
    log.info("side_door.broken", error=error)


def set_aside(worker: str, reason: str, position: object, delivery_id: str = "") -> None:
    """Count and log something that went to the dead letters."""
    DEAD_LETTERS.labels(worker, reason).inc()
    log.warning(
        "record.dead_lettered",
        worker=worker,
        reason=reason,
        position=str(position),
        delivery_id=delivery_id,
    )


def expired(position: Position, count: int) -> None:
    """Count and log records that were deleted unread, from the one that was to be read next."""
    EXPIRED.labels(position.topic).inc(count)
    log.error("records.expired", position=str(position), count=count)


def partitions_changed(worker: str, change: str, partitions: tuple[int, ...]) -> None:
    """Count and log partitions that came or went."""
    PARTITION_CHANGES.labels(worker, change).inc(len(partitions))
    log.info("partitions.changed", worker=worker, change=change, partitions=list(partitions))


def partitions_are(*, at_work: int, waiting: int) -> None:
    """Show how many partitions are ours, and how many of them nothing is done for yet."""
    PARTITIONS.labels("at_work").set(at_work)
    PARTITIONS.labels("waiting").set(waiting)


partitions_are(at_work=0, waiting=0)


def kafka_complained(code: str, text: str, look_at: str | None) -> None:
    """Count what a client could tell to no call, such as a wrong password; log it now and then.

    *look_at* names the settings that it is about, if it is.
    """
    KAFKA_ERRORS.labels(code).inc()
    if _once.passes(text):
        more = {} if look_at is None else {"look_at": look_at}
        log.warning("kafka.complained", code=code, text=text, **more)
