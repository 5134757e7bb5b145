"""An installation on brokers that allow nothing by themselves: each part is a user of its own."""

import contextlib
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from click.testing import CliRunner, Result
from confluent_kafka import Producer
from confluent_kafka.admin import (
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    ResourcePatternType,
    ResourceType,
)
from confluent_kafka.cimpl import NewTopic

from pipeline import app
from pipeline.cli.main import main
from pipeline.config import Settings
from pipeline.errors import PipelineError
from pipeline.kafka import acls, permission
from pipeline.kafka.acls import Grant
from pipeline.kafka.dead_letters import DeadLetter, encode
from pipeline.kafka.rights import PARTS, Kind, Right, needed
from pipeline.record import Instant, Position, Record
from pipeline.sitecore.codec import encode_owed
from pipeline.sitecore.owed import Owed
from tests.components.secured import Secured, User
from tests.kafka.setting_aside import until

PARTITIONS = 2
CLIENT_KEY = "guarded"
_KINDS = {
    Kind.TOPIC: ResourceType.TOPIC,
    Kind.GROUP: ResourceType.GROUP,
    Kind.TRANSACTIONAL_ID: ResourceType.TRANSACTIONAL_ID,
}


class Guarded:
    """Names that nobody else has, a user a part, and none of them with any right yet."""

    def __init__(self, secured: Secured, folder: Path, **sections: dict[str, Any]) -> None:
        """Take *sections* of the settings over those that every such test wants."""
        self.secured = secured
        self.name = f"shop-{uuid.uuid4().hex[:8]}"
        self._folder = folder
        self._producer = Producer({"bootstrap.servers": secured.kafka.bootstrap})
        self.users: dict[str, User] = {part: secured.new_user() for part in PARTS}
        ours = ("guest_states", "stream_events", "deliveries", "dead_letters")
        self.topics = {name: f"{self.name}-{name.replace('_', '-')}" for name in ours}
        self.commerce, self.source = f"{self.name}-commerce", f"{self.name}-by-order"
        sitecore = {"client_key": CLIENT_KEY, "points_of_sale": [{"name": "shop"}]}
        self._tree: dict[str, Any] = {
            "application": self.name,
            "instance": "one",
            "topics": {
                "commerce": [self.commerce],
                "partitions": PARTITIONS,
                "replication_factor": 1,
                **self.topics,
            },
            "rekey": {"sources": [self.source], "target": self.commerce},
            "assemble": {"batch_window_s": 0.02, "payment_wait_s": 3600},
            "deliver": {"lease_s": 2, "request_timeout_s": 1, "behaviour_age_max_s": 1e9},
            "sitecore": {**sitecore, **sections.pop("sitecore", {})},
            "server": {"host": "127.0.0.1"},
            **sections,
        }

    @property
    def rights(self) -> dict[str, tuple[Right, ...]]:
        """What each part needs."""
        return needed(self.settings("topics"))

    def settings(self, part: str) -> Settings:
        """The settings as a part has them."""
        return Settings.model_validate(self._as(part))

    def command(self, part: str, *arguments: str, stdin: str | None = None) -> Result:
        """Run a command line as the user of a part; ``super`` may do everything."""
        file = self._folder / f"{part}.yaml"
        file.write_text(yaml.safe_dump(self._as(part)))
        return CliRunner().invoke(main, ["--config", str(file), *arguments], input=stdin)

    def grant(self, *more: str) -> Result:
        """Grant every part its rights, as an administrator does."""
        named = [f"--principal={part}={self.principal(part)}" for part in PARTS]
        return self.command("super", "topics", "--acls", *named, "--yes", *more)

    def principal(self, part: str) -> str:
        """The name of a part's user in ACLs."""
        return f"User:{self.users[part].name}"

    def topics_made(self) -> None:
        """Make every topic, as an administrator does."""
        assert self.command("super", "topics", "create").exit_code == 0
        self.source_made()

    def source_made(self) -> None:
        """Make the topic that rekey reads, as a shop does."""
        wanted = [NewTopic(self.source, PARTITIONS, 1)]
        for future in self.secured.kafka.admin.create_topics(wanted).values():
            future.result(20)

    def say(self, topic: str, guest: str, value: bytes) -> None:
        """Append a record of a guest, as whoever may everything."""
        self._producer.produce(topic, value, guest.encode(), sum(guest.encode()) % PARTITIONS)
        self._producer.flush(20)

    def set_aside(self, owed: Owed) -> None:
        """Write a letter as deliver does."""
        at = Position(self.topics["stream_events"], 0, 0)
        headers = (("delivery-id", owed.delivery_id.encode()), ("sequence", b"1"))
        record = Record(at, Instant(1), owed.guest_id.encode(), encode_owed(owed), headers)
        details = {"delivery-id": owed.delivery_id}
        letter = DeadLetter(record, "refused", "", "400", "deliver", Instant(1), details)
        key, value, given = encode(letter, bytes_max=1_000_000)
        topic = self.topics["dead_letters"]
        self._producer.produce(topic, value, key, 0, headers=list(given))
        self._producer.flush(20)

    @contextlib.contextmanager
    def without(self, part: str, right: Right) -> Iterator[None]:
        """Take one right away until the block ends."""
        self.revoke(part, right)
        try:
            yield
        finally:
            admin, grant = self.secured.kafka.admin, Grant(self.principal(part), right)
            acls.add(admin, [grant])
            until(lambda: bool(acls.existing(admin, [grant])))

    def revoke(self, part: str, *rights: Right) -> None:
        """Take rights away, and see that they are gone."""
        admin = self.secured.kafka.admin
        filters = [self._binding(part, right) for right in rights]
        for future in admin.delete_acls(filters).values():
            assert len(future.result(20)) == 1
        gone = [Grant(self.principal(part), right) for right in rights]
        until(lambda: not acls.existing(admin, gone))

    @contextlib.contextmanager
    def working(self, *parts: str) -> Iterator[dict[str, "Working"]]:
        """Run workers until the block ends."""
        running = {part: Working(self.settings(part), part) for part in parts}
        try:
            yield running
        finally:
            for one in running.values():
                one.stop()

    def _as(self, part: str) -> dict[str, Any]:
        if part == "super":
            kafka: dict[str, Any] = {"bootstrap_servers": self.secured.kafka.bootstrap}
        else:
            kafka = self.secured.scram(self.users[part])
        return {**self._tree, "kafka": {**kafka, "session_timeout_s": 9}}

    def _binding(self, part: str, right: Right) -> AclBindingFilter:
        prefixed, literal = ResourcePatternType.PREFIXED, ResourcePatternType.LITERAL
        return AclBindingFilter(
            _KINDS[right.kind],
            right.name,
            prefixed if right.prefixed else literal,
            self.principal(part),
            "*",
            AclOperation[right.operation.name],
            AclPermissionType.ALLOW,
        )


class Working:
    """A worker on a thread, as `pipeline run` runs it, and how it ended."""

    def __init__(self, settings: Settings, part: str) -> None:
        self.worker = app.worker(part, settings)
        self.error: PipelineError | None = None
        self._settings, self._part = settings, part
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def ended(self) -> bool:
        """Whether it runs no more."""
        return not self._thread.is_alive()

    def wait_until_ready(self) -> None:
        """Wait until it does its work, and fail when it has ended instead."""
        until(lambda: self.worker.ready() or self.ended)
        assert not self.ended, self.error

    def stop(self) -> None:
        """Stop it, and wait for its end."""
        self.worker.stop()
        self._thread.join(60)
        assert self.ended, "the worker does not stop"

    def ending(self, within_s: float) -> PipelineError | None:
        """Wait for its end; what it raised."""
        self._thread.join(within_s)
        return self.error

    def _run(self) -> None:
        try:
            with permission.named(self._settings, self._part):
                self.worker.run()
        except PipelineError as error:
            self.error = error
