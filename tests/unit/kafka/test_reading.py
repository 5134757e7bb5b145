"""Reading from outside ends, whether or not anything comes."""

import pytest

from pipeline.config import KafkaSettings
from pipeline.errors import UnavailableError
from pipeline.kafka.clients import consumer_config
from pipeline.kafka.reading import STALLED_S, Span, _Limit, _Reading, read

NOBODY = consumer_config(KafkaSettings(bootstrap_servers="127.0.0.1:1"), group="reader")


def test_a_reading_that_stands_still_ends() -> None:
    """A transaction that nobody ends would keep a command waiting for ever."""
    now = 0.0
    reading = _Reading("letters", {0: Span(10, 30)})
    limit = _Limit(None, lambda: now)

    now = STALLED_S - 1
    limit.heed(reading, moved=True)
    now += STALLED_S
    limit.heed(reading, moved=False)
    now += 1
    with pytest.raises(UnavailableError, match="letters was read for 0 of 20 offsets, and nothing"):
        limit.heed(reading, moved=False)


def test_a_reading_takes_no_longer_than_it_may() -> None:
    """However much comes; but what is complete is no failure."""
    now = 0.0
    reading = _Reading("letters", {0: Span(10, 30)})
    limit = _Limit(5, lambda: now)

    now = 5.5
    with pytest.raises(UnavailableError, match="in 5 s"):
        limit.heed(reading, moved=True)
    reading._reached(0, 30)
    limit.heed(reading, moved=True)


def test_without_a_broker_a_reading_ends_in_time() -> None:
    """The client itself would wait for one for ever."""
    with pytest.raises(UnavailableError, match=r"read for 0 of 5 offsets in 0\.1 s"):
        list(read(NOBODY, "letters", {0: Span(0, 5)}, within_s=0.1))
