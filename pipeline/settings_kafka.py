"""Settings of what is outside on the Kafka side: brokers, registry, topics."""

import re
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    HttpUrl,
    PositiveFloat,
    PositiveInt,
    SecretStr,
    field_validator,
    model_validator,
)

TopicName = Annotated[str, Field(pattern=r"^[a-zA-Z0-9._-]{1,249}$")]

_SECRET_PROPERTY = re.compile("password|passphrase|secret|key[.]pem|auth[.]token|user[.]info")
"""How clients of Kafka and of the registry name the properties that are secret."""

_Properties = dict[str, str | int | float | bool]


class Section(BaseModel):
    """A frozen group of settings; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


def _without_secrets(client: _Properties, place: str) -> _Properties:
    for name in client:
        if _SECRET_PROPERTY.search(name):
            raise ValueError(f"`{name}` is secret: move it to `{place}`")
    return client


class KafkaSettings(Section):
    """How to reach Kafka. What exactness depends on is owned by the program."""

    bootstrap_servers: str = Field(default="localhost:9092", min_length=1)
    """Host and port of one broker or several, separated by commas."""
    client: _Properties = Field(default_factory=dict)
    """Further librdkafka properties of every client, such as `security.protocol`."""
    secrets: dict[str, SecretStr] = Field(default_factory=dict)
    """librdkafka properties that are secret, such as `sasl.password`."""
    group_protocol: Literal["classic", "consumer"] = "classic"
    """Kafka's group protocol; `consumer` is KIP-848 and needs brokers of 4.0."""
    session_timeout_s: PositiveFloat = 45.0
    """How long a silent member keeps its partitions; with `consumer` say what the broker has."""
    static_membership: bool = False
    """A restarted worker gets its partitions back at once; needs an `instance` that stays."""
    partitioner: Literal["murmur2", "crc32"] = "murmur2"
    """How producers place keys: `murmur2` as Java's clients, `crc32` as librdkafka by default."""

    @field_validator("client")
    @classmethod
    def _no_secret(cls, client: _Properties) -> _Properties:
        if "sasl.jaas.config" in client:
            raise ValueError(
                "`sasl.jaas.config` is for Java: set `sasl.username` here, and `sasl.password` in "
                "`kafka.secrets`"
            )
        return _without_secrets(client, "kafka.secrets")


class RegistrySettings(Section):
    """A schema registry with Confluent's API; absent: schemas come with the program."""

    url: HttpUrl
    """Base address, such as http://registry:8081."""
    user: str | None = None
    """User of basic authentication."""
    password: SecretStr | None = None
    """Password of basic authentication."""
    ca_file: str | None = None
    """PEM file of the authority that signed the registry's certificate."""
    client: _Properties = Field(default_factory=dict)
    """Further properties of Confluent's client, such as `ssl.certificate.location`."""
    secrets: dict[str, SecretStr] = Field(default_factory=dict)
    """Properties of it that are secret, such as `bearer.auth.token`."""

    @field_validator("client")
    @classmethod
    def _no_secret(cls, client: _Properties) -> _Properties:
        return _without_secrets(client, "registry.secrets")

    @model_validator(mode="after")
    def _whole_credentials(self) -> Self:
        if self.url.username or self.url.password:
            raise ValueError("`url` holds a user: set `user` and `password` instead")
        if (self.user is None) != (self.password is None):
            raise ValueError("`user` and `password` go together: set both or neither")
        if self.user is not None and "bearer.auth.credentials.source" in self.client:
            raise ValueError("`user` and a token are both set: keep one")
        return self


class TopicSettings(Section):
    """Names of topics, and how `pipeline topics create` makes them."""

    commerce: tuple[TopicName, ...] = Field(default=("commerce-events",), min_length=1)
    """Where shops publish; several must have the same number of partitions."""
    guest_states: TopicName = "guest-states"
    """Compacted: what assemble knows of each guest."""
    stream_events: TopicName = "stream-events"
    """What is owed to Sitecore."""
    deliveries: TopicName = "deliveries"
    """Compacted: what Sitecore has accepted of each guest."""
    dead_letters: TopicName = "dead-letters"
    """What was set aside, with its original bytes and the reason."""
    replication_factor: PositiveInt = 3
    """Replicas of topics that `pipeline topics create` makes."""
    partitions: PositiveInt = 24
    """Partitions of topics that `pipeline topics create` makes; fixed for life."""
    stream_events_retention_days: PositiveFloat = 14.0
    """How long what is owed is kept; longer than `deliver.give_up_after_s`."""
    dead_letters_retention_days: PositiveFloat = 30.0
    """How long what was set aside is kept, original bytes and personal data included."""

    def names(self) -> tuple[str, ...]:
        """All of them."""
        ours = (self.guest_states, self.stream_events, self.deliveries, self.dead_letters)
        return (*self.commerce, *ours)

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = self.names()
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"`{name}` is named twice: every topic needs a name of its own")
        return self
