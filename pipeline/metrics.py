"""Every metric, and the log line that goes with it: call sites say what happened."""

from importlib.metadata import version
from platform import python_version

import structlog
from prometheus_client import Counter, Info

log = structlog.get_logger()

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 14400)

RECORDS = Counter(
    "pipeline_records", "Records taken from Kafka, by what became of them.", ["topic", "outcome"]
)
DEAD_LETTERS = Counter(
    "pipeline_dead_letters", "Records set aside, by worker and reason.", ["worker", "reason"]
)

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


BUILD = Info("pipeline_build", "What runs in this process.")
SIDE_DOOR_BROKEN = Counter(
    "pipeline_side_door_broken", "Connections to /livez, /readyz or /metrics that broke."
)


def started(worker: str) -> None:
    """Say in numbers and words what has started."""
    build = {
        "worker": worker,
        "version": version("commerce-to-sitecore"),
        "python": python_version(),
        "confluent_kafka": version("confluent-kafka"),
    }
    BUILD.info(build)
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
