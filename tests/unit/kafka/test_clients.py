"""What users may say to Kafka's clients, and what they may not."""

from functools import partial

import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient
from pydantic import SecretStr

from pipeline.config import KafkaSettings
from pipeline.errors import ConfigError
from pipeline.kafka.clients import (
    admin_config,
    consumer_config,
    poll_gap_max_s,
    producer_config,
)

PLAIN = KafkaSettings(bootstrap_servers="broker:9092")


def test_the_users_properties_reach_every_client() -> None:
    """Without TLS and SASL nobody's Kafka can be reached."""
    settings = KafkaSettings(client={"security.protocol": "SSL"})

    assert consumer_config(settings, group="g")["security.protocol"] == "SSL"
    assert producer_config(settings)["security.protocol"] == "SSL"
    assert admin_config(settings)["security.protocol"] == "SSL"


def test_secrets_reach_the_client_and_nothing_else() -> None:
    """A password in a printed setting is in a log the next day."""
    settings = KafkaSettings(secrets={"sasl.password": SecretStr("hidden")})

    assert producer_config(settings)["sasl.password"] == "hidden"
    assert "hidden" not in repr(settings)


BREAKS_A_PROMISE = {
    "acks": "exactly once",
    "request.required.acks": "exactly once",
    "enable.idempotence": "exactly once",
    "isolation.level": "exactly once",
    "max.in.flight": "exactly once",
    "max.in.flight.requests.per.connection": "exactly once",
    "message.timeout.ms": "exactly once",
    "delivery.timeout.ms": "exactly once",
    "retries": "exactly once",
    "message.send.max.retries": "exactly once",
    "transaction.timeout.ms": "exactly once",
    "transactional.id": "`application` and `instance`",
    "group.id": "`application` and `instance`",
    "group.instance.id": "kafka.static_membership",
    "group.protocol": "kafka.group_protocol",
    "group.remote.assignor": "shared by the topics",
    "partition.assignment.strategy": "shared by the topics",
    "session.timeout.ms": "kafka.session_timeout_s",
    "heartbeat.interval.ms": "kafka.session_timeout_s",
    "enable.auto.commit": "never by the client alone",
    "auto.commit.interval.ms": "never by the client alone",
    "enable.auto.offset.store": "never by the client alone",
    "auto.offset.reset": "skip records in silence",
    "enable.partition.eof": "timers",
    "partitioner": "kafka.partitioner",
    "queuing.strategy": "order",
    "allow.auto.create.topics": "misspelt",
    "topic.blacklist": "no records",
    "delivery.report.only.error": "reports",
    "message.max.bytes": "topic's own limit",
    "plugin.library.paths": "plug-in",
    "retry.backoff.ms": "transaction",
    "bootstrap.servers": "kafka.bootstrap_servers",
}
"""What users might set in good faith, and a word of the reason why they may not."""


@pytest.mark.parametrize(("key", "reason"), BREAKS_A_PROMISE.items())
def test_what_a_promise_depends_on_is_refused_with_the_reason(key: str, reason: str) -> None:
    """It would lose or double orders in silence, and nobody would look for it here."""
    settings = KafkaSettings(client={key: "x"})

    for config in (partial(consumer_config, group="g"), producer_config, admin_config):
        with pytest.raises(ConfigError, match=f"'{key}' is owned by the program: .*{reason}"):
            config(settings)


def test_a_restarted_member_is_the_same_member_only_where_that_was_asked_for() -> None:
    """A static member that is gone for good blocks its partitions until its session ends."""
    static = KafkaSettings(static_membership=True)

    joining = consumer_config(static, group="g", member="pod-0")
    reading = consumer_config(static, group="g")
    plain = consumer_config(PLAIN, group="g", member="pod-0")

    assert joining["group.instance.id"] == "pod-0"
    assert "group.instance.id" not in reading | plain
    Consumer(joining).close()


@pytest.mark.parametrize(
    ("said", "librdkafkas"), [("murmur2", "murmur2_random"), ("crc32", "consistent_random")]
)
def test_keys_are_placed_as_the_settings_say(said: str, librdkafkas: str) -> None:
    """What `publish` and `rekey` write must meet what shops write."""
    settings = KafkaSettings.model_validate({"partitioner": said})

    config = producer_config(settings)

    assert config["partitioner"] == librdkafkas
    Producer(config)


def test_the_limit_of_the_poll_gap_is_the_clients() -> None:
    """A gap is long or short only beside the limit that ends a membership."""
    settings = KafkaSettings(client={"max.poll.interval.ms": 60_000})

    assert poll_gap_max_s(settings) == 60.0
    assert poll_gap_max_s(PLAIN) == 300.0


def test_an_owned_property_is_refused_as_a_secret_too() -> None:
    """There is no second door."""
    with pytest.raises(ConfigError, match="acks"):
        producer_config(KafkaSettings(secrets={"acks": SecretStr("0")}))


def test_a_property_of_one_kind_of_client_goes_to_that_kind_only() -> None:
    """The client warns of properties that it does not use, at every start."""
    settings = KafkaSettings(client={"fetch.max.bytes": 1000, "compression.type": "lz4"})

    assert "fetch.max.bytes" not in producer_config(settings)
    assert "compression.type" not in consumer_config(settings, group="g")
    assert admin_config(settings).keys().isdisjoint({"fetch.max.bytes", "compression.type"})


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
@pytest.mark.parametrize("several", [True, False])
def test_the_client_takes_what_we_configure(protocol: str, several: bool) -> None:
    """A property that the client refuses would end every worker at start."""
    settings = KafkaSettings.model_validate({"group_protocol": protocol})

    Consumer(consumer_config(settings, group="g", co_partitioned=several)).close()
    Producer(producer_config(settings, transactional_id="t")).close()
    AdminClient(admin_config(settings))


def test_several_topics_are_shared_by_partition_number() -> None:
    """A guest's cart and payment must come to the same worker."""
    several = consumer_config(PLAIN, group="g", co_partitioned=True)
    one = consumer_config(PLAIN, group="g")

    assert several["partition.assignment.strategy"] == "range"
    assert one["partition.assignment.strategy"] == "cooperative-sticky"


def test_a_transaction_ends_soon_and_places_guests_as_java_does() -> None:
    """Whoever waits for a dead worker's transaction waits ten seconds, not a minute."""
    config = producer_config(PLAIN, transactional_id="t")

    assert config["transaction.timeout.ms"] == 10_000
    assert config["retry.backoff.ms"] == 10
    assert config["partitioner"] == "murmur2_random"
