"""Whole topics: what is published, and all that is owed for it, side by side as files.

`UPDATE_GOLDEN=1` writes the answers anew; a person then reads the difference.
"""

import os
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pipeline.commerce import ndjson
from pipeline.commerce.events import CommerceEvent
from pipeline.orders.advance import advance, wake
from pipeline.orders.guest import Guest, Step
from pipeline.record import GuestId, Instant, Position, Record, later
from pipeline.sitecore.codec import as_read
from pipeline.sitecore.owed import Owed
from tests.unit.orders.story import POLICY

TOPICS = Path(__file__).parents[2] / "golden" / "topics"
_QUIET_S = 3600.0
"""After the last record time passes until every wait is over, but no guest is idle."""


@dataclass
class Partition:
    """Guests by id, as a worker holds them, and what came of each record and timer."""

    guests: dict[GuestId, Guest] = field(default_factory=dict)
    wakes: dict[GuestId, Instant] = field(default_factory=dict)
    answers: list[dict[str, Any]] = field(default_factory=list)
    offset: int = 0

    def read(self, event: CommerceEvent, timestamp: Instant) -> None:
        """Take the next record."""
        self.pass_until(timestamp)
        self.offset += 1
        record = Record(
            Position("commerce-events", 0, self.offset), timestamp, event.guest_id.encode(), b"..."
        )
        step = advance(self.guests.get(event.guest_id), event, record, POLICY)
        self._keep(event.guest_id, step, f"{self.offset} {type(event).__name__}")

    def pass_until(self, now: Instant) -> None:
        """Fire the timers that are due, the earliest first."""
        while due := min(
            ((at, guest_id) for guest_id, at in self.wakes.items() if at <= now), default=None
        ):
            at, guest_id = due
            position = Position("commerce-events", 0, self.offset)
            step = wake(self.guests[guest_id], at, (position,), POLICY)
            self._keep(guest_id, step, "timer")

    def _keep(self, guest_id: GuestId, step: Step, record: str) -> None:
        self.wakes.pop(guest_id, None)
        if step.guest is not None:
            self.guests[guest_id] = step.guest
            if step.wake_at is not None:
                self.wakes[guest_id] = step.wake_at
        answer: dict[str, Any] = {"record": record, "guest": guest_id, "became": step.became}
        if step.owed:
            answer["owed"] = [_named(as_read(owed)) for owed in step.owed]
        if step.set_aside:
            answer["set_aside"] = [
                {**_plain(aside), "record": aside.record is not None} for aside in step.set_aside
            ]
        self.answers.append(answer)


def _named(owed: Owed) -> dict[str, Any]:
    return {type(owed).__name__: _plain(owed)}


def _plain(value: Any) -> Any:
    """With the names of fields, for people."""
    if is_dataclass(value):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value) if one.compare}
    if isinstance(value, Position):
        return str(value)
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return {name: _plain(one) for name, one in value._asdict().items()}
    return [_plain(one) for one in value] if isinstance(value, tuple) else value


def _answers(topic: Path) -> bytes:
    partition = Partition()
    timestamp = Instant(0)
    with topic.open("rb") as lines:
        for _, event in ndjson.read(lines):
            timestamp = max(timestamp, event.occurred_at)
            partition.read(event, timestamp)
    partition.pass_until(later(timestamp, _QUIET_S))
    encoded = msgspec.json.Encoder(decimal_format="string").encode(partition.answers)
    return msgspec.json.format(encoded, indent=1) + b"\n"


@pytest.mark.parametrize("topic", sorted(TOPICS.glob("*.ndjson")), ids=lambda path: path.stem)
def test_a_topic_is_owed_as_written(topic: Path) -> None:
    """A change of any decision shows in a file that people can read."""
    expected = topic.with_suffix(".owed.json")
    answers = _answers(topic)
    if os.environ.get("UPDATE_GOLDEN") == "1":
        expected.write_bytes(answers)

    assert answers.decode() == expected.read_text()


def test_there_are_topics() -> None:
    """A glob that finds nothing proves nothing."""
    assert len(list(TOPICS.glob("*.ndjson"))) >= 6
