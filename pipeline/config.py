"""Settings: a YAML file, the environment and secret files, in rising priority."""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, Self

import yaml
from pydantic import BaseModel, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NestedSecretsSettingsSource,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from pipeline.config_file import read
from pipeline.config_problems import Layer, alternatives, is_section, nearest, problems
from pipeline.errors import ConfigError
from pipeline.record import DAY_S
from pipeline.settings import (
    AssembleSettings,
    DeliverSettings,
    PointOfSaleSettings,
    PrefixName,
    RekeySettings,
    ServerSettings,
    SitecoreSettings,
)
from pipeline.settings_kafka import KafkaSettings, RegistrySettings, Section, TopicSettings

__all__ = [
    "AssembleSettings",
    "DeliverSettings",
    "KafkaSettings",
    "PointOfSaleSettings",
    "RegistrySettings",
    "RekeySettings",
    "Section",
    "ServerSettings",
    "Settings",
    "SitecoreSettings",
    "TopicSettings",
    "load",
    "show",
]

PREFIX = "PIPELINE_"
LEDGER_TIMEOUT_S = 5.0
"""How long a write to the ledger may take: `message.timeout.ms` of its producer."""

LEAVING_S = 20.0
"""What stopping may take after the drain: the last writes, commits, and leaving the group."""

_OURS = ("PIPELINE_CONFIG", "PIPELINE_SECRETS_DIR")
_SERVICE_LINK = re.compile(r"_SERVICE_(HOST|PORT(_\w+)?)$|_PORT(_\d+_(TCP|UDP|SCTP)(_\w+)?)?$")
"""What Kubernetes adds for each service: of one named `pipeline` they bear our prefix."""


class Settings(BaseSettings):
    """Everything that can be set."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        use_attribute_docstrings=True,
    )

    application: PrefixName = "commerce-to-sitecore"
    """Prefix of group and transactional ids, and the name space of delivery ids."""
    instance: PrefixName | None = None
    """Name of this worker's instance, stable over restarts; unset: the host's name."""
    kafka: KafkaSettings = KafkaSettings()
    registry: RegistrySettings | None = None
    topics: TopicSettings = TopicSettings()
    rekey: RekeySettings | None = None
    assemble: AssembleSettings = AssembleSettings()
    deliver: DeliverSettings = DeliverSettings()
    sitecore: SitecoreSettings = SitecoreSettings()
    server: ServerSettings = ServerSettings()
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Least severe log lines that are written."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 — the base's signature
        init_settings: PydanticBaseSettingsSource,
        *_others: PydanticBaseSettingsSource,
        **_named: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take what is given: only `load` looks around."""
        return (init_settings,)

    @model_validator(mode="after")
    def _remembers_long_enough(self) -> Self:
        idle, age = self.assemble.guest_idle_days, self.sitecore.order_age_max_days
        if idle <= age:
            raise ValueError(
                f"`assemble.guest_idle_days` ({idle:g}) must be more than "
                f"`sitecore.order_age_max_days` ({age:g}), or a topic that is published again "
                "doubles orders"
            )
        give_up_s, kept_days = (
            self.deliver.give_up_after_s,
            self.topics.stream_events_retention_days,
        )
        if give_up_s >= kept_days * DAY_S:
            raise ValueError(
                f"`deliver.give_up_after_s` ({give_up_s:g}) must be less than "
                f"`topics.stream_events_retention_days` ({kept_days:g}), or Kafka deletes what is "
                "still being tried"
            )
        return self

    @model_validator(mode="after")
    def _rekeys_into_what_is_read(self) -> Self:
        if self.rekey is None:
            return self
        if self.rekey.target not in self.topics.commerce:
            raise ValueError(
                f"`rekey.target` ({self.rekey.target}) must be one of `topics.commerce`, or "
                "nobody reads it"
            )
        for name in self.rekey.sources:
            if name in self.topics.names() or self.rekey.sources.count(name) > 1:
                raise ValueError(
                    f"`rekey.sources` names `{name}`, which has another place already: every "
                    "topic needs a name of its own"
                )
        return self

    @model_validator(mode="after")
    def _sends_nothing_when_thawed(self) -> Self:
        longest_s = self.deliver.lease_s + self.deliver.request_timeout_s + LEDGER_TIMEOUT_S
        if longest_s >= self.kafka.session_timeout_s:
            raise ValueError(
                f"`deliver.lease_s` + `deliver.request_timeout_s` + {LEDGER_TIMEOUT_S:g} "
                f"({longest_s:g}) must be less than `kafka.session_timeout_s` "
                f"({self.kafka.session_timeout_s:g}), or a worker that was frozen sends what "
                "another one already has"
            )
        return self

    @model_validator(mode="after")
    def _stops_before_it_is_killed(self) -> Self:
        longest_s = self.deliver.drain_s + LEAVING_S
        if longest_s >= self.server.grace_s:
            raise ValueError(
                f"`deliver.drain_s` + {LEAVING_S:g} ({longest_s:g}) must be less than "
                f"`server.grace_s` ({self.server.grace_s:g}), or a worker is killed while it stops"
            )
        return self


