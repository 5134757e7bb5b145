"""What librdkafka does not take is refused as a setting, before anything runs."""

import pytest
from pydantic import SecretStr

from pipeline.config import KafkaSettings
from pipeline.errors import ConfigError
from pipeline.kafka.properties import check

SECRET = "s3cr3t-value"  # noqa: S105 — what must never be seen


def test_properties_that_librdkafka_takes_pass() -> None:
    """Nothing is connected to: the broker of this address does not exist."""
    check(KafkaSettings(bootstrap_servers="127.0.0.1:1", client={"client.rack": "a"}))


@pytest.mark.parametrize(
    ("client", "said"),
    [
        ({"nosuch.property": 1}, 'No such configuration property: "nosuch.property"'),
        ({"security.protocol": "carrier-pigeon"}, "carrier-pigeon"),
        ({"acks": 1}, "owned by the program"),
    ],
)
def test_a_property_that_librdkafka_does_not_take_is_refused(
    client: dict[str, str | int | float | bool], said: str
) -> None:
    """A worker would end with a fault of the program, and name no setting."""
    with pytest.raises(ConfigError, match=said):
        check(KafkaSettings(client=client))


def test_a_secret_that_librdkafka_quotes_is_cut_out() -> None:
    """It says which value it does not take, whatever the value is."""
    secrets = {"sasl.mechanism": SecretStr(SECRET), "security.protocol": SecretStr(SECRET)}

    with pytest.raises(ConfigError) as error:
        check(KafkaSettings(secrets=secrets))

    assert "configuration property" in str(error.value)
    assert SECRET not in str(error.value)
