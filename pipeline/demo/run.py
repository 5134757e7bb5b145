"""The demo from curtain to accounts."""

import random
import socket
import tempfile
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from pipeline.commerce.encode import encode
from pipeline.commerce.events import CommerceEvent
from pipeline.demo.account import Books, differences, letter_of
from pipeline.demo.day import Story, interleaved, orders_placed, shop_day
from pipeline.demo.show import show
from pipeline.demo.stage import COMMERCE, PAYMENT_WAIT_S, TOPICS, Stage, stage
from pipeline.errors import PipelineError
from pipeline.record import GuestId, Instant

PUBLISH_S = 8.0
"""How long the day takes to be published."""
PATIENCE_S = 45.0
"""How long the accounts may take to agree once all is published."""

_NOISE = b"this is not Avro"


class AccountsError(PipelineError):
    """The numbers do not add up: the demo has found a fault of the pipeline."""


def run(guests: int, seed: int) -> None:
    """Run a day of that many guests and show the accounts.

    Raises:
        UnavailableError: The workers did not start.
        AccountsError: The numbers do not add up; the message says where.
    """
    console = Console()
    console.print(
        f"A shop day of {guests} guests, on an embedded broker (librdkafka's mock cluster: it "
        "carries the demo and proves nothing about exactly once) and a sandbox in Sitecore's "
        "place, which is slow, throttles, and answers 502 to events that it has taken."
    )
    began = time.monotonic()
    day = shop_day(guests, seed=seed, ends_at=Instant(time.time_ns() // 1_000_000))
    with (
        tempfile.TemporaryDirectory(prefix="pipeline-demo-") as folder,
        console.status("starting both workers"),
        stage(Path(folder), _two_free_ports()) as running,
    ):
        books = _Run(running, day, console).books(seed)
    show(console, books, seconds=time.monotonic() - began)
    if found := differences(books):
        raise AccountsError("the numbers do not add up:\n" + "\n".join(found))


class _Run:
    """One day on a stage."""

    def __init__(self, running: Stage, day: list[Story], console: Console) -> None:
        self._stage = running
        self._day = day
        self._published = 0
        self._progress = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), console=console
        )
        self._bars: dict[str, TaskID] = {}

    def books(self, seed: int) -> Books:
        """Publish everything and wait until the accounts agree, or patience ends."""
        events = interleaved(self._day, random.Random(seed))  # noqa: S311 — reproducible
        late = [event for story in self._day for event in story.late]
        total = len(events) + len(late) + 1
        with self._progress:
            for name in ("published", "assembled", "delivered"):
                self._bars[name] = self._progress.add_task(f"events {name}", total=total)
            self._progress.update(
                self._bars["delivered"], total=None, description="messages delivered"
            )
            self._publish(events)
            self._stage.broker.publish(COMMERCE, GuestId("noise"), _NOISE)
            self._published += 1
            self._pause(PAYMENT_WAIT_S + 2)
            self._publish(late)
            self._stage.broker.flush()
            return self._settle()

    def _publish(self, events: list[CommerceEvent]) -> None:
        step_s = PUBLISH_S / max(1, len(events)) if len(events) > 100 else 0.0
        for event in events:
            self._stage.broker.publish(COMMERCE, event.guest_id, encode(event))
            self._published += 1
            time.sleep(step_s)
            if self._published % 50 == 0:
                self._look()

    def _pause(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            time.sleep(0.2)
            self._look()

    def _settle(self) -> Books:
        until = time.monotonic() + PATIENCE_S
        while True:
            self._pause(1.0)
            books = self._count()
            if not differences(books) or time.monotonic() > until:
                return books

    def _look(self) -> None:
        assembled, delivered = self._assembled().total(), self._finished().total()
        self._progress.update(self._bars["published"], completed=self._published)
        self._progress.update(self._bars["assembled"], completed=assembled)
        self._progress.update(self._bars["delivered"], completed=delivered)

    def _count(self) -> Books:
        self._look()
        requests = self._stage.shown("requests?limit=1000000")["requests"]
        orders = self._stage.shown("orders")["orders"]
        broker = self._stage.broker
        return Books(
            published=self._published,
            orders_placed=frozenset(orders_placed(self._day)),
            assembled=self._assembled(),
            owed=sum(1 for _ in broker.read(TOPICS.stream_events)),
            finished=self._finished(),
            arrived=Counter(order["reference_id"] for order in orders),
            marked=frozenset(r["reference"] for r in requests if r["possible_repeat"]),
            unseen=Counter(r["reason"] for r in requests if r["reason"]),
            answers=Counter(str(r["status"] or r["mishap"]) for r in requests),
            letters=tuple(letter_of(record) for record in broker.read(TOPICS.dead_letters)),
        )

    def _assembled(self) -> Counter[str]:
        return self._stage.records("assemble", COMMERCE)

    def _finished(self) -> Counter[str]:
        return self._stage.records("deliver", TOPICS.stream_events)


def _two_free_ports() -> int:
    """Find a port that is free together with the next one."""
    while True:
        with closing(socket.socket()) as first, closing(socket.socket()) as second:
            first.bind(("127.0.0.1", 0))
            port: int = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
            except (OSError, OverflowError):
                continue
            return port
