"""Deliver on the client's embedded broker, which cannot do much, and carries the demo."""

import threading
from collections.abc import Iterator

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from pipeline import app
from pipeline.config import Settings
from pipeline.sitecore.codec import encode_owed
from tests.kafka.delivering import until
from tests.kafka.destination import Destination
from tests.unit.deliver.views import browser_of, view


@pytest.fixture
def embedded() -> Iterator[str]:
    """The address of a broker inside this process."""
    broker = Producer({"test.mock.num.brokers": 1, "bootstrap.servers": "embedded"})
    brokers = broker.list_topics(timeout=10).brokers.values()
    yield ",".join(f"{found.host}:{found.port}" for found in brokers)
    del broker


def settings_for(bootstrap: str, address: str) -> Settings:
    """The least that a worker needs."""
    return Settings.model_validate(
        {
            "kafka": {"bootstrap_servers": bootstrap},
            "deliver": {"behaviour_age_max_s": 1e9},
            "sitecore": {
                "endpoint": address,
                "client_key": "key",
                "points_of_sale": [{"name": "shop"}],
            },
        }
    )


def test_it_delivers_keeps_and_commits_on_the_embedded_broker(embedded: str) -> None:
    """It has no topic ids, describes no configuration, and makes topics by itself."""
    with Destination() as destination:
        settings = settings_for(embedded, destination.address)
        worker = app.deliver(settings)
        thread = threading.Thread(target=worker.run, daemon=True)
        thread.start()
        producer = Producer({"bootstrap.servers": embedded})
        for number in range(20):
            owed = view(f"g{number % 4}", number)
            value, key = encode_owed(owed), owed.guest_id.encode()
            producer.produce("stream-events", value, key, number % 4)
        assert producer.flush(20) == 0

        until(lambda: len(destination.taken) == 20)
        until(worker.ready)
        worker.stop()
        thread.join(30)

        assert not thread.is_alive()
        pages = [int(e.page) for e in destination.taken if e.browser_id == browser_of("g1")]
        assert pages == [1, 5, 9, 13, 17]
        asking = Consumer(
            {"bootstrap.servers": embedded, "group.id": f"{settings.application}-deliver"}
        )
        found = asking.committed([TopicPartition("stream-events", n) for n in range(4)], timeout=10)
        assert [(at.offset, at.metadata) for at in found] == [(5, "released")] * 4
        asking.close()
