"""Whether librdkafka takes the properties that users give it."""

from confluent_kafka import Consumer, KafkaException, Producer

from pipeline.config import KafkaSettings
from pipeline.errors import ConfigError
from pipeline.kafka.clients import consumer_config, producer_config


def check(kafka: KafkaSettings) -> None:
    """Make clients of the properties, and end them before they connect.

    Raises:
        ConfigError: One does not exist, has a value that it cannot have, or is the program's own.
    """
    try:
        Producer(producer_config(kafka))
        Consumer(consumer_config(kafka, group="check")).close()
    except KafkaException as error:
        raise ConfigError(f"`kafka.client`: {_reason(error, kafka)}") from None


def _reason(error: KafkaException, kafka: KafkaSettings) -> str:
    """Say what librdkafka says; it quotes values, and some are secret."""
    text = str(error.args[0].str())
    for secret in kafka.secrets.values():
        text = text.replace(secret.get_secret_value() or "\0", "…")
    return text
