"""Whether we are a member of a group, as the client library tells it."""

import sys

import pytest
from confluent_kafka import Consumer

from pipeline.kafka.groups import generation


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_a_client_that_has_joined_nothing_has_no_generation(protocol: str) -> None:
    """By the newer protocol it has a member id all the same: it draws that itself."""
    consumer = Consumer(
        {"bootstrap.servers": "127.0.0.1:1", "group.id": "g", "group.protocol": protocol}
    )
    metadata = consumer.consumer_group_metadata()
    consumer.close()

    assert metadata.startswith(b"CGMDv2:\xff\xff\xff\xff"), "the library writes it otherwise now"
    assert generation(metadata) == -1


def test_the_generation_is_read_as_the_library_writes_it() -> None:
    """In the machine's own order of bytes, behind a name of the format."""
    assert generation(b"CGMDv2:" + (258).to_bytes(4, sys.byteorder) + b"g\0me\0\1") == 258


@pytest.mark.parametrize("metadata", [b"", b"CGMDv2:", b"CGMDv9:\1\0\0\0g\0"])
def test_what_is_written_otherwise_says_nothing(metadata: bytes) -> None:
    """Then a member that was given nothing is not ready; nothing else depends on it."""
    assert generation(metadata) == -1
