"""Settings: a YAML file, the environment and secret files, in rising priority."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, HttpUrl, PositiveFloat, PositiveInt, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from pipeline.sitecore.point_of_sale import DataModel, Protocol


class Section(BaseModel):
    """A frozen group of settings; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class KafkaSettings(Section):
    """How to reach Kafka. What exactness depends on is owned by the program."""

    bootstrap_servers: str = "localhost:9092"
    """Host and port of one broker or several, separated by commas."""
    client: dict[str, str | int | float | bool] = Field(default_factory=dict)
    """Further librdkafka properties of every client, such as `security.protocol`."""
    secrets: dict[str, SecretStr] = Field(default_factory=dict)
    """librdkafka properties that are secret, such as `sasl.password`."""
    group_protocol: Literal["classic", "consumer"] = "classic"
    """Kafka's group protocol; `consumer` is KIP-848 and needs brokers of 4.0."""
    session_timeout_s: PositiveFloat = 45.0
    """How long a silent member keeps its partitions (classic protocol)."""


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


class TopicSettings(Section):
    """Names of topics."""

    commerce: tuple[str, ...] = ("commerce-events",)
    """Where shops publish; several must have the same number of partitions."""
    guest_states: str = "guest-states"
    """Compacted: what assemble knows of each guest."""
    stream_events: str = "stream-events"
    """What is owed to Sitecore."""
    deliveries: str = "deliveries"
    """Compacted: what Sitecore has accepted of each guest."""
    dead_letters: str = "dead-letters"
    """What was set aside, with its original bytes and the reason."""
    replication_factor: PositiveInt = 3
    """Replicas of topics that `pipeline topics create` makes."""
    partitions: PositiveInt = 24
    """Partitions of topics that `pipeline topics create` makes; fixed for life."""


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
    """How long a guest without open business is kept; more than `order_age_max_days`."""
    batch_window_s: PositiveFloat = 0.05
    """Longest time to gather a batch; each batch is one transaction."""
    batch_max: PositiveInt = 10_000
    """Most records of a batch."""


class DeliverSettings(Section):
    """How fast, how often and how long deliver tries."""

    requests_per_s: PositiveFloat | None = None
    """The destination's limit for the whole group; unset: learned from its 429s."""
    in_flight_max: PositiveInt = 64
    """Requests of one worker under way at once."""
    in_hand_max: PositiveInt = 10_000
    """Records of one partition read and not yet finished."""
    request_timeout_s: PositiveFloat = 10.0
    """Longest life of one request, from connecting to the last byte of its answer."""
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


class PointOfSaleSettings(Section):
    """One point of sale of the tenant."""

    name: str
    """The name exactly as the tenant has it."""
    protocol: Protocol = Protocol.AUTOMATIC
    """How orders are told: `single`, `multiple` or `automatic`."""
    data_model: DataModel = DataModel.V2_1
    """The tenant's data model; 2.0 must be `multiple`."""
    session_timeout_s: PositiveFloat = 1200.0
    """The point of sale's session timeout as set in the tenant."""
    session_margin_s: PositiveFloat = 30.0
    """How much earlier a session is no longer trusted to be open."""
    language: str | None = None
    """Two letters, sent when an event names none."""
    page: str = "commerce"
    """Sent when an event names no page."""
    organization_currency: str | None = None
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


class SitecoreSettings(Section):
    """How to reach the Stream API."""

    endpoint: HttpUrl = HttpUrl("https://api-engage-eu.sitecorecloud.io")
    """Base address of the Stream API, by region."""
    client_key: SecretStr | None = None
    """Identifies the tenant. From a mounted file or the environment, never from values."""
    client_key_file: str | None = None
    """File that holds the client key; read again when it changes."""
    wire_form: Literal["post", "get"] = "post"
    """`post`: as Sitecore's SDK sends; `get`: as the direct HTTP pages document."""
    http: Literal["pyreqwest", "httpx"] = "pyreqwest"
    """The HTTP client: the fast one, or the plain one."""
    ca_file: str | None = None
    """PEM file of further authorities to trust."""
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


class ServerSettings(Section):
    """The worker's own port: /livez, /readyz, /metrics."""

    host: str = "0.0.0.0"  # noqa: S104 — a pod's probes come from outside
    """Address to listen on."""
    port: int = Field(default=9464, ge=0, le=65535)
    """Port; `run` without an argument gives deliver the next one. 0: any free one."""


class Settings(BaseSettings):
    """Everything that can be set."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix="PIPELINE_",
        env_nested_delimiter="__",
        use_attribute_docstrings=True,
    )

    application: str = "commerce-to-sitecore"
    """Prefix of group and transactional ids, and the name space of delivery ids."""
    instance: str | None = None
    """Name of this worker's instance, stable over restarts; unset: the host's name."""
    kafka: KafkaSettings = KafkaSettings()
    registry: RegistrySettings | None = None
    topics: TopicSettings = TopicSettings()
    assemble: AssembleSettings = AssembleSettings()
    deliver: DeliverSettings = DeliverSettings()
    sitecore: SitecoreSettings = SitecoreSettings()
    server: ServerSettings = ServerSettings()
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Least severe log lines that are written."""
