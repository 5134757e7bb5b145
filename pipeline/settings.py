"""Everything that can be set: its name, its type, its default, and what it means."""

import re
from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    HttpUrl,
    PositiveFloat,
    PositiveInt,
    SecretStr,
    field_validator,
    model_validator,
)

from pipeline.sitecore.point_of_sale import DataModel, Protocol

TopicName = Annotated[str, Field(pattern=r"^[a-zA-Z0-9._-]{1,249}$")]
PrefixName = Annotated[str, Field(pattern=r"^[a-zA-Z0-9._-]{1,100}$")]

_SECRET_PROPERTY = re.compile("password|passphrase|secret|key[.]pem")
"""How librdkafka names the properties that are secret."""


def _text(value: object) -> object:
    return str(value) if isinstance(value, float) else value


class Section(BaseModel):
    """A frozen group of settings; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class KafkaSettings(Section):
    """How to reach Kafka. What exactness depends on is owned by the program."""

    bootstrap_servers: str = Field(default="localhost:9092", min_length=1)
    """Host and port of one broker or several, separated by commas."""
    client: dict[str, str | int | float | bool] = Field(default_factory=dict)
    """Further librdkafka properties of every client, such as `security.protocol`."""
    secrets: dict[str, SecretStr] = Field(default_factory=dict)
    """librdkafka properties that are secret, such as `sasl.password`."""
    group_protocol: Literal["classic", "consumer"] = "classic"
    """Kafka's group protocol; `consumer` is KIP-848 and needs brokers of 4.0."""
    session_timeout_s: PositiveFloat = 45.0
    """How long a silent member keeps its partitions; with `consumer` say what the broker has."""

    @field_validator("client")
    @classmethod
    def _no_secret(cls, client: dict[str, object]) -> dict[str, object]:
        for name in client:
            if _SECRET_PROPERTY.search(name):
                raise ValueError(f"`{name}` is secret: move it to `kafka.secrets`")
        return client


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

    @model_validator(mode="after")
    def _whole_credentials(self) -> Self:
        if self.url.username or self.url.password:
            raise ValueError("`url` holds a user: set `user` and `password` instead")
        if (self.user is None) != (self.password is None):
            raise ValueError("`user` and `password` go together: set both or neither")
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

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        ours = (self.guest_states, self.stream_events, self.deliveries, self.dead_letters)
        names = [*self.commerce, *ours]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"`{name}` is named twice: every topic needs a name of its own")
        return self


class AssembleSettings(Section):
    """What the assembler waits for and remembers."""

    start_at: str = "earliest"
    """Where a new group begins: `earliest`, or a time such as 2026-01-31T00:00:00Z."""
    identity_wait_s: PositiveFloat = 600.0
    """How long an order waits for an identity; then it is set aside."""
    payment_wait_s: PositiveFloat = 60.0
    """How long an order waits for its payment type; then it is owed without one."""
    lines_wait_s: PositiveFloat = 60.0
    """How long an order without lines waits for a cart that adds up to its total."""
    order_wait_s: PositiveFloat = 600.0
    """How long a payment waits for its order; then it is set aside."""
    repeat_horizon_s: PositiveFloat = 86_400.0
    """How long an event id is remembered."""
    cart_horizon_s: PositiveFloat = 3600.0
    """How long superseded cart facts are remembered for late ones."""
    guest_idle_days: PositiveFloat = 45.0
    """How long a guest without open business is kept; more than `sitecore.order_age_max_days`."""
    batch_window_s: PositiveFloat = 0.05
    """Longest time to gather a batch; each batch is one transaction."""
    batch_max: PositiveInt = 10_000
    """Most records of a batch."""

    @field_validator("start_at")
    @classmethod
    def _a_time(cls, start_at: str) -> str:
        if start_at == "earliest":
            return start_at
        try:
            zone = datetime.fromisoformat(start_at).tzinfo
        except ValueError:
            zone = None
        if zone is None:
            raise ValueError("write `earliest`, or a time with its zone: 2026-01-31T00:00:00Z")
        return start_at


