"""Whatever ends the thread that restores, the worker hears of it."""

import queue

from pipeline.config import KafkaSettings, TopicSettings
from pipeline.deliver.port import Deleted, Failed, Restored
from pipeline.deliver.restorer import Restorer
from pipeline.errors import FatalKafkaError


def test_a_client_that_cannot_be_made_is_reported() -> None:
    """Nobody would ever restore a partition, and the worker would wait and look healthy."""
    kafka = KafkaSettings(bootstrap_servers="127.0.0.1:1", client={"fetch.min.bytes": "many"})
    said: queue.Queue[Restored | Deleted | Failed] = queue.Queue()
    restorer = Restorer(kafka, TopicSettings(), group="g")

    restorer.start(lambda _, what: said.put(what))

    told = said.get(timeout=10)
    restorer.stop()
    assert isinstance(told, Failed)
    assert isinstance(told.error, FatalKafkaError)
