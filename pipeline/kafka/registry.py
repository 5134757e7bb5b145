"""A schema registry with Confluent's API: which schema an id means, and putting ours there.

Each event's schema is a subject of its own, named like the record (RecordNameStrategy), so
that one topic carries them all; compatibility is full and transitive.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from time import monotonic
from typing import Any, Literal, Self, TypeVar

from confluent_kafka.schema_registry import Schema as RegistrySchema
from confluent_kafka.schema_registry import SchemaRegistryClient, SchemaRegistryError

# The client's HTTP errors pass through it; which library they are of is its own choice.
from confluent_kafka.schema_registry.common._httpx_compat import httpx
from confluent_kafka.schema_registry.error import OAuthTokenError

from pipeline.commerce.decode import NoRegistry, SchemaSource
from pipeline.commerce.schemas import Schema, SchemaError, self_contained
from pipeline.config import RegistrySettings
from pipeline.errors import UnavailableError
from pipeline.kafka import registry_client

LEVEL = "FULL_TRANSITIVE"
"""Every version of a schema reads what every other wrote."""

UNKNOWN_FOR_S = 30.0
"""How long an id that the registry did not know is not asked for again."""

_UNKNOWN_MAX = 1000
_NO_SUBJECT, _NO_VERSION, _NO_SCHEMA, _NO_LEVEL = 40401, 40402, 40403, 40408
_INCOMPATIBLE = 409
# A proxy's page or another service under that address: not an answer of a registry.
_NO_ANSWER = (
    httpx.HTTPError, OAuthTokenError, ValueError, TypeError, KeyError, AttributeError,
)  # fmt: skip

_T = TypeVar("_T")


class State(StrEnum):
    """How a registry stands to one of our schemas."""

    REGISTERED = "registered"
    NOT_REGISTERED = "not registered"
    INCOMPATIBLE = "incompatible"
    LOOSE = "registered, but its compatibility level is not FULL_TRANSITIVE"


@dataclass(frozen=True, slots=True)
class Subject:
    """One of our schemas, and what the registry makes of it."""

    name: str
    state: State
    schema_id: int | None


class Registry:
    """Asks one registry. Every method raises UnavailableError when it does not answer."""

    def __init__(
        self,
        client: SchemaRegistryClient,
        *,
        clock: Callable[[], float] = monotonic,
        clean: Callable[[str], str] = str,
    ) -> None:
        """Ask by *client*; *clean* cuts secrets out of what is said of errors."""
        self._client = client
        self._clean = clean
        self._clock = clock
        self._unknown: dict[int, float] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def schema(self, schema_id: int) -> str | None:
        """Give the schema of an id as self-contained JSON; None when there is none.

        What is found never changes, and callers keep it; None is worth 30 seconds here.
        """
        now = self._clock()
        if self._unknown.get(schema_id, now) > now:
            return None
        found = self._ask(lambda: self._client.get_schema(schema_id), _NO_SCHEMA)
        if found is None:
            if len(self._unknown) >= _UNKNOWN_MAX:
                self._unknown.clear()
            self._unknown[schema_id] = now + UNKNOWN_FOR_S
            return None
        return self._text(found)

    def id_of(self, schema: Schema) -> int | None:
        """Give the id under which a schema is registered; None when it is not."""
        found = self._ask(
            lambda: self._client.lookup_schema(schema.name, _sent(schema)),
            *(_NO_SUBJECT, _NO_VERSION, _NO_SCHEMA),
        )
        return None if found is None else found.schema_id

    def register(self, schema: Schema) -> Subject:
        """Register a schema under its name, unless it is; the subject's level is set first."""
        self._ask(lambda: self._client.set_compatibility(schema.name, LEVEL))
        schema_id = self._ask(
            lambda: self._client.register_schema(schema.name, _sent(schema)), _INCOMPATIBLE
        )
        state = State.INCOMPATIBLE if schema_id is None else State.REGISTERED
        return Subject(schema.name, state, schema_id)

    def check(self, schema: Schema) -> Subject:
        """Compare with what is registered; change nothing."""
        schema_id = self.id_of(schema)
        if schema_id is None:
            fits = self._ask(
                lambda: self._client.test_compatibility_all_versions(schema.name, _sent(schema)),
                *(_NO_SUBJECT, _NO_VERSION),
            )
            state = State.INCOMPATIBLE if fits is False else State.NOT_REGISTERED
            return Subject(schema.name, state, None)
        level = self._ask(
            lambda: self._client.get_compatibility(schema.name), _NO_SUBJECT, _NO_LEVEL
        )
        return Subject(schema.name, State.REGISTERED if level == LEVEL else State.LOOSE, schema_id)

    def subjects(self) -> list[str]:
        """Name the subjects that the registry has: the cheapest question that proves it works."""
        return self._ask(self._client.get_subjects) or []

    def _text(self, found: RegistrySchema) -> str:
        text = str(found.schema_str)
        if not found.references:
            return text
        try:
            known = self._references(found, {})
            return json.dumps(self_contained(json.loads(text), _lookup(known)))
        except ValueError:
            return text  # no usable schema, which whoever parses it says better

    def _references(self, found: RegistrySchema, known: dict[str, Any]) -> dict[str, Any]:
        for reference in found.references or ():
            name = str(reference.name)
            if name not in known:
                referred = self._referred(str(reference.subject), reference.version)
                known[name] = json.loads(str(referred.schema_str))
                self._references(referred, known)
        return known

    def _referred(self, subject: str, version: int | None) -> RegistrySchema:
        wanted: int | Literal["latest"] = "latest" if version is None else version
        found = self._ask(lambda: self._client.get_version(subject, wanted))
        if found is None:
            raise UnavailableError(f"the schema registry has no {subject} {wanted}")
        return found.schema

    def _ask(self, question: Callable[[], _T], *none_codes: int) -> _T | None:
        """Ask; an error whose code is one of *none_codes* is the answer None."""
        try:
            return question()
        except SchemaRegistryError as error:
            if error.error_code in none_codes:
                return None
            raise self._failed(f"answers {error}", error) from error
        except _NO_ANSWER as error:
            what = f"does not answer: {type(error).__name__}: {error}"
            raise self._failed(what, error) from error

    def _failed(self, what: str, error: Exception) -> UnavailableError:
        look_at = registry_client.look_at(error)
        return UnavailableError(f"the schema registry {self._clean(what)}{look_at}")


def connect(settings: RegistrySettings) -> Registry:
    """Make a client of the configured registry, to be closed; asks nothing yet.

    Raises:
        ConfigError: A property or a file is not what it should be.
    """
    clean = partial(registry_client.without_secrets, settings=settings)
    return Registry(registry_client.make(settings), clean=clean)


def schema_source(settings: RegistrySettings | None) -> SchemaSource:
    """Give what knows the writers' schemas: the registry, or those that come with the program."""
    return NoRegistry() if settings is None else connect(settings)


def _sent(schema: Schema) -> RegistrySchema:
    return RegistrySchema(schema.text, "AVRO")


def _lookup(known: dict[str, Any]) -> Callable[[str], Any]:
    def lookup(name: str) -> Any:
        if name not in known:
            raise SchemaError(f"{name} is referred to, and is not among the references")
        return known[name]

    return lookup
