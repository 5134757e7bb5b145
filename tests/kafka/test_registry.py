"""Our schemas in a real registry."""

import json
from collections.abc import Iterator

import pytest
from confluent_kafka.schema_registry import Schema as RegistrySchema
from confluent_kafka.schema_registry import SchemaRegistryClient, SchemaRegistryError
from pydantic import HttpUrl

from pipeline.commerce import schemas
from pipeline.commerce.decode import Decoder
from pipeline.commerce.encode import encode, schema_of
from pipeline.config import RegistrySettings
from pipeline.errors import RecordError, UnavailableError, Unreadable
from pipeline.kafka.registry import Registry, State, connect
from pipeline.record import Instant, Position, Record
from tests.components import registry as registry_component
from tests.components.registry import Registry as Component
from tests.examples import EVENTS

pytestmark = pytest.mark.registry

OURS = [schemas.current()[f"commerce.{type(event).__name__}"] for event in EVENTS]


def connected(component: Component) -> Registry:
    return connect(RegistrySettings(url=HttpUrl(component.url)))


def record(value: bytes) -> Record:
    return Record(Position("commerce-events", 0, 0), Instant(0), b"ann", value)


@pytest.fixture
def fresh(registry: Component) -> Iterator[SchemaRegistryClient]:
    """A registry of this test's own, since a registry remembers."""
    with registry_component.running() as component:
        client = SchemaRegistryClient({"url": component.url, "timeout": 5, "max.retries": 0})
        with client:
            yield client


def test_every_schema_is_registered_once_and_passes_the_check(fresh: SchemaRegistryClient) -> None:
    """Registering again, as every roll-out does, changes nothing."""
    registry = Registry(fresh)
    every = list(schemas.current().values())

    before = {registry.check(schema).state for schema in every}
    first = [registry.register(schema) for schema in every]
    again = [registry.register(schema) for schema in every]
    after = [registry.check(schema) for schema in every]

    assert before == {State.NOT_REGISTERED}
    assert first == again == after
    assert {subject.state for subject in after} == {State.REGISTERED}
    assert {fresh.get_compatibility(schema.name) for schema in every} == {"FULL_TRANSITIVE"}


def test_an_incompatible_schema_is_named(fresh: SchemaRegistryClient) -> None:
    """Somebody registered another OrderPlaced: records of both cannot be read by one reader."""
    registry, ours = Registry(fresh), schema_of("OrderPlaced")
    definition = json.loads(ours.text)
    definition["fields"].append({"name": "shop", "type": "string"})
    fresh.set_compatibility(ours.name, "FULL_TRANSITIVE")
    fresh.register_schema(ours.name, RegistrySchema(json.dumps(definition), "AVRO"))

    assert registry.check(ours).state is State.INCOMPATIBLE
    assert registry.register(ours).state is State.INCOMPATIBLE


def test_a_loose_level_is_named(fresh: SchemaRegistryClient) -> None:
    """The next incompatible schema would be let in."""
    registry, ours = Registry(fresh), schema_of("OrderPlaced")
    registry.register(ours)
    fresh.set_compatibility(ours.name, "NONE")

    assert registry.check(ours).state is State.LOOSE


def test_an_incompatible_evolution_is_refused(fresh: SchemaRegistryClient) -> None:
    """What the level is set for."""
    ours = schema_of("OrderPlaced")
    Registry(fresh).register(ours)
    definition = json.loads(ours.text)
    definition["fields"].append({"name": "shop", "type": "string"})

    with pytest.raises(SchemaRegistryError, match="409"):
        fresh.register_schema(ours.name, RegistrySchema(json.dumps(definition), "AVRO"))


def test_records_of_registered_schemas_are_decoded(registry: Component) -> None:
    """Every event, with the id that this registry gave its schema."""
    with connected(registry) as client:
        decoder = Decoder(client)

        for schema, event in zip(OURS, EVENTS, strict=True):
            client.register(schema)
            value = encode(event, schema_id=client.id_of(schema))
            assert decoder.decode(record(value)) == event


def test_an_id_that_nobody_registered_is_unknown(registry: Component) -> None:
    """This one record is set aside; it will never be readable."""
    with connected(registry) as client, pytest.raises(RecordError) as caught:
        Decoder(client).decode(record(b"\x00\xff\xff\xff\xff rest"))

    assert caught.value.reason is Unreadable.UNKNOWN_SCHEMA


def test_an_outage_is_no_verdict_and_ends() -> None:
    """The same record is decoded once the registry is back."""
    with registry_component.running() as component, connected(component) as client:
        schema_id = client.register(OURS[0]).schema_id
        value = record(encode(EVENTS[0], schema_id=schema_id))
        decoder = Decoder(client)
        component.kill()

        with pytest.raises(UnavailableError):
            decoder.decode(value)

        component.start()
        with connected(component) as later:
            later.register(OURS[0])
        assert decoder.decode(value) == EVENTS[0]
