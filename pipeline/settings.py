"""What the workers and the destination can be told: names, types, defaults, and what they mean."""

from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    HttpUrl,
    PositiveFloat,
    PositiveInt,
    SecretStr,
    model_validator,
)

from pipeline.record import instant_of
from pipeline.settings_answers import AnswerSettings
from pipeline.settings_kafka import Section, TopicName
from pipeline.sitecore.point_of_sale import CHANNELS, DataModel, Protocol

PrefixName = Annotated[str, Field(pattern=r"^[a-zA-Z0-9._-]{1,100}$")]


def _text(value: object) -> object:
    return str(value) if isinstance(value, float) else value


def _upper(value: object) -> object:
    """Read words in either case."""
    return [str(word).upper() for word in value] if isinstance(value, list | tuple) else value


def _upper_keys(value: object) -> object:
    return {str(k).upper(): of for k, of in value.items()} if isinstance(value, dict) else value


def _a_time(start_at: str) -> str:
    if start_at == "earliest":
        return start_at
    try:
        instant_of(start_at)
    except ValueError:
        raise ValueError(
            "write `earliest`, or a time with its zone: 2026-01-31T00:00:00Z"
        ) from None
    return start_at


StartAt = Annotated[str, AfterValidator(_a_time)]
_Words = Annotated[frozenset[str], BeforeValidator(_upper)]
_Currencies = Annotated[
    frozenset[Annotated[str, Field(pattern="^[A-Z]{3}$")]], BeforeValidator(_upper)
]
_Languages = Annotated[
    frozenset[Annotated[str, Field(pattern="^[A-Z]{2}$")]], BeforeValidator(_upper)
]
OrderStatus = Literal["PURCHASED", "PAYMENT_PENDING", "CONFIRMED", "CANCELLED", "REFUNDED"]


class AssembleSettings(Section):
    """What the assembler waits for and remembers."""

    start_at: StartAt = "earliest"
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
    batch_window_s: PositiveFloat = 0.02
    """Least time between batches, each a transaction. Less: less delay, more for Kafka to do."""
    batch_max: PositiveInt = 10_000
    """Most records of a batch."""


class RekeySettings(Section):
    """Brings topics that are not keyed by guest into one that is; absent: there are none."""

    sources: tuple[TopicName, ...] = Field(min_length=1)
    """Topics that are not keyed by guest; their partition counts may differ."""
    target: TopicName
    """The topic of `topics.commerce` that they go into."""
    start_at: StartAt = "earliest"
    """Where a new group begins: `earliest`, or a time such as 2026-01-31T00:00:00Z."""
    batch_window_s: PositiveFloat = 0.02
    """Least time between batches, each a transaction. Less: less delay, more for Kafka to do."""
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
    """Two letters, sent when an event names none. `wire_form: get` wants one in every event."""
    page: str = Field(default="commerce", min_length=1)
    """Sent when an event names no page."""
    channels: _Words | None = None
    """Channels that it has; events of others are refused. Unset: the 13 that are documented."""
    currencies: _Currencies | None = None
    """Currencies that its guests see; events of others are refused. Unset: all of ISO 4217."""
    languages: _Languages | None = None
    """Languages that it speaks; events that name another are refused. Unset: any."""
    organization_currency: str | None = Field(default=None, pattern="^[A-Z]{3}$")
    """Currency in which ORDER_CHECKOUT wants line prices; unset: the order's."""
    item_types: _Words | None = None
    """Item types declared in the tenant; unset: not checked."""
    identity_providers: frozenset[str] | None = None
    """Providers of the tenant's identity rules; unset: not checked."""
    payment_type_default: str | None = None
    """Said of an order whose payment stayed unknown."""
    order_item_price: Literal["unit", "line"] = "unit"
    """What the price of an ORDER_CHECKOUT item means; not documented by Sitecore."""
    personal_fields: bool = True
    """Whether names and contact data are sent."""
    order_statuses: Annotated[dict[str, OrderStatus], BeforeValidator(_upper_keys)] = Field(
        default_factory=dict
    )
    """The shop's own words for an order's status, such as `paid: PURCHASED`."""
    upper_case_order_ids: bool = False
    """Send order ids in upper case, in either form; only if yours are unique without case."""
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
        if unknown := (self.channels or frozenset()) - CHANNELS:
            raise ValueError(
                f"`{self.name}` has channels that Sitecore does not know: "
                f"{', '.join(sorted(unknown))}; it knows {', '.join(sorted(CHANNELS))}"
            )
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
    http: Literal["httptools", "httpx"] = "httptools"
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
    answers: tuple[AnswerSettings, ...] = ()
    """What answers mean where the program's own rules are wrong; the first that holds decides."""

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
        mute = [point.name for point in self.points_of_sale if point.language is None]
        if self.wire_form == "get" and mute:
            raise ValueError(
                f"`wire_form` is `get`, which wants a language in every event: set `language` of "
                f"`{mute[0]}`"
            )
        return self


class ServerSettings(Section):
    """The worker's own port: /livez, /readyz, /metrics."""

    host: str = "0.0.0.0"  # noqa: S104 — a pod's probes come from outside
    """Address to listen on."""
    port: int = Field(default=9464, ge=0, le=65535)
    """Port; `run` without an argument gives deliver the next, rekey the one after. 0: any free."""
    grace_s: PositiveFloat = 60.0
    """How long whoever stops a worker waits before killing it; more than `deliver.drain_s` + 20."""
