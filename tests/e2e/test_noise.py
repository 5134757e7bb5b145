"""A hundred thousand malformed payloads: each is named and kept, and none hurts."""

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Producer

from pipeline.commerce.decode import Decoder, NoRegistry
from pipeline.errors import RecordError
from pipeline.record import Record
from pipeline.sandbox.running import RunningSandbox
from pipeline.sandbox.settings import SandboxSettings
from tests.components.kafka import Kafka
from tests.e2e.stack import CLIENT_KEY, Stack
from tests.unit.commerce.test_fuzz import payloads

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

PAYLOADS = 100_000
GROWTH_BYTES_MAX = 40 * 1024 * 1024
"""Python's arenas and librdkafka's buffers move by this much; a leak of the payloads would not."""


@pytest.fixture
def stack(kafka: Kafka, tmp_path: Path) -> Iterator[Stack]:
    """Assemble alone."""
    with RunningSandbox(SandboxSettings(client_key=CLIENT_KEY)) as sandbox:
        settings = {"sitecore": {"points_of_sale": [{"name": "shop/dublin"}]}}
        running = Stack(kafka, sandbox, tmp_path, settings)
        yield running
        running.close()


def test_noise_is_set_aside_and_memory_stays_flat(stack: Stack) -> None:
    """What cannot be read goes to the dead letters byte by byte, and the rest goes on."""
    dice = random.Random(23)
    sent = list(payloads(dice, PAYLOADS))
    _publish(stack, sent[: PAYLOADS // 2])
    stack.start("assemble")
    stack.wait_until_assembled(PAYLOADS // 2)
    before = stack.resident_bytes("assemble")

    _publish(stack, sent[PAYLOADS // 2 :])
    stack.wait_until_assembled(PAYLOADS)

    assert stack.resident_bytes("assemble") - before < GROWTH_BYTES_MAX
    assert stack.outcomes("assemble", stack.commerce).total() == PAYLOADS
    letters = {_position(letter): letter for letter in stack.read(stack.topics["dead_letters"])}
    for record in _unreadable(stack):
        letter = letters[f"{record.position}"]
        assert (letter.key, letter.value) == (record.key, record.value)


def _position(letter: Record) -> str:
    said = {name: (value or b"").decode() for name, value in letter.headers}
    return "{dead-letter-topic}/{dead-letter-partition}@{dead-letter-offset}".format(**said)


def _unreadable(stack: Stack) -> Iterator[Record]:
    decode = Decoder(NoRegistry()).decode
    for record in stack.read(stack.commerce):
        try:
            decode(record)
        except RecordError:
            yield record


def _publish(stack: Stack, values: list[bytes]) -> None:
    producer = Producer({"bootstrap.servers": stack.kafka.bootstrap, "linger.ms": 50})
    for number, value in enumerate(values):
        producer.produce(stack.commerce, key=b"ann", value=value, partition=number % 4)
        producer.poll(0)
        if len(producer) > 50_000:
            producer.poll(0.1)
    deadline = time.monotonic() + 60
    while len(producer) and time.monotonic() < deadline:
        producer.poll(0.1)
    assert not len(producer)