def load(file: Path | None, environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings.

    Args:
        file: YAML; None: environment and secret files alone.
        environment: Instead of the process's own.

    Raises:
        ConfigError: Naming every setting that is wrong, where it was found and
            what to do; never the value of a secret.
    """
    environment = os.environ if environment is None else environment
    layers = [*_file(file), _environment(environment), *_secret_files(environment)]
    tree: dict[str, Any] = {}
    for layer in layers:
        tree = _merged(tree, layer.tree)
    try:
        return Settings.model_validate(tree)
    except ValidationError as error:
        raise ConfigError("\n".join(problems(error, Settings, layers))) from None


def show(settings: Settings) -> str:
    """Say the settings in effect as YAML, secrets starred."""
    tree = settings.model_dump(mode="json")
    text = yaml.safe_dump(tree, sort_keys=False, allow_unicode=True)
    return re.sub(r"(://[^/\s:@]*):[^/\s@]*@", r"\1:**********@", text)


def _merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Lay one tree over another: mappings melt, everything else is replaced."""
    both = {
        key: _merged(under[key], over[key])
        for key in under.keys() & over.keys()
        if isinstance(under[key], dict) and isinstance(over[key], dict)
    }
    return {**under, **over, **both}


class _Variables(EnvSettingsSource):
    """Reads nested settings from a mapping of flat names."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        super().__init__(Settings)

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return {name.lower(): value for name, value in self._variables.items()}

    def decode_complex_value(self, field_name: str, field: Any, value: Any) -> Any:
        """Leave what is no JSON as it is: the model says what it should have been."""
        try:
            return super().decode_complex_value(field_name, field, value)
        except ValueError:
            return value


class _SecretFiles(NestedSecretsSettingsSource):
    """Reads nested settings from files named like `sitecore__client_key`."""

    decode_complex_value = _Variables.decode_complex_value


def _file(file: Path | None) -> Iterator[Layer]:
    if file is not None:
        yield Layer(read(file), lambda _path: str(file))


def _environment(environment: Mapping[str, str]) -> Layer:
    ours = {
        name: value
        for name, value in environment.items()
        if name.upper().startswith(PREFIX)
        and name.upper() not in _OURS
        and not _is_service_link(name, value)
    }
    _refuse_unknown("environment variable", {name: name[len(PREFIX) :] for name in ours}, PREFIX)
    return Layer(_Variables(ours)(), lambda path: f"{PREFIX}{'__'.join(path).upper()}")


def _is_service_link(name: str, value: str) -> bool:
    if name[len(PREFIX) :].lower().split("__")[0] in Settings.model_fields:
        return False
    found = _SERVICE_LINK.search(name)
    return found is not None and (found[0] != "_PORT" or "://" in value)


def _secret_files(environment: Mapping[str, str]) -> Iterator[Layer]:
    directory = environment.get("PIPELINE_SECRETS_DIR")
    if not directory:
        return
    try:
        source = _SecretFiles(
            SecretsSettingsSource(Settings),
            secrets_dir=directory,
            secrets_dir_missing="error",
            secrets_prefix="",
        )
    except (OSError, UnicodeDecodeError, SettingsError) as error:
        raise ConfigError(
            f"PIPELINE_SECRETS_DIR is {directory}, which cannot be read: {error}"
        ) from None
    _refuse_unknown("secret file", {f"{directory}/{name}": name for name in source.env_vars}, "")
    yield Layer(source(), lambda path: f"{directory}/{'__'.join(path)}")


def _refuse_unknown(what: str, names: Mapping[str, str], prefix: str) -> None:
    """Refuse names that no setting has, with the name that was probably meant.

    Args:
        what: What bears the names, in words.
        names: What stands after the prefix, by the whole name.
        prefix: How the names of settings begin there.
    """
    known = list(_flat_names(Settings))
    for name, rest in names.items():
        if rest.lower().split("__")[0] not in Settings.model_fields:
            near = nearest(rest.lower(), known)
            meant = f"{prefix}{near}".upper() if prefix else near
            advice = f"did you mean `{meant}`?" if near else "remove it"
            raise ConfigError(f"{what} `{name}` names no setting; {advice}")


def _flat_names(model: type[BaseModel]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        sections = [one for one in alternatives(field.annotation) if is_section(one)]
        if not sections:
            yield name
        for section in sections:
            yield from (f"{name}__{inner}" for inner in _flat_names(section))
