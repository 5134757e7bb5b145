"""Topics, settings and processes for the tests of deliver on a real broker."""

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from pipeline import app
from pipeline.config import Settings
from pipeline.sitecore.codec import encode_owed
from pipeline.sitecore.owed import Owed
from tests.components.kafka import Kafka
from tests.components.process import Child

PARTITIONS = 4


class Delivering:
    """Topics of one test, and the workers on them."""

    def __init__(
        self,
        kafka: Kafka,
        address: str,
        *,
        protocol: str = "classic",
        partitions: int = PARTITIONS,
        session_timeout_s: float = 1200,
        member_session_s: float = 10,
        **deliver: Any,
    ) -> None:
        self._kafka = kafka
        self._partitions = partitions
        names = {
            name: kafka.topic(name.replace("_", "-"), partitions)
            for name in ("stream_events", "deliveries", "dead_letters")
        }
        self.topics = names
        self._tree: dict[str, Any] = {
            "application": names["stream_events"],
            "kafka": {
                "bootstrap_servers": kafka.bootstrap,
                "session_timeout_s": member_session_s,
                "group_protocol": protocol,
            },
            "topics": names,
            "deliver": {
                "lease_s": 2,
                "request_timeout_s": 2,
                "drain_s": 5,
                "behaviour_age_max_s": 1e9,
                **deliver,
            },
            "sitecore": {
                "endpoint": address,
                "client_key": "key",
                "mark_requests": True,
                "points_of_sale": [
                    {
                        "name": "shop",
                        "session_timeout_s": session_timeout_s,
                        "session_margin_s": session_timeout_s / 10,
                    }
                ],
            },
        }
        self.settings = Settings.model_validate(self._tree)
        self._producer = Producer({"bootstrap.servers": kafka.bootstrap})

    def owe(self, owed: Sequence[Owed]) -> None:
        """Append records where each guest belongs."""
        for one in owed:
            key = one.guest_id.encode()
            partition = sum(key) % self._partitions
            topic = self.topics["stream_events"]
            self._producer.produce(topic, encode_owed(one), key, partition)
        assert self._producer.flush(30) == 0

    def process(self, log: Path) -> Child:
        """Start a worker as a process."""
        text = json.dumps(self._tree)
        return Child([sys.executable, "-m", "tests.kafka.deliver_member", text], log=log)

    def latest(self, name: str) -> dict[bytes, bytes | None]:
        """The last value of each key of a topic of ours."""
        reader = Consumer(
            {
                "bootstrap.servers": self._kafka.bootstrap,
                "group.id": "reader",
                "enable.partition.eof": True,
            }
        )
        topic, ended = self.topics[name], 0
        found: dict[bytes, bytes | None] = {}
        reader.assign([TopicPartition(topic, n, 0) for n in range(self._partitions)])
        while ended < self._partitions:
            message: Any = reader.poll(10)
            if message.error() is None:
                found[message.key()] = message.value()
            else:
                assert message.error().code() == KafkaError._PARTITION_EOF
                ended += 1
        reader.close()
        return found

    def delete_owed(self, partition: int, before: int) -> None:
        """Delete what is owed below an offset, as retention does."""
        at = TopicPartition(self.topics["stream_events"], partition, before)
        admin = AdminClient({"bootstrap.servers": self._kafka.bootstrap})
        for future in admin.delete_records([at]).values():
            future.result(10)

    def error(self) -> BaseException | None:
        """Run a worker that is to end by itself, and say with what."""
        worker = app.deliver(self.settings)
        with ThreadPoolExecutor(1) as pool:
            running = pool.submit(worker.run)
            try:
                return running.exception(30)
            finally:
                worker.stop()

    @contextmanager
    def worker(self) -> Iterator[Any]:
        """Run a worker on a thread until the block ends."""
        worker = app.deliver(self.settings)
        failure: list[BaseException] = []

        def work() -> None:
            try:
                worker.run()
            except BaseException as error:  # noqa: BLE001 — it is raised where the test sees it
                failure.append(error)

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        try:
            yield worker
        finally:
            worker.stop()
            thread.join(30)
        assert not thread.is_alive()
        if failure:
            raise failure[0]

    def committed(self) -> list[TopicPartition]:
        """What the group has committed."""
        group = f"{self.settings.application}-deliver"
        asking = Consumer({"bootstrap.servers": self._kafka.bootstrap, "group.id": group})
        topic = self.topics["stream_events"]
        wanted = [TopicPartition(topic, number) for number in range(self._partitions)]
        found: list[TopicPartition] = asking.committed(wanted, timeout=10)
        asking.close()
        return found


def until(holds: Callable[[], bool], timeout_s: float = 60.0) -> None:
    """Wait until something holds."""
    give_up_at = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < give_up_at, "it did not come to pass in time"
        time.sleep(0.02)
