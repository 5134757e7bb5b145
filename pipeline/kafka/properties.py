"""Whether librdkafka takes the properties that users give it."""

from typing import Final

from confluent_kafka import Consumer, KafkaException, Producer

from pipeline.config import KafkaSettings
from pipeline.errors import ConfigError
from pipeline.kafka import security
from pipeline.kafka.clients import consumer_config, given, producer_config, without_secrets

_KEY: Final = (
    "the key of `ssl.key.location` is not that of `ssl.certificate.location`, or "
    "`ssl.key.password` in `kafka.secrets` is not its password"
)


def check(kafka: KafkaSettings) -> None:
    """Make clients of the properties, and end them before they connect.

    Raises:
        ConfigError: One does not exist, has a value that it cannot have, names a file that is not
            what it should be, or is the program's own.
    """
    security.check(given(kafka))
    try:
        Producer(producer_config(kafka))
        Consumer(consumer_config(kafka, group="check")).close()
    except KafkaException as error:
        reason = without_secrets(str(error.args[0].str()), kafka)
        if "ssl.key.location failed" in reason:
            reason = _KEY
        raise ConfigError(f"`kafka.client`: {reason}") from None
