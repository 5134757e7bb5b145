"""Which partition a key belongs to, and topics whose producers disagree."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import ConfigError
from pipeline.kafka.placement import Placed, check, partition_of
from pipeline.record import Position

COUNTS = {"commerce": 12, "payments": 12}


def placed(partitioner: str, topic: str, guest: str) -> Placed:
    """A key where that partitioner puts it."""
    number = partition_of(partitioner)(guest.encode(), COUNTS[topic])
    return Placed(Position(topic, number, 7), guest.encode())


@pytest.mark.parametrize(("key", "expected"), [(b"21", -973932308), (b"foobar", -790332482)])
def test_murmur2_is_that_of_javas_clients(key: bytes, expected: int) -> None:
    """Values from the tests of Kafka's own; Java's partitioner makes them positive."""
    count = 2**31 - 1

    assert partition_of("murmur2")(key, count) == (expected & 0x7FFFFFFF) % count


def test_crc32_is_that_of_librdkafka() -> None:
    """The check value of CRC-32: what `consistent_random` divides."""
    assert partition_of("crc32")(b"123456789", 1_000_000) == 0xCBF43926 % 1_000_000


@given(st.text(min_size=1), st.integers(1, 64), st.sampled_from(["murmur2", "crc32"]))
def test_a_key_belongs_to_one_partition(guest: str, count: int, partitioner: str) -> None:
    """Always the same, and one that there is."""
    first = partition_of(partitioner)(guest.encode(), count)

    assert 0 <= first < count
    assert partition_of(partitioner)(guest.encode(), count) == first


@pytest.mark.parametrize("partitioner", ["murmur2", "crc32"])
def test_topics_that_agree_are_taken(partitioner: str) -> None:
    """Whichever the rule, as long as it is the one that is set."""
    keys = [placed(partitioner, topic, f"guest-{n}") for topic in COUNTS for n in range(100)]

    check(keys, COUNTS, partitioner)


def test_a_topic_of_another_partitioner_is_refused_by_its_name() -> None:
    """A guest's cart and payment would come to two workers, and never meet."""
    keys = [placed("murmur2", "commerce", f"guest-{n}") for n in range(100)]
    keys += [placed("crc32", "payments", f"guest-{n}") for n in range(100)]

    with pytest.raises(ConfigError, match=r"topic 'payments' is not placed by murmur2") as refused:
        check(keys, COUNTS, "murmur2")

    assert "guest-" not in str(refused.value)
