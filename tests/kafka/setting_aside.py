"""Both workers with letters of theirs on a real broker, and a replay in a process of its own."""

import contextlib
import json
import os
import signal
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from click.testing import CliRunner, Result
from confluent_kafka import Producer

from pipeline import app
from pipeline.cli.main import main as command_line
from pipeline.commerce.encode import encode
from pipeline.commerce.events import CommerceEvent
from pipeline.config import Settings, show
from pipeline.dead_letters import copy
from pipeline.dead_letters.account import Case, Wanted
from pipeline.dead_letters.replay import DeadLetters
from pipeline.kafka import dead_letters, offsets
from pipeline.kafka.clients import ClientConfig, producer_config
from pipeline.kafka.dead_letters import DeadLetter
from pipeline.kafka.entries import Write
from pipeline.kafka.transactions import Transactions
from pipeline.record import Instant, Position, Record
from pipeline.sitecore.codec import encode_owed
from pipeline.sitecore.owed import Owed
from tests.components.kafka import Kafka
from tests.components.process import Child
from tests.components.reading import committed

PARTITIONS = 2


class Installation:
    """Topics of one test, the settings that name them, and what runs on them."""

    def __init__(self, kafka: Kafka, folder: Path, address: str = "http://127.0.0.1:9") -> None:
        self._kafka = kafka
        self._folder = folder
        compacted = {"cleanup.policy": "compact", "max.message.bytes": str(4 * 1024 * 1024)}
        of_kind = {"guest_states": compacted, "deliveries": compacted}
        self.topics: dict[str, str] = {
            name: kafka.topic(name.replace("_", "-"), PARTITIONS, of_kind.get(name))
            for name in ("guest_states", "stream_events", "deliveries", "dead_letters")
        }
        self.commerce = kafka.topic("commerce", PARTITIONS)
        self._tree = {
            "application": f"app-{uuid.uuid4().hex[:8]}",
            "kafka": {"bootstrap_servers": kafka.bootstrap, "session_timeout_s": 10},
            "topics": {**self.topics, "commerce": [self.commerce]},
            "assemble": {"batch_window_s": 0.02, "payment_wait_s": 3600},
            "deliver": {"lease_s": 2, "request_timeout_s": 2, "behaviour_age_max_s": 1e9},
            "sitecore": {
                "endpoint": address,
                "client_key": "key",
                "mark_requests": True,
                "points_of_sale": [{"name": "shop"}],
            },
        }
        self._producer = Producer(
            {"bootstrap.servers": kafka.bootstrap, "partitioner": "murmur2_random"}
        )

    def settings(self, *more: str) -> Settings:
        """The settings, with *more* points of sale."""
        points = [{"name": name} for name in ("shop", *more)]
        section = {**self._tree["sitecore"], "points_of_sale": points}  # type: ignore[dict-item]
        return Settings.model_validate({**self._tree, "sitecore": section})

    def command(self, *arguments: str, stdin: str | None = None) -> Result:
        """Run a command line."""
        file = self._folder / "settings.yaml"
        file.write_text(show(self.settings()))
        runner = CliRunner()
        return runner.invoke(command_line, ["--config", str(file), *arguments], input=stdin)

    def publish(self, *events: CommerceEvent) -> None:
        """Publish commerce events."""
        for event in events:
            self._producer.produce(self.commerce, encode(event), event.guest_id.encode())
        self._producer.flush(20)

    def set_aside(self, letters: Sequence[DeadLetter]) -> None:
        """Write letters as a worker does."""
        for letter in letters:
            key, value, headers = dead_letters.encode(letter, bytes_max=1_000_000)
            partition = letter.record.position.partition
            topic = self.topics["dead_letters"]
            self._producer.produce(topic, value, key, partition, headers=list(headers))
        self._producer.flush(20)

    def refused(self, owed: Owed, number: int, reason: str = "refused") -> DeadLetter:
        """What deliver sets aside."""
        at = Position(self.topics["stream_events"], number % PARTITIONS, number)
        given = (("delivery-id", owed.delivery_id.encode()), ("sequence", b"1"))
        record = Record(at, Instant(1), owed.guest_id.encode(), encode_owed(owed), given)
        details = {"delivery-id": owed.delivery_id}
        return DeadLetter(record, reason, "", "400", "deliver", Instant(1), details)

    @contextlib.contextmanager
    def working(self, *more: str) -> Iterator[None]:
        """Run both workers until the block ends."""
        settings = self.settings(*more)
        workers: list[app.Worker] = [app.assemble(settings), app.deliver(settings)]
        threads = [threading.Thread(target=one.run, daemon=True) for one in workers]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            for one, thread in zip(workers, threads, strict=True):
                one.stop()
                thread.join(30)
                assert not thread.is_alive()

    def read(self, name: str) -> list[Record]:
        """Read a topic's committed records to its present end."""
        topic = self.topics.get(name, name)
        return list(committed(self._kafka.bootstrap, topic))

    def replayed(self) -> Counter[str]:
        """How often each delivery was replayed."""
        return Counter(
            (dict(record.headers)["delivery-id"] or b"").decode()
            for record in self.read("stream_events")
            if "dead-letter-replay" in dict(record.headers)
        )

    def markers(self) -> Counter[str]:
        """How often each letter was marked."""
        headers = [dict(record.headers) for record in self.read("dead_letters")]
        return Counter(
            (one["dead-letter-of"] or b"").decode()
            for one in headers
            if "dead-letter-marker" in one
        )

    def mark(self, case: Case) -> None:
        """Mark a letter as somebody else's replay does."""
        transactions = self._transactions("replay")
        transactions.begin()
        transactions.produce(copy.discarded(case, Instant(1)))
        transactions.commit()

    @contextlib.contextmanager
    def open_transaction(self) -> Iterator[Callable[[], None]]:
        """Hold a transaction open in the dead letters, until what is given is called."""
        transactions = self._transactions("assemble")
        transactions.begin()
        transactions.produce([Write(self.topics["dead_letters"], 0, b"open", b"open")])
        until(lambda: offsets.published_ends(self._kafka.admin, [self._place])[self._place] == 2)
        yield transactions.abort

    @property
    def _place(self) -> tuple[str, int]:
        return self.topics["dead_letters"], 0

    def _transactions(self, name: str) -> Transactions:
        settings = self.settings()
        name = f"{settings.application}-{name}"
        transactions = Transactions(producer_config(settings.kafka, transactional_id=name))
        transactions.open()
        return transactions

    def killed(self, log: Path, *, batch: int, at_commit: int, committing: bool) -> int:
        """Replay everything in a process that is killed at a commit; how that ended.

        Args:
            log: For what it prints.
            batch: Letters of one transaction.
            at_commit: Which one.
            committing: Whether that commit is still made.
        """
        how = {"at_commit": at_commit, "committing": committing}
        told = json.dumps({"settings": self._tree, "batch": batch, **how})
        return Child([sys.executable, "-m", "tests.kafka.setting_aside", told], log=log).wait(60)


class Deadly(Transactions):
    """Kills its process at one of its commits."""

    def __init__(self, config: ClientConfig, *, at_commit: int, committing: bool) -> None:
        super().__init__(config)
        self._left = at_commit
        self._committing = committing

    def commit(self) -> None:
        """Commit, unless this is the end."""
        self._left -= 1
        if self._left or self._committing:
            super().commit()
        if not self._left:
            self._open.flush(10)
            os.kill(os.getpid(), signal.SIGKILL)


def until(holds: Callable[[], bool], timeout_s: float = 60.0) -> None:
    """Wait until something holds."""
    give_up_at = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < give_up_at, "it did not come to pass in time"
        time.sleep(0.05)


def main() -> None:
    """Replay all that is open, as far as it gets."""
    told = json.loads(sys.argv[1])
    make = partial(Deadly, at_commit=told["at_commit"], committing=told["committing"])
    settings = Settings.model_validate(told["settings"])
    letters = DeadLetters(settings, batch=told["batch"], make=make)
    letters.replay(letters.plan(Wanted()).cases, lambda count: print(count, flush=True))


if __name__ == "__main__":
    main()
