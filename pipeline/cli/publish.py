"""`pipeline publish`: commerce events from NDJSON onto Kafka."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

import click

from pipeline.errors import ConfigError, UnavailableError
from pipeline.record import Instant

if TYPE_CHECKING:
    from confluent_kafka import Producer

    from pipeline.cli.publishing import Publisher
    from pipeline.config import Settings

_EXAMPLE = """\b
Example:
  pipeline publish --check docs/example.ndjson
  pipeline --config pipeline.example.yaml publish --now docs/example.ndjson

\b
A field that has a default in its Avro schema may be left out.
Amounts are numbers or strings; instants ISO 8601 with an offset, or milliseconds.
"""


@click.command(epilog=_EXAMPLE, short_help="Publish commerce events from NDJSON.")
@click.argument("file", type=click.File("rb"))
@click.option("--check", is_flag=True, help="Read every line, and publish none.")
@click.option(
    "--now",
    is_flag=True,
    help="Move all times alike, so that the last event happens now: for trying old examples.",
)
@click.option("--topic", help="Where to publish; if not said, the first of `topics.commerce`.")
@click.option("--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_obj
def command(
    load_settings: "Callable[[], Settings]",
    *,
    file: BinaryIO,
    check: bool,
    now: bool,
    topic: str | None,
    output: str,
) -> None:
    """Publish commerce events from FILE, one JSON object a line; - is standard input.

    The first line that is refused stops it, with its number and field; the lines before it
    are published.
    """
    from pipeline.cli.progress import lines_of
    from pipeline.cli.publishing import ending_at
    from pipeline.commerce.ndjson import read

    events = read(lines_of(file))
    if now:
        events = ending_at(events, Instant(time.time_ns() // 1_000_000))
    if check:
        done = sum(1 for _ in events)
        said = {"read": done}
        text = f"{done} events, every one well formed"
    else:
        settings = load_settings()
        topic = topic or settings.topics.commerce[0]
        with publisher(settings, topic) as ready:
            done = ready.publish(events)
        said = {"published": done}
        text = f"published {done} events to {topic}"
    click.echo(json.dumps(said) if output == "json" else text)


@contextmanager
def publisher(settings: "Settings", topic: str) -> "Iterator[Publisher]":
    """Connect to Kafka, and to the registry if there is one."""
    from pipeline.cli.publishing import Publisher
    from pipeline.kafka.registry import connect

    producer = _producer(settings, topic)
    if settings.registry is None:
        yield Publisher(producer, topic)
        return
    with connect(settings.registry) as registry:
        yield Publisher(producer, topic, registry.id_of)


def _producer(settings: "Settings", topic: str) -> "Producer":
    """Make a producer, and see that the topic is there: else the first event would wait long."""
    from confluent_kafka import KafkaError, KafkaException, Producer

    from pipeline.cli.publishing import CONNECT_S, MESSAGE_TIMEOUT_S
    from pipeline.kafka import verdict
    from pipeline.kafka.clients import producer_config

    own = {"message.timeout.ms": int(MESSAGE_TIMEOUT_S * 1000)}
    try:
        producer = Producer(producer_config(settings.kafka, own=own))
    except KafkaException as error:
        raise ConfigError(f"kafka.client: {error.args[0].str()}") from None
    try:
        found = producer.list_topics(topic, timeout=CONNECT_S).topics[topic].error
    except KafkaException as error:
        producer.poll(0)  # a client tells the reason, such as a wrong password, only here
        where = settings.kafka.bootstrap_servers
        raise UnavailableError(f"no Kafka at {where}: {error.args[0].str()}") from None
    if refused := verdict.forbidden(found, f"topic {topic}"):
        raise refused
    if found is not None and found.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
        raise ConfigError(f"there is no topic {topic}: `pipeline topics create` makes it")
    return producer
