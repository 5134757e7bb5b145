"""What the worker shows of itself, as dashboards and alerts read it."""

import subprocess
import sys

from prometheus_client import REGISTRY

from pipeline.settings import DeliverSettings
from pipeline.sitecore.outcome import NoAnswer, NotSent, Reply
from pipeline.sitecore.request import Request, SendEvent
from tests.fakes import http_answer
from tests.unit.deliver.views import browser_of, view
from tests.unit.deliver.virtual_time import DAWN_MS
from tests.unit.deliver.world import TOPIC, Member, World, passes, run

SETTINGS = DeliverSettings()


def shown(name: str, **labels: str) -> float | None:
    """A sample as it is scraped; None: there is none."""
    return REGISTRY.get_sample_value(name, labels)


def backlog(partition: int = 0) -> float | None:
    """What is not done of a partition."""
    return shown("pipeline_backlog_records", topic=TOPIC, partition=str(partition))


def oldest() -> float | None:
    """Since when the oldest record waits."""
    return shown("pipeline_oldest_pending_timestamp_seconds", worker="deliver")


def test_one_stuck_guest_is_a_backlog_of_one() -> None:
    """Else a message that fails for a day looks like a worker that does."""

    async def scenario(world: World) -> None:
        def reply(request: Request) -> Reply:
            assert isinstance(request, SendEvent)
            stuck = request.message["browser_id"] == browser_of("a")
            return http_answer(502, b"") if stuck else http_answer()

        world.reply = reply
        world.owe(view("a", 1), *(view("b", number) for number in range(20)))
        Member(world, SETTINGS)
        await passes(30)

        assert len(world.views(browser_of("b"))) == 20
        assert backlog() == 1
        assert oldest() == DAWN_MS / 1000

    run(scenario)


def test_what_is_done_is_no_backlog_and_not_pending() -> None:
    """An idle worker is on time."""

    async def scenario(world: World) -> None:
        world.owe(view("a", 1))
        Member(world, SETTINGS)
        await passes(5)

        assert backlog() == 0
        assert oldest() == 0

    run(scenario)


def test_a_partition_that_has_gone_is_not_shown() -> None:
    """Two members would count its backlog."""

    async def scenario(world: World) -> None:
        world.owe(view("a", 1))
        member = Member(world, SETTINGS)
        await passes(5)
        assert backlog() is not None
        member.kafka.revoke(0)
        await passes(5)

        assert backlog() is None

    run(scenario)


def partitions() -> tuple[float | None, float | None]:
    """How many are at work, and how many wait."""
    states = (shown("pipeline_partitions", state=state) for state in ("at_work", "waiting"))
    return next(states), next(states)


def test_a_partition_without_an_acknowledged_commit_is_not_at_work() -> None:
    """It shows neither backlog nor age of what nobody may send: this number must tell."""

    async def scenario(world: World) -> None:
        world.fails_commit = lambda: True
        Member(world, SETTINGS)
        await passes(5)
        assert partitions() == (0, 1)

        world.fails_commit = lambda: False
        await passes(5)
        assert partitions() == (1, 0)

    run(scenario)


def test_what_is_remembered_of_guests_is_counted() -> None:
    """It lies in memory, and must not fill it unseen."""

    async def scenario(world: World) -> None:
        world.owe(view("a", 1), view("b", 1), view("a", 2))
        Member(world, SETTINGS)
        await passes(5)

        values = [value for key, value in world.deliveries[0].items() if key in {b"a", b"b"}]
        assert shown("pipeline_ledger_guests") == 2
        assert shown("pipeline_ledger_bytes") == sum(map(len, values))

    run(scenario)


def test_a_repeat_is_told_with_what_it_repeats() -> None:
    """Without a crash there is a reason too, and a person must be able to find it."""

    def told() -> list[float]:
        attempts, repeats = "pipeline_attempts_total", "pipeline_possible_repeats_total"
        lost = shown(attempts, type="VIEW", outcome="unknown_connection_lost")
        return [lost or 0, shown(repeats, cause="unanswered") or 0]

    async def scenario(world: World) -> None:
        replies = iter([NoAnswer("connection_lost")])
        world.reply = lambda _: next(replies, http_answer())
        world.owe(view("a", 1))
        Member(world, SETTINGS)
        await passes(30)
        assert [repeat for _, _, repeat in world.sent] == [False, True]

    before = told()
    run(scenario)

    assert told() == [before[0] + 1, before[1] + 1]


def test_the_breaker_is_shown_before_it_ever_moves() -> None:
    """A board must not be empty until the first trouble."""
    code = (
        "from pipeline.metrics import deliver; from prometheus_client import generate_latest;"
        "print(generate_latest().decode())"
    )
    program = [sys.executable, "-c", code]
    told = subprocess.run(program, check=True, capture_output=True, text=True).stdout

    assert 'pipeline_breaker{state="closed"} 1.0' in told
    assert 'pipeline_breaker{state="outage"} 0.0' in told


def test_the_breaker_shows_one_state_of_three() -> None:
    """Requests leave in one way at a time."""

    async def scenario(world: World) -> None:
        world.reply = lambda _: NotSent("connect_failed")
        world.owe(*(view(f"g{i}", 1) for i in range(5)))
        Member(world, SETTINGS)
        await passes(10)

        states = [shown("pipeline_breaker", state=name) for name in ("closed", "outage", "held")]
        assert states == [0, 1, 0]

    run(scenario)
