"""What users may say to Kafka's clients, and what they may not."""

import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient
from pydantic import SecretStr

from pipeline.config import KafkaSettings
from pipeline.errors import ConfigError
from pipeline.kafka.clients import admin_config, consumer_config, producer_config

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


@pytest.mark.parametrize(
    "key",
    ["enable.auto.commit", "isolation.level", "acks", "transactional.id", "auto.offset.reset"],
)
def test_what_exactness_depends_on_is_refused(key: str) -> None:
    """It would be set in good faith and lose orders in silence."""
    with pytest.raises(ConfigError, match=f"{key}.* is owned by the program: "):
        consumer_config(KafkaSettings(client={key: "x"}), group="g")


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
