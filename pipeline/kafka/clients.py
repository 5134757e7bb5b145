"""Properties of Kafka clients: what users may set, and what exactness depends on."""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

from confluent_kafka import Consumer, KafkaError, Producer
from confluent_kafka.admin import AdminClient

from pipeline import metrics
from pipeline.config import KafkaSettings
from pipeline.errors import ConfigError
from pipeline.kafka import complaints
from pipeline.logs import librdkafka

ClientConfig: TypeAlias = dict[str, Any]


class Clients(NamedTuple):
    """Makes clients: the library's own, or those of a Kafka that is simulated."""

    consumer: Callable[[ClientConfig], Consumer] = Consumer
    producer: Callable[[ClientConfig], Producer] = Producer
    admin: Callable[[ClientConfig], AdminClient] = AdminClient


TRANSACTION_TIMEOUT_S: Final = 10.0
_POLL_GAP_MS: Final = 300_000
"""librdkafka's default of ``max.poll.interval.ms``."""

_EXACTLY_ONCE: Final = "what is written exactly once depends on it"
_OUR_OFFSETS: Final = "offsets are committed with what they stand for, never by the client alone"
_OUR_GROUP: Final = "the program chooses how partitions are shared by the topics it reads"
_OUR_NAMES: Final = "groups and transactional ids follow from `application` and `instance`"
_OUR_CALLBACKS: Final = "logs and errors are reported by the program"
_OUR_ORDER: Final = "records of one guest must be read in the order in which they lie"

_OWNED: Final[Mapping[str, str]] = {
    "bootstrap.servers": "set kafka.bootstrap_servers",
    "metadata.broker.list": "set kafka.bootstrap_servers",
    "session.timeout.ms": "set kafka.session_timeout_s",
    "heartbeat.interval.ms": "it follows from kafka.session_timeout_s",
    "group.protocol": "set kafka.group_protocol",
    "group.remote.assignor": _OUR_GROUP,
    "partition.assignment.strategy": _OUR_GROUP,
    "group.id": _OUR_NAMES,
    "group.instance.id": "set kafka.static_membership, and `instance` to a name that stays",
    "group.protocol.type": _OUR_GROUP,
    "transactional.id": _OUR_NAMES,
    "enable.auto.commit": _OUR_OFFSETS,
    "auto.commit.enable": _OUR_OFFSETS,
    "auto.commit.interval.ms": _OUR_OFFSETS,
    "enable.auto.offset.store": _OUR_OFFSETS,
    "offset.store.method": _OUR_OFFSETS,
    "auto.offset.reset": "set assemble.start_at; anything else would skip records in silence",
    "enable.partition.eof": "timers and restore depend on it",
    "isolation.level": _EXACTLY_ONCE,
    "enable.idempotence": _EXACTLY_ONCE,
    "enable.gapless.guarantee": _EXACTLY_ONCE,
    "acks": _EXACTLY_ONCE,
    "request.required.acks": _EXACTLY_ONCE,
    "retries": _EXACTLY_ONCE,
    "message.send.max.retries": _EXACTLY_ONCE,
    "max.in.flight": _EXACTLY_ONCE,
    "max.in.flight.requests.per.connection": _EXACTLY_ONCE,
    "message.timeout.ms": _EXACTLY_ONCE,
    "delivery.timeout.ms": _EXACTLY_ONCE,
    "transaction.timeout.ms": _EXACTLY_ONCE,
    "retry.backoff.ms": "a transaction waits for it several times",
    "message.max.bytes": "each topic's own limit decides",
    "partitioner": "set kafka.partitioner",
    "queuing.strategy": _OUR_ORDER,
    "allow.auto.create.topics": "a misspelt topic would come up by itself, and stay empty",
    "topic.blacklist": "a topic that cannot be seen looks as if it had no records",
    "delivery.report.only.error": "what Kafka has is known by its reports alone",
    "dr_cb": _OUR_CALLBACKS,
    "dr_msg_cb": _OUR_CALLBACKS,
    "error_cb": _OUR_CALLBACKS,
    "stats_cb": _OUR_CALLBACKS,
    "throttle_cb": _OUR_CALLBACKS,
    "oauth_cb": "tokens come by `sasl.oauthbearer.method`",
    "on_commit": _OUR_CALLBACKS,
    "on_delivery": _OUR_CALLBACKS,
    "logger": _OUR_CALLBACKS,
    "plugin.library.paths": "what a plug-in does to records is not known to us",
    "test.mock.num.brokers": "only the demo has an embedded broker",
}

_PARTITIONERS: Final = {"murmur2": "murmur2_random", "crc32": "consistent_random"}
"""librdkafka's names: records without a key, which no guest's are, go anywhere."""

_CONSUMERS_ONLY: Final = (
    "fetch.",
    "queued.",
    "max.poll.",
    "max.partition.",
    "group.",
    "check.crcs",
)
_PRODUCERS_ONLY: Final = ("queue.buffering.", "linger.", "batch.", "compression.", "sticky.")