class DeliverSettings(Section):
    """How fast, how often and how long deliver tries."""

    requests_per_s: PositiveFloat | None = None
    """The destination's limit for the whole group; unset: learned from its 429s."""
    in_flight_max: PositiveInt = 64
    """Requests of one worker under way at once."""
    in_hand_max: PositiveInt = 10_000
    """Records of one partition read and not yet finished."""
    request_timeout_s: PositiveFloat = 10.0
    """Longest life of one request, from connecting to the last byte; less than `drain_s`."""
    lease_s: PositiveFloat = 20.0
    """No request starts later than this after the last acknowledged commit."""
    backoff_first_s: PositiveFloat = 0.5
    """Upper bound of the first wait before trying again; it doubles."""
    backoff_max_s: PositiveFloat = 60.0
    """Upper bound of any such wait."""
    give_up_after_s: PositiveFloat = 86_400.0
    """Giving up needs this time and `tries_max` tries, both."""
    tries_max: PositiveInt = 20
    """See `give_up_after_s`."""
    unknown_tries_max: PositiveInt = 3
    """Tries of a request whose answer never came, before it is set aside."""
    retry_after_max_s: PositiveFloat = 3600.0
    """A `Retry-After` above this is an outage."""
    behaviour_age_max_s: PositiveFloat = 300.0
    """Older carts and behaviour are not sent: Sitecore takes arrival for event time."""
    drain_s: PositiveFloat = 20.0
    """How long stop and revoke wait for requests in flight."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.request_timeout_s >= self.drain_s:
            raise ValueError(
                f"`request_timeout_s` ({self.request_timeout_s:g}) must be less than `drain_s` "
                f"({self.drain_s:g}), or stopping cuts requests that may have arrived"
            )
        if self.backoff_first_s > self.backoff_max_s:
            raise ValueError("`backoff_first_s` is more than `backoff_max_s`: lower the first")
        return self


class PointOfSaleSettings(Section):
    """One point of sale of the tenant."""

    name: str = Field(min_length=1)
    """The name exactly as the tenant has it."""
    protocol: Protocol = Protocol.AUTOMATIC
    """How orders are told: `single`, `multiple` or `automatic`."""
    data_model: Annotated[DataModel, BeforeValidator(_text)] = DataModel.V2_1
    """The tenant's data model; 2.0 must be `multiple`."""
    session_timeout_s: PositiveFloat = 1200.0
    """The point of sale's session timeout as set in the tenant."""
    session_margin_s: PositiveFloat = 30.0
    """How much earlier a session is no longer trusted to be open."""
    language: str | None = Field(default=None, pattern="^[A-Za-z]{2}$")
    """Two letters, sent when an event names none."""
    page: str = Field(default="commerce", min_length=1)
    """Sent when an event names no page."""
    organization_currency: str | None = Field(default=None, pattern="^[A-Z]{3}$")
    """Currency in which ORDER_CHECKOUT wants line prices; unset: the order's."""
    item_types: frozenset[str] | None = None
    """Item types declared in the tenant; unset: not checked."""
    identity_providers: frozenset[str] | None = None
    """Providers of the tenant's identity rules; unset: not checked."""
    payment_type_default: str | None = None
    """Said of an order whose payment stayed unknown."""
    order_item_price: Literal["unit", "line"] = "unit"
    """What the price of an ORDER_CHECKOUT item means; not documented by Sitecore."""
    personal_fields: bool = True
    """Whether names and contact data are sent."""
    upper_case_order_ids: bool = False
    """Send order ids in upper case; only if yours are unique without case."""
    attribute_types: dict[str, Literal["string", "boolean", "integer", "float"]] = Field(
        default_factory=dict
    )
    """The one type of each extension attribute, by its sent name."""

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.data_model is DataModel.V2_0 and self.protocol is not Protocol.MULTIPLE:
            raise ValueError(
                f"`{self.name}` has data model 2.0, which knows no ORDER_CHECKOUT: "
                "set `protocol: multiple`"
            )
        if self.session_margin_s >= self.session_timeout_s:
            raise ValueError("`session_margin_s` must be less than `session_timeout_s`")
        return self


class SitecoreSettings(Section):
    """How to reach the Stream API, and what the tenant has."""

    endpoint: HttpUrl = HttpUrl("https://api-engage-eu.sitecorecloud.io")
    """Base address of the Stream API, by region."""
    client_key: SecretStr | None = Field(default=None, min_length=1)
    """Identifies the tenant. From a secret file or the environment, never from values."""
    client_key_file: str | None = Field(default=None, min_length=1)
    """File that holds the client key; read again when it changes. Instead of `client_key`."""
    wire_form: Literal["post", "get"] = "post"
    """`post`: as Sitecore's SDK sends; `get`: as the direct HTTP pages document."""
    http: Literal["pyreqwest", "httpx"] = "pyreqwest"
    """The HTTP client: the fast one, or the plain one."""
    ca_file: str | None = None
    """PEM file of further authorities to trust."""
    certificate_file: str | None = None
    """PEM file of our own certificate, for a gateway that asks for one."""
    certificate_key_file: str | None = None
    """PEM file of its key; unset: the key is in `certificate_file`."""
    proxy: HttpUrl | None = None
    """Forward proxy."""
    mark_requests: bool = False
    """Send delivery id and possible-repeat mark as HTTP headers."""
    browser_ids: Literal["shared", "own"] = "shared"
    """`own`: ask for a browser id for each guest instead of those in events."""
    order_age_max_days: PositiveFloat = 30.0
    """Older orders are historic: they are set aside."""
    points_of_sale: tuple[PointOfSaleSettings, ...] = ()
    """Every point of sale of the tenant; events of any other are refused."""

    @model_validator(mode="after")
    def _unambiguous(self) -> Self:
        if self.client_key is not None and self.client_key_file is not None:
            raise ValueError("`client_key` and `client_key_file` are both set: keep one")
        if self.certificate_key_file is not None and self.certificate_file is None:
            raise ValueError("`certificate_key_file` is the key of no certificate: remove it")
        names = [point.name for point in self.points_of_sale]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"the point of sale `{name}` is there twice: keep one")
        return self


class ServerSettings(Section):
    """The worker's own port: /livez, /readyz, /metrics."""

    host: str = "0.0.0.0"  # noqa: S104 — a pod's probes come from outside
    """Address to listen on."""
    port: int = Field(default=9464, ge=0, le=65535)
    """Port; `run` without an argument gives deliver the next one. 0: any free one."""