def consumer_config(
    kafka: KafkaSettings,
    *,
    group: str,
    co_partitioned: bool = False,
    member: str | None = None,
    own: Mapping[str, Any] | None = None,
) -> ClientConfig:
    """Properties of a consumer that commits nothing by itself.

    Args:
        kafka: The settings; what users may not set is refused.
        group: Its group; a reader without a group names one too, and never joins it.
        co_partitioned: Whether equal partition numbers of several topics must come together.
        member: Which instance joins the group; it keeps its partitions over a restart where
            the settings say so.
        own: Properties of this one client, stronger than the user's.

    Raises:
        ConfigError: The user set a property that the program owns.
    """
    config = _common(kafka, _PRODUCERS_ONLY)
    config |= {
        "group.id": group,
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "error",
        "isolation.level": "read_committed",
        "group.protocol": kafka.group_protocol,
    }
    config |= _sharing(kafka, co_partitioned)
    if kafka.static_membership and member is not None:
        config["group.instance.id"] = member
    return config | dict(own or {})


def producer_config(
    kafka: KafkaSettings,
    *,
    transactional_id: str | None = None,
    own: Mapping[str, Any] | None = None,
) -> ClientConfig:
    """Properties of an idempotent producer, transactional if it has an id.

    Raises:
        ConfigError: The user set a property that the program owns.
    """
    config: ClientConfig = {"linger.ms": 5, "queue.buffering.max.messages": 1_000_000}
    config |= _common(kafka, _CONSUMERS_ONLY)
    config |= {
        "enable.idempotence": True,
        "acks": "all",
        "retry.backoff.ms": 10,
        "partitioner": _PARTITIONERS[kafka.partitioner],
        # The broker's limit is the topic's; ours must only not be smaller.
        "message.max.bytes": 64 * 1024 * 1024,
    }
    if transactional_id is not None:
        config["transactional.id"] = transactional_id
        config["transaction.timeout.ms"] = int(TRANSACTION_TIMEOUT_S * 1000)
    return config | dict(own or {})


def poll_gap_max_s(kafka: KafkaSettings) -> float:
    """How long a member may go without reading before the group drops it."""
    return float(kafka.client.get("max.poll.interval.ms", _POLL_GAP_MS)) / 1000


def admin_config(kafka: KafkaSettings) -> ClientConfig:
    """Properties of a client that looks and manages.

    Raises:
        ConfigError: The user set a property that the program owns.
    """
    return _common(kafka, (*_CONSUMERS_ONLY, *_PRODUCERS_ONLY))


def given(kafka: KafkaSettings) -> dict[str, Any]:
    """What users say, secrets included."""
    secrets = {key: secret.get_secret_value() for key, secret in kafka.secrets.items()}
    return {**kafka.client, **secrets}


def without_secrets(text: str, kafka: KafkaSettings) -> str:
    """Cut secrets out: clients quote values, and what others answer, who may quote them too."""
    for secret in kafka.secrets.values():
        text = text.replace(secret.get_secret_value() or "\0", "…")
    return text


class _Reports:
    """Tells what a client says beside its calls."""

    def __init__(self, kafka: KafkaSettings) -> None:
        self._kafka = kafka

    def log(self, level: int, text: str, *parts: object) -> None:
        """Log what the client logs."""
        librdkafka().log(level, "%s", without_secrets(text % parts, self._kafka))

    def complain(self, error: KafkaError) -> None:
        """Report what the client could tell to no call, such as a wrong password."""
        text = without_secrets(error.str(), self._kafka)
        metrics.kafka_complained(error.name(), text, complaints.look_at(text))


def _sharing(kafka: KafkaSettings, co_partitioned: bool) -> ClientConfig:  # noqa: FBT001
    if kafka.group_protocol == "consumer":
        return {"group.remote.assignor": "range" if co_partitioned else "uniform"}
    session_ms = int(kafka.session_timeout_s * 1000)
    return {
        "session.timeout.ms": session_ms,
        # A member that speaks less often than it must be heard is dropped for ever.
        "heartbeat.interval.ms": min(3000, session_ms // 3),
        "partition.assignment.strategy": "range" if co_partitioned else "cooperative-sticky",
    }


def _common(kafka: KafkaSettings, not_for_us: tuple[str, ...]) -> ClientConfig:
    said = given(kafka)
    for key in said:
        if key in _OWNED:
            raise ConfigError(
                f"kafka client property {key!r} is owned by the program: {_OWNED[key]}"
            )
    config: ClientConfig = {
        key: value for key, value in said.items() if not key.startswith(not_for_us)
    }
    config["bootstrap.servers"] = kafka.bootstrap_servers
    reports = _Reports(kafka)
    config["error_cb"] = reports.complain
    config["logger"] = reports
    return config
